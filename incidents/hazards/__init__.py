"""Hazards of a site: drawn by people, grown from alarms, forecast; what ways avoid and rooms show."""
