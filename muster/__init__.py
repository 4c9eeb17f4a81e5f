"""The front door: command line, wiring of processes, embedded engines."""
