"""Room fan-out: deliveries per server CPU-second with 1,000 sockets in one room, against peers and a floor."""
