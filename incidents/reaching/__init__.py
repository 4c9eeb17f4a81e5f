"""Reaching people: orders, and the ladder of facts about each one on its way."""
