"""From a path through a network to what a person is told: numbered steps, their words, and where on them one is."""
