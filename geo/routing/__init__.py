"""Ways for people: to one place or the first of several, around hazards, and the least harmful one. Pure."""
