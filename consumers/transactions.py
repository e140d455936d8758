"""A transactional producer whose every step ends: kafka-python's own steps may wait for ever."""

import threading
from collections.abc import Callable
from typing import Any

from consumers.connection import KafkaSettings
from consumers.errors import RelayInterrupted
from consumers.partitions import RECONNECT_MS

BATCH_BYTES = 256 * 1024
REQUEST_BYTES = 4 * 1024 * 1024
LINGER_MS = 5
FENCING_S = 30.0
STEP_S = 30.0
"""How long the end of a transaction may take. A broker gives up on one after that, too."""
_CLOSE_S = 2.0


def producer_options(kafka: KafkaSettings) -> dict[str, Any]:
    """What the relay's producer is made with, but for its transactional id."""
    return {
        **kafka.options(),
        "acks": "all",
        "allow_auto_create_topics": False,
        "compression_type": "lz4",
        "batch_size": BATCH_BYTES,
        "linger_ms": LINGER_MS,
        "max_block_ms": int(FENCING_S * 1_000),
        "max_request_size": REQUEST_BYTES,
        "reconnect_backoff_max_ms": RECONNECT_MS,
        "transaction_timeout_ms": int(STEP_S * 1_000),
    }


def fencing_producer(kafka: KafkaSettings, transactional_id: str) -> Any:
    """A producer that has fenced every earlier one of its id and ended their open transactions.

    Raises kafka-python's errors.
    """
    from kafka import KafkaProducer

    producer = KafkaProducer(**producer_options(kafka), transactional_id=transactional_id)
    try:
        producer.init_transactions()
    except BaseException:
        closed(producer)
        raise
    return producer


def closed(producer: Any) -> None:
    """Close a producer in bounded time; an open transaction is left to whoever comes next."""
    from kafka import errors

    try:
        producer.close(timeout=_CLOSE_S)
    except errors.KafkaError:
        # What could not be sent ends its own way of closing before it has closed anything: the
        # thread would look for the brokers for as long as the process lives.
        producer._sender.force_close()
        producer._sender.join(_CLOSE_S)


def fenced(error: BaseException) -> bool:
    """Whether another producer of the same id has taken over, or the brokers gave up on this one.

    Once a producer knows, kafka-python says so only in the argument of a general error.
    """
    from kafka import errors

    fences = (errors.ProducerFencedError, errors.InvalidProducerEpochError)
    return isinstance(error, fences) or any(isinstance(arg, fences) for arg in error.args)


class Step:
    """A step of the producer under way in a thread of its own, so that its wait has an end."""

    def __init__(self, work: Callable[[], object], name: str) -> None:
        self._work = work
        self._name = name
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self._error = error

    def result(self, timeout_s: float = STEP_S) -> None:
        """Wait for the end. Raises what the step raised, :class:`RelayInterrupted` when late."""
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise RelayInterrupted(reason=f"{self._name}: > {timeout_s:.0f} s")
        if self._error is not None:
            raise self._error
