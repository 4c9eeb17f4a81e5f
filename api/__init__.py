"""The HTTP edge: thin handlers, one file a domain."""
