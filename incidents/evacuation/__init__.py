"""Everybody's own way out of what a roll call empties: planned by room and hazard, told, and proven."""
