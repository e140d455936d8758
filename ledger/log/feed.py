"""The feed: the log as batches of (position, bytes), whoever carries it.

A projection reads a feed and knows nothing of where it comes from. Positions are dense and start
at 0; a feed never skips, repeats or reorders one. Two implementations are foreseen, the event
store's own log and Kafka; one conformance test runs on every implementation.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

Record = tuple[int, bytes]
"""A position and the event's canonical bytes."""


class Feed(Protocol):
    """Reads the log in position order."""

    def end(self) -> int:
        """The number of events in the log now: one more than the last position."""
        ...

    def read(self, start: int, stop: int | None = None) -> Iterator[Sequence[Record]]:
        """Batches from position ``start`` up to but excluding ``stop`` (None: the end now)."""
        ...
