"""Records sent outside any transaction, each of which the brokers have acknowledged.

For topics that tell others of something, at least once: whoever sends marks what is told only
after :meth:`AcknowledgedProducer.send` came back, and sends again what it never marked.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from consumers.connection import KafkaSettings
from consumers.records import timestamp_ms
from consumers.transactions import closed

Header = tuple[str, bytes]


class Telling(NamedTuple):
    """A record to send. ``time`` is an RFC 3339 text as events have it."""

    key: str
    value: bytes
    headers: list[Header]
    time: str


class Patience(NamedTuple):
    """How long is waited, in milliseconds: for room to send, for one answer, for delivery.

    For the first answer of a producer that is made anew as long as for any.
    """

    block_ms: int
    request_ms: int
    delivery_ms: int


class AcknowledgedProducer:
    """Sends to one topic. Connects when it first sends; not for two threads."""

    def __init__(self, kafka: KafkaSettings, topic: str, patience: Patience) -> None:
        self._kafka, self._topic, self._patience = kafka, topic, patience
        self._producer: Any = None

    def send(self, tellings: Iterable[Telling]) -> None:
        """Come back when every record is acknowledged. Raises kafka-python's errors.

        A producer that failed is given up: kafka-python's sends nothing more once a batch of its
        has expired.
        """
        from kafka import errors

        try:
            self._send(tellings)
        except errors.KafkaError:
            self.close()
            raise

    def _send(self, tellings: Iterable[Telling]) -> None:
        from kafka import KafkaProducer

        if self._producer is None:
            self._producer = KafkaProducer(
                **self._kafka.options(),
                acks="all",
                enable_idempotence=True,
                allow_auto_create_topics=False,
                bootstrap_timeout_ms=self._patience.request_ms,
                max_block_ms=self._patience.block_ms,
                request_timeout_ms=self._patience.request_ms,
                delivery_timeout_ms=self._patience.delivery_ms,
            )
        futures = [
            self._producer.send(
                self._topic,
                key=telling.key.encode(),
                value=telling.value,
                headers=telling.headers,
                timestamp_ms=timestamp_ms(telling.time.encode()),
            )
            for telling in tellings
        ]
        for future in futures:
            future.get(timeout=self._patience.delivery_ms / 1_000)

    def close(self) -> None:
        """Give back the connection; a later send makes another one."""
        if self._producer is not None:
            closed(self._producer)
            self._producer = None
