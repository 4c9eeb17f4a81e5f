"""Plans of places: buildings, levels, rooms, doors, stairs and lifts; read, checked, made into a walking network."""
