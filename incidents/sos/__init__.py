"""Calls for help from a phone, without a sound on it; and people who work alone, whose silence is such a call."""
