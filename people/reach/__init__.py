"""Whether and how people can be reached: their phones' readiness, other addresses, quiet times, tests."""
