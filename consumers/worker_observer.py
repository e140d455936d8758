"""Who is told what a projection worker does: for metrics, for notes, or nobody."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from ledger.domain.errors import LedgerError
from projections.places import Parked, Place


class WorkerObserver(Protocol):
    """Told what a worker does, in its own thread; for metrics and notes."""

    def assigned(self, partitions: Sequence[int]) -> None:
        """These partitions are the worker's now."""
        ...

    def flushed(self, partition: int, events: int, place: Place, seconds: float) -> None:
        """So many events of a partition are in the views, up to this place."""
        ...

    def parked(self, event: Parked) -> None:
        """An event waits, and its subject with it."""
        ...

    def moved(self, partition: int) -> None:
        """A flush was given up: the stored place was another's."""
        ...

    def behind(
        self, partition: int, offsets: Mapping[str, int], recorded: str | None, age_s: float
    ) -> None:
        """How many offsets each view has left, about once a second.

        ``recorded`` is the recorded time of the last event stored of the partition, ``age_s`` how
        long ago the brokers were asked where it ends: they may have been away since.
        """
        ...

    def waiting(self, events: Mapping[str, int]) -> None:
        """How many events of all partitions are parked in each view, now and then."""
        ...

    def unreadable(self, reason: str) -> None:
        """The brokers did not give what was asked for; it is asked for again."""
        ...

    def interrupted(self, error: LedgerError, delay_s: float) -> None:
        """Something failed; the worker begins again after ``delay_s``."""
        ...


class Unobserved:
    """Nobody is told."""

    def assigned(self, partitions: Sequence[int]) -> None:
        pass

    def flushed(self, partition: int, events: int, place: Place, seconds: float) -> None:
        pass

    def parked(self, event: Parked) -> None:
        pass

    def moved(self, partition: int) -> None:
        pass

    def behind(
        self, partition: int, offsets: Mapping[str, int], recorded: str | None, age_s: float
    ) -> None:
        pass

    def waiting(self, events: Mapping[str, int]) -> None:
        pass

    def unreadable(self, reason: str) -> None:
        pass

    def interrupted(self, error: LedgerError, delay_s: float) -> None:
        pass
