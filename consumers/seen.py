"""Telling what has been seen, for whoever cannot keep the checkpoint with the results.

A reader that stores its checkpoint after its results may get the last events again. By position
it knows them for certain, if its target can say the last position of each partition; by id it knows
as many as it remembers.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Protocol


class Identified(Protocol):
    """What is told apart: an event as it was received."""

    @property
    def id(self) -> str: ...

    @property
    def partition(self) -> int: ...

    @property
    def position(self) -> int: ...


class SeenPositions:
    """By the last position of each partition: exact, and a number a partition.

    Positions rise within a partition, so whatever is not above the last has been seen.
    """

    def __init__(self, last: Mapping[int, int] | None = None) -> None:
        """``last``: the highest position of each partition that the target holds already."""
        self.last = dict(last or {})

    def first_time(self, event: Identified) -> bool:
        """Whether it is new; it is not any more."""
        if event.position <= self.last.get(event.partition, -1):
            return False
        self.last[event.partition] = event.position
        return True


class SeenIds:
    """By event id, the last ``capacity`` of them: enough for as much as can come again."""

    def __init__(self, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._ids: OrderedDict[str, None] = OrderedDict()

    def first_time(self, event: Identified) -> bool:
        """Whether it is none of those remembered; it is one of them now."""
        new = event.id not in self._ids
        self._ids[event.id] = None
        self._ids.move_to_end(event.id)
        if len(self._ids) > self._capacity:
            self._ids.popitem(last=False)
        return new

    def __len__(self) -> int:
        return len(self._ids)
