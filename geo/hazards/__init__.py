"""Hazards: where it is dangerous, when, how much; grown or forecast; and what that does to a walking network."""
