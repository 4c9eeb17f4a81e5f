"""One module a role: what a process of it runs."""
