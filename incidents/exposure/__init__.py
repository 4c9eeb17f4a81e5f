"""What people breathed: rolling doses per agent and person, from where they were and what the air held there."""
