"""The plans that come with Muster, one file each: data, in both languages, every step with its source.

A change of a plan's content is a new version of it: incidents keep the version they were bound from. Sentences are short
and say one thing to do, for whoever is frightened.
"""
