"""Embedded engines: PostgreSQL and an MQTT broker as child processes, for one machine with nothing installed."""
