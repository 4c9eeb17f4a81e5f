"""Ways of people to where an order sends them: found, told, followed, and found anew as hazards move."""
