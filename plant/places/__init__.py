"""Plans of places: stored in versions, checked, published, served."""
