"""What tells others goes on after the brokers were away, with a producer that can."""

from typing import Any

import kafka
import pytest
from kafka import errors

from consumers.acknowledged import AcknowledgedProducer, Patience, Telling
from consumers.connection import KafkaSettings

PATIENCE = Patience(block_ms=1, request_ms=1, delivery_ms=2)
TOLD = Telling("p1", b"v", [], "2017-01-01T00:00:00.000000Z")


class Brokers:
    """Brokers that are away or there, and the producers that were made for them."""

    def __init__(self) -> None:
        self.away = False
        self.made: list[Producer] = []

    def producer(self, *, bootstrap_timeout_ms: int, **_options: Any) -> "Producer":
        """Of one that is made while they are away they would hear for half a minute by default."""
        assert bootstrap_timeout_ms == PATIENCE.request_ms
        self.made.append(Producer(self))
        return self.made[-1]


class Producer:
    """As kafka-python's idempotent one: after a batch has expired, every later one does."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._expired = self.closed = False

    def send(self, *_: Any, **__: Any) -> "Producer":
        self._expired = self._expired or self._brokers.away
        return self

    def get(self, timeout: float) -> None:
        if self._expired:
            raise errors.KafkaTimeoutError(f"{timeout} s")

    def close(self, timeout: float) -> None:
        self.closed = True


def test_a_producer_whose_batch_expired_sends_nothing_more_and_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    brokers = Brokers()
    monkeypatch.setattr(kafka, "KafkaProducer", brokers.producer)
    telling = AcknowledgedProducer(KafkaSettings(("nowhere:1",)), "topic", PATIENCE)
    telling.send([TOLD])
    brokers.away = True
    for _ in range(2):
        with pytest.raises(errors.KafkaTimeoutError):
            telling.send([TOLD])
    brokers.away = False
    telling.send([TOLD])
    telling.send([TOLD])
    assert [one.closed for one in brokers.made] == [True, True, False]
    telling.close()
    assert brokers.made[-1].closed
