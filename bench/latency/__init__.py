"""From a device's publish to the order on an open socket and to the command on the wire."""
