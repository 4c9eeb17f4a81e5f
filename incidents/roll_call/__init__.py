"""Evacuations and their roll calls: everyone accounted for, counted offline too, and merged without conflict."""
