"""Plans: what to do, who does it, which actuators move; bound to a place and a moment."""
