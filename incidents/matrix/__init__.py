"""Cause-and-effect matrices: which alarm moves which machine, as versioned data that can be tried on the past."""
