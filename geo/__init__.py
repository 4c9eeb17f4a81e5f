"""Pure geometry over GeoJSON polygons and levels."""
