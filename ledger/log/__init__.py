"""The log: one dense order over everything stored, and the feed that reads it in that order."""
