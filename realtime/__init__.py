"""The live edge: incident rooms over WebSocket and delivery to people."""
