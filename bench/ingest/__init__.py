"""Messages a second through broker, gateway and PostgreSQL, against a floor without rules; cost as sensors grow."""
