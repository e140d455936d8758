"""Membership in a consumer group: Kafka's word on which partitions are whose, and no more.

The member never fetches: a thread of its own keeps it alive and hears of changes, while the worker
reads from where its views stand. A partition that is taken away is given up only when the worker
has written what it holds, or after half a session; who is slower than that loses nothing but
time, since the views' database refuses a second writer of a place. Members are not named (static):
this client does not tell one whose name another has taken, and it would stay a member for ever
that gets nothing.
"""

import logging
import threading
from types import TracebackType
from typing import Any, Self

from consumers.connection import KafkaSettings

SESSION_S = 10.0
"""A member that is silent for so long has lost its partitions to the others."""
_HEARTBEATS = 5
"""How many a session has at least: some may be late."""
_HEARTBEAT_MS = 500
"""And most between two: their answers tell a member that partitions are to be given up."""
_POLL_MS = 500
_JOIN_S = 30.0


class Membership:
    """One member. :meth:`changed` and :meth:`settled` are for one other thread."""

    def __init__(
        self,
        kafka: KafkaSettings,
        group: str,
        topic: str,
        *,
        session_s: float = SESSION_S,
    ) -> None:
        """``session_s``: after so long a silence the others have the partitions."""
        self._settings = (kafka, group, topic)
        self._session_s = session_s
        self._lock = threading.Lock()
        self._mine: frozenset[int] = frozenset()
        self._told: frozenset[int] | None = None
        self._settled = threading.Event()
        self._settled.set()
        self._stop = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"group {group}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._settled.set()
        self._thread.join(_JOIN_S)

    @property
    def failed(self) -> bool:
        """Whether it has ended by itself; :meth:`changed` raises what ended it."""
        with self._lock:
            return self._failed is not None

    def changed(self) -> frozenset[int] | None:
        """The partitions that are ours, if that is something new; then call :meth:`settled`.

        Raises what ended the membership.
        """
        with self._lock:
            if self._failed is not None:
                raise self._failed
            if self._mine == self._told:
                return None
            self._told = self._mine
            return self._mine

    def settled(self) -> None:
        """What was taken away is written and given up."""
        with self._lock:
            if self._mine == self._told:
                self._settled.set()

    def _run(self) -> None:
        try:
            consumer = self._consumer()
            try:
                while not self._stop.is_set():
                    consumer.poll(_POLL_MS)
            finally:
                consumer.close(autocommit=False)
        except Exception as error:  # told to the worker, which ends with it
            with self._lock:
                self._failed = error

    def _consumer(self) -> Any:
        from kafka import ConsumerRebalanceListener, KafkaConsumer
        from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

        kafka, group, topic = self._settings
        assignor = CooperativeStickyAssignor()
        logging.getLogger("kafka.coordinator").setLevel(logging.ERROR)
        consumer = KafkaConsumer(
            **kafka.options(),
            group_id=group,
            partition_assignment_strategy=[assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=int(self._session_s * 1_000),
            heartbeat_interval_ms=min(_HEARTBEAT_MS, int(self._session_s * 1_000 / _HEARTBEATS)),
        )
        membership = self

        class Listener(ConsumerRebalanceListener):  # type: ignore[misc]
            def on_partitions_assigned(self, assigned: Any) -> None:
                consumer.pause(*assigned)
                membership._change(added=frozenset(p.partition for p in assigned))

            def on_partitions_revoked(self, revoked: Any) -> None:
                membership._change(gone=frozenset(p.partition for p in revoked))

            def on_partitions_lost(self, lost: Any) -> None:
                # The assignor would go on claiming them: who joins meanwhile were to get some once
                # we have given them up, which we have no more, and nobody would ever have them.
                assignor.member_assignment = None
                self.on_partitions_revoked(lost)

        consumer.subscribe([topic], listener=Listener())
        return consumer

    def _change(
        self, added: frozenset[int] = frozenset(), gone: frozenset[int] = frozenset()
    ) -> None:
        with self._lock:
            held = bool(gone & self._mine)
            self._mine = (self._mine - gone) | added
            if held:
                self._settled.clear()
        if held and not self._stop.is_set():
            # Less than a session: the client sends no heartbeat while it tells of a change.
            self._settled.wait(self._session_s / 2)
