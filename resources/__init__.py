"""What helps in an emergency: safety equipment, where it is and what state it is in."""
