"""Alarms: the ISA-18.2 machine, limits with their sources, rules and their states."""
