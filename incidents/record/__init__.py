"""The record of an incident: what happened, in order, provably unchanged."""
