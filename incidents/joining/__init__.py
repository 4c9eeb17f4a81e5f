"""Incidents that turn out to be one are merged; an incident that turns out to be two is split."""
