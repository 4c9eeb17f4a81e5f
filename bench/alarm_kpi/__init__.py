"""KPIs of the alarm system over ten million alarm events."""
