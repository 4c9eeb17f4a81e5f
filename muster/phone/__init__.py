"""A phone in the terminal: a real client over HTTP sign-in and the live socket."""
