"""The write side: decisions become immutable events in an event store, in one order."""
