"""The contract with readers of the log: one JSON Schema for each event type and version."""
