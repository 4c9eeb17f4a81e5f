"""Drills: any plan on the real path with its outputs held back, and a score afterwards."""
