"""The loop that signs as the log grows: every so many events, or once in so many seconds.

It ends when it is told to, between two signatures. What passes (witnesses that are away, a store
that is busy) is told and tried again later and later; what an operator has to look at ends it:
a forked or shortened log, a missing key.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ledger.domain.errors import LedgerError
from ledger.log.errors import SigningContested, WitnessesMissing
from ledger.log.signer import Signed, Signer
from ledger.store.errors import StoreBusy, StoreUnreachable

LOOK_EVERY_S = 1.0
AGAIN_S = 5.0
AGAIN_MOST_S = 300.0
PASSING = (WitnessesMissing, StoreBusy, StoreUnreachable, SigningContested)


class Observer(Protocol):
    """Told what the loop does."""

    def looked(self, size: int) -> None:
        """The log has so many events now."""
        ...

    def signed(self, signed: Signed, final: bool) -> None: ...

    def failed(self, error: LedgerError, again_in_s: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """Sign after ``events`` new ones, or ``seconds`` after the last signature if there is any."""

    events: int
    seconds: float


def run(
    signer: Signer,
    log_size: Callable[[], int],
    pace: Pace,
    stop: threading.Event,
    observer: Observer,
) -> None:
    """Sign until told to stop. A head that is pending is shown to its witnesses again in time.

    Raises every :class:`LedgerError` that does not pass by itself.
    """
    size, final, last = 0, False, -pace.seconds
    delay_s = AGAIN_S
    wait_s = 0.0
    while not stop.wait(wait_s):
        wait_s = min(LOOK_EVERY_S, pace.seconds)
        try:
            grown = (end := log_size()) - size
            observer.looked(end)
            late = time.monotonic() - last >= pace.seconds
            if not (grown >= pace.events or (late and (grown > 0 or not final))):
                continue
            if size + grown == 0:
                continue
            signed = signer.sign()
            size, final = signed.head.size, signer.final(signed.head)
        except PASSING as error:
            wait_s, delay_s = delay_s, min(2 * delay_s, AGAIN_MOST_S)
            observer.failed(error, wait_s)
            continue
        last, delay_s = time.monotonic(), AGAIN_S
        observer.signed(signed, final)
