"""What the signer and the witness say of themselves, turned into metrics.

Apart from :mod:`ops.observing`, since a witness's machine has neither Kafka nor views.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from ledger.domain.errors import LedgerError
from ledger.log.signer import Signed, Signer
from ledger.store.heads import SignedHead
from ops.checkpointing import PASSING, Observer
from ops.metrics import Metrics
from ops.witness.memory import Memory
from ops.witness.office import OK, STATUSES


class SigningMetrics:
    """An :class:`~ops.checkpointing.Observer` that counts and passes on."""

    def __init__(
        self,
        metrics: Metrics,
        then: Observer,
        signer: Signer,
        heads: Sequence[SignedHead],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``heads`` are the newest that were signed before, ascending."""
        self._metrics, self._then, self._signer, self._now = metrics, then, signer, now
        for gauge in (metrics.signing_looked, metrics.signed_time, metrics.final_time):
            gauge.set(now())
        metrics.witnesses_needed.set(signer.policy.k)
        for error in PASSING:
            metrics.signings_refused.labels(code=error.code)
        for key in signer.policy.witnesses:
            metrics.cosigned_size.labels(witness=key.name).set(0)
            metrics.cosignatures.labels(witness=key.name)
        self._cosigned: set[tuple[str, int]] = set()
        for head in heads:
            self._show(head, counted=False)

    def looked(self, size: int) -> None:
        self._metrics.signing_log_events.set(size)
        self._metrics.signing_looked.set(self._now())
        self._then.looked(size)

    def signed(self, signed: Signed, final: bool) -> None:
        self._show(signed.head, counted=True)
        self._then.signed(signed, final)

    def failed(self, error: LedgerError, again_in_s: float) -> None:
        self._metrics.signing_looked.set(self._now())
        self._metrics.signings_refused.labels(code=error.code).inc()
        self._then.failed(error, again_in_s)

    def _show(self, head: SignedHead, *, counted: bool) -> None:
        opened = self._signer.opened(head)
        metrics, at = self._metrics, datetime.fromisoformat(head.signed).timestamp()
        metrics.signed_size.set(head.size)
        metrics.signed_time.set(at)
        if self._signer.policy.final(opened):
            metrics.final_size.set(head.size)
            metrics.final_time.set(at)
        for cosignature in opened.cosignatures:
            name = cosignature.key.name
            metrics.cosigned_size.labels(witness=name).set(head.size)
            if counted and (name, head.size) not in self._cosigned:
                metrics.cosignatures.labels(witness=name).inc()
            self._cosigned.add((name, head.size))


class WitnessMetrics:
    """Counts a witness's answers, and shows what it holds."""

    def __init__(self, metrics: Metrics, memory: Memory) -> None:
        self._metrics, self._memory = metrics, memory
        for status in STATUSES:
            metrics.witness_answers.labels(status=str(status))
        self._show()

    def answered(self, status: int) -> None:
        """Told of every answer, in the thread that gives it."""
        self._metrics.witness_answers.labels(status=str(status)).inc()
        if status == OK:
            self._show()

    def _show(self) -> None:
        for held in self._memory.heads():
            self._metrics.witness_size.labels(origin=held.origin).set(held.size)
            self._metrics.witness_time.labels(origin=held.origin).set(held.time)
