"""What crosses the wire, as frozen msgspec Structs."""
