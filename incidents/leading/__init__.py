"""Leading an incident: one commander, objectives, resources, a board that shows how it stands."""
