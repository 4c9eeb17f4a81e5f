"""Forward-only SQL and the small runner that applies it once, in order, with checksums."""
