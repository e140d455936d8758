"""Telling others: every parked event on a topic, at least once, after it was parked.

The views' database says what waits; the topic is for whoever wants to hear of it. A parked event
is marked once its record is acknowledged: a worker that dies in between, or a partition that has a
new worker meanwhile, sends it again. An event that is tried again and fails is told again.
"""

import time
from collections.abc import Iterable

from consumers.acknowledged import AcknowledgedProducer, Header, Patience, Telling
from consumers.connection import KafkaSettings
from consumers.errors import KafkaRefused
from consumers.records import attributes, event_record
from ledger.domain.errors import NotCanonical
from projections import places
from projections.database import ViewDatabase
from projections.places import Parked

BATCH = 500
"""Parked events read, sent and marked together."""
_ROUNDS = 20
"""Batches at a time: a worker has other work too."""
_AGAIN_S = 30.0
"""After the brokers could not be reached, the worker goes on for so long before trying again."""
_PATIENCE = Patience(block_ms=2_000, request_ms=5_000, delivery_ms=10_000)


class DeadLetterTopic:
    """Where the workers of one view database tell what they parked. Not for two threads."""

    def __init__(self, kafka: KafkaSettings, database: ViewDatabase, name: str) -> None:
        self.name = name
        self._database = database
        self._producer = AcknowledgedProducer(kafka, name, _PATIENCE)
        self._not_before = 0.0

    def produce(self, partitions: Iterable[int]) -> int:
        """Send what of these partitions' parked events was not sent yet; how many that were.

        Brokers that are away are no error: what is not marked is sent at a later call. Raises
        :class:`KafkaRefused` when they do not take it.
        """
        mine, sent = list(partitions), 0
        if not mine or time.monotonic() < self._not_before:
            return 0
        for _ in range(_ROUNDS):
            with self._database.read() as connection:
                events = places.unproduced(connection, mine, BATCH)
            if not events:
                break
            if not self._sent(events):
                self._not_before = time.monotonic() + _AGAIN_S
                break
            with self._database.share() as connection:
                places.produced(connection, events)
            sent += len(events)
        return sent

    def close(self) -> None:
        """Give back the connection; what was not acknowledged is sent by whoever comes next."""
        self._producer.close()

    def _sent(self, events: list[Parked]) -> bool:
        """Whether every record was acknowledged."""
        from kafka import errors

        try:
            self._producer.send(
                Telling(e.subject, e.value, headers(e), e.parked_at) for e in events
            )
        except errors.KafkaError as error:
            if not error.retriable:
                raise KafkaRefused(what=f"write {self.name}", reason=str(error)) from error
            return False
        return True


def headers(event: Parked) -> list[Header]:
    """What stands beside a parked event: its own record's headers, and why and where it waits.

    ``reason`` is absent on an event that only waits behind another of its subject; ``id`` and
    ``type`` on one whose bytes are no event's.
    """
    told = [
        ("view", event.view.encode()),
        ("partition", b"%d" % event.partition),
        ("offset", b"%d" % event.offset),
        ("parked-at", event.parked_at.encode()),
    ]
    if event.reason is not None:
        told.append(("reason", event.reason.encode()))
    return [*_own(event), *told]


def _own(event: Parked) -> list[Header]:
    try:
        attributes(event.value)
    except NotCanonical:
        return [("position", b"%d" % event.position), ("previous", b"%d" % event.previous)]
    return event_record(event.position, event.value, event.previous, 1).headers
