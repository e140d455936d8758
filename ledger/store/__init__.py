"""The event store: the eventsourcing library wired so that what it keeps is the event's bytes."""
