"""Alarms become incidents, plans, tasks, orders and their record."""
