"""Safety equipment: kept in stock, inspected, taken and put back; usable or not, and why."""
