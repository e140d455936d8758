"""Who is told what a relay does: for metrics, for notes, or nobody."""

from typing import Protocol

from consumers.relay_state import RelayState
from ledger.domain.errors import LedgerError


class RelayObserver(Protocol):
    """Told what the relay does, in its own thread; for metrics and notes."""

    def started(self, state: RelayState) -> None:
        """The relay has taken over and goes on after ``state.position``."""
        ...

    def looked(self, end: int) -> None:
        """The log has this many events now, each with its position."""
        ...

    def relayed(self, events: int, size: int, position: int) -> None:
        """So many events of ``size`` bytes are committed, the last of them at ``position``."""
        ...

    def interrupted(self, error: LedgerError, delay_s: float) -> None:
        """Something failed; the relay begins again after ``delay_s``."""
        ...


class Unobserved:
    """Nobody is told."""

    def started(self, state: RelayState) -> None:
        pass

    def looked(self, end: int) -> None:
        pass

    def relayed(self, events: int, size: int, position: int) -> None:
        pass

    def interrupted(self, error: LedgerError, delay_s: float) -> None:
        pass
