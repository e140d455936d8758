"""What the parts say of themselves, turned into metrics.

The ledger, the relay and a worker know only that someone is told (:class:`LedgerObserver`,
:class:`RelayObserver`, :class:`WorkerObserver`); these are the ones who count, and pass on what
they were told to whoever else listens.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from consumers.relay_observer import RelayObserver
from consumers.relay_state import RelayState
from consumers.worker_observer import WorkerObserver
from ledger.domain.errors import LedgerError
from ops.metrics import Metrics
from projections.database import ViewDatabase
from projections.errors import ViewUnreadable
from projections.places import Parked, Place
from projections.views.funds import TRIAL_BALANCE, Funds


class LedgerMetrics:
    """A :class:`~ledger.application.LedgerObserver` that counts."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def appended(self, types: Sequence[str], seconds: float) -> None:
        self._metrics.append_seconds.observe(seconds)
        for type, count in Counter(types).items():
            self._metrics.events_appended.labels(type=type).inc(count)

    def retried(self) -> None:
        self._metrics.transaction_retries.inc()


class RelayMetrics:
    """A :class:`RelayObserver` that counts and passes on."""

    def __init__(
        self,
        metrics: Metrics,
        then: RelayObserver,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._metrics = metrics
        self._then = then
        self._now = now
        self._position = self._end = -1
        metrics.relay_caught_up.set(now())

    def started(self, state: RelayState) -> None:
        self._position = state.position
        self._place()
        self._then.started(state)

    def looked(self, end: int) -> None:
        self._end = end
        self._metrics.sequencer_position.set(end - 1)
        self._metrics.sequencer_advanced.set(self._now())
        self._place()
        self._then.looked(end)

    def relayed(self, events: int, size: int, position: int) -> None:
        self._position = position
        self._metrics.relay_events.inc(events)
        self._metrics.relay_bytes.inc(size)
        self._metrics.relay_transactions.inc()
        self._place()
        self._then.relayed(events, size, position)

    def interrupted(self, error: LedgerError, delay_s: float) -> None:
        self._metrics.relay_restarts.labels(code=error.code).inc()
        self._metrics.kafka_errors.labels(component="relay", code=error.code).inc()
        self._then.interrupted(error, delay_s)

    def _place(self) -> None:
        lag = max(0, self._end - 1 - self._position)
        self._metrics.relay_position.set(self._position)
        self._metrics.relay_lag_events.set(lag)
        if self._end >= 0 and lag == 0:
            self._metrics.relay_caught_up.set(self._now())


class WorkerMetrics:
    """A :class:`WorkerObserver` that counts and passes on."""

    def __init__(
        self,
        metrics: Metrics,
        then: WorkerObserver,
        *,
        balance_fen: Callable[[], int | None] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``balance_fen`` asks the views for their trial balance, as often as for what waits.

        While it has None to say, what it said last is shown.
        """
        self._metrics = metrics
        self._then = then
        self._balance_fen = balance_fen
        self._now = now
        self._shown: set[tuple[str, str]] = set()

    def assigned(self, partitions: Sequence[int]) -> None:
        mine = {str(p) for p in partitions}
        for view, partition in [key for key in self._shown if key[1] not in mine]:
            # Another worker tells of it from now on.
            for gauge in (
                self._metrics.projection_lag_events,
                self._metrics.projection_lag_seconds,
                self._metrics.projection_caught_up,
            ):
                gauge.remove(view, partition)
            self._shown.discard((view, partition))
        self._then.assigned(partitions)

    def flushed(self, partition: int, events: int, place: Place, seconds: float) -> None:
        self._metrics.projection_events.labels(partition=str(partition)).inc(events)
        self._metrics.projection_flush_seconds.observe(seconds)
        self._then.flushed(partition, events, place, seconds)

    def moved(self, partition: int) -> None:
        self._metrics.projection_retries.inc()
        self._then.moved(partition)

    def parked(self, event: Parked) -> None:
        self._then.parked(event)

    def behind(
        self, partition: int, offsets: Mapping[str, int], recorded: str | None, age_s: float
    ) -> None:
        now = self._now()
        for view, left in offsets.items():
            key = (view, str(partition))
            age = 0.0
            if left and recorded is not None:
                age = max(0.0, now - datetime.fromisoformat(recorded).timestamp())
            self._metrics.projection_lag_events.labels(*key).set(left)
            self._metrics.projection_lag_seconds.labels(*key).set(age)
            if left == 0:
                self._metrics.projection_caught_up.labels(*key).set(now - age_s)
            elif key not in self._shown:
                self._metrics.projection_caught_up.labels(*key).set(now)
            self._shown.add(key)
        self._then.behind(partition, offsets, recorded, age_s)

    def waiting(self, events: Mapping[str, int]) -> None:
        for view, count in events.items():
            self._metrics.parked_events.labels(projection=view).set(count)
        if self._balance_fen is not None and (fen := self._balance_fen()) is not None:
            self._metrics.trial_balance.set(fen)
        self._then.waiting(events)

    def unreadable(self, reason: str) -> None:
        self._metrics.kafka_errors.labels(component="worker", code="topic-unreadable").inc()
        self._then.unreadable(reason)

    def interrupted(self, error: LedgerError, delay_s: float) -> None:
        self._metrics.kafka_errors.labels(component="worker", code=error.code).inc()
        self._then.interrupted(error, delay_s)


def trial_balance_fen(database: ViewDatabase) -> int | None:
    """Debits less credits over all accounts, in one look at what workers have stored.

    None when a rebuild took the place of what was looked at, and dropped it under the look.
    """
    generation = _live_funds(database)
    table = database.statements(TRIAL_BALANCE, generation).table
    total = sa.func.coalesce(sa.func.sum(table.c.balance_fen), 0)
    try:
        with database.read() as connection:
            return int(connection.execute(sa.select(total)).scalar_one())
    except ViewUnreadable:
        if _live_funds(database) == generation:
            raise
        return None


def _live_funds(database: ViewDatabase) -> int:
    with database.read() as connection:
        return database.live(connection)[Funds.name].generation


def rebuild_progress(
    metrics: Metrics, then: Callable[[int, int], None]
) -> Callable[[int, int], None]:
    """A progress that is shown as metrics too."""

    def progress(done: int, total: int) -> None:
        metrics.rebuild_done.set(done)
        metrics.rebuild_offsets.set(total)
        then(done, total)

    return progress
