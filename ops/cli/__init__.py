"""The command line: one module a group of commands, a session they share, and what they print."""
