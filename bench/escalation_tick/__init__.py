"""What a courier's look costs beside many open deliveries."""
