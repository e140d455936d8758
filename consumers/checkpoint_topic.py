"""Signed heads on Kafka: every head of a log once, in the order of sizes, key = the log's origin.

What is there is read from the topic itself, so that publishing again, after a kill or from another
process, sends nothing twice; two that publish at the same moment may send the same bytes twice,
which means the same to whoever reads. The last head is sent again when witnesses have cosigned it
since. A reader takes the newest record of a size.
"""

import time
from typing import Any

from consumers.acknowledged import AcknowledgedProducer, Patience, Telling
from consumers.connection import KafkaSettings, check_connection
from consumers.errors import KafkaRefused, TopicStalled
from consumers.offsets import ANSWER_S, end_offsets
from consumers.partitions import consumer_options
from consumers.topics import CHECKPOINTS
from ledger.store.heads import SignedHead
from ledger.store.store import Store
from ledger.verify.checkpoint import Checkpoint
from ledger.verify.note import NoteRefused, split_note

BATCH = 500
_FIRST_LOOK = 16
_FURTHER = 16
_POLL_MS = 1_000
_PATIENCE = Patience(block_ms=5_000, request_ms=10_000, delivery_ms=20_000)


class CheckpointTopic:
    """Where one log's heads are published. Not for two threads."""

    def __init__(self, kafka: KafkaSettings, origin: str, topic: str = CHECKPOINTS) -> None:
        self._kafka, self._origin, self._topic = kafka, origin, topic
        self._producer = AcknowledgedProducer(kafka, topic, _PATIENCE)
        self._last: bytes | None = None
        self._known = False

    def publish(self, store: Store) -> int:
        """Send what is not there yet; how many records that were.

        Raises :class:`KafkaRefused`, :class:`TopicStalled` and what :func:`check_connection`
        raises; then a later call goes on from what is there.
        """
        if not self._known:
            check_connection(self._kafka)
            self._last, self._known = self.last(), True
        sent = 0
        while heads := self._unsent(store):
            self._send(heads)
            sent += len(heads)
        return sent

    def last(self) -> bytes | None:
        """The newest note of this log on the topic.

        Raises :class:`KafkaRefused`, :class:`TopicStalled`.
        """
        from kafka import errors

        try:
            return self._newest()
        except errors.KafkaError as error:
            raise KafkaRefused(what=f"read {self._topic}", reason=str(error)) from error

    def close(self) -> None:
        """Give back the connection."""
        self._producer.close()

    def _newest(self) -> bytes | None:
        from kafka import KafkaConsumer, TopicPartition

        end = end_offsets(self._kafka, self._topic, committed=False)[0]
        part = TopicPartition(self._topic, 0)
        consumer = KafkaConsumer(**consumer_options(self._kafka))
        try:
            consumer.assign([part])
            back = _FIRST_LOOK
            while True:
                start = max(0, end - back)
                consumer.seek(part, start)
                found = [r.value for r in self._read(consumer, part, end)]
                if found:
                    return bytes(found[-1])
                if start == 0:
                    return None
                back *= _FURTHER
        finally:
            consumer.close()

    def _read(self, consumer: Any, part: Any, end: int) -> list[Any]:
        records: list[Any] = []
        deadline = time.monotonic() + ANSWER_S
        while consumer.position(part) < end:
            if time.monotonic() > deadline:
                raise TopicStalled(topic=self._topic, seconds=int(ANSWER_S), position=f"0@{end}")
            records += consumer.poll(_POLL_MS).get(part, ())
        return [r for r in records if r.key == self._origin.encode()]

    def _unsent(self, store: Store) -> list[SignedHead]:
        size = _size(self._last, self._topic)
        with store.heads() as heads:
            same = heads.at(size) if size else None
            further = heads.after(size, BATCH)
        again = [same] if same is not None and not further and same.cosigned != self._last else []
        return again + further

    def _send(self, heads: list[SignedHead]) -> None:
        from kafka import errors

        try:
            self._producer.send(
                Telling(self._origin, h.cosigned, [("size", b"%d" % h.size)], h.signed)
                for h in heads
            )
        except errors.KafkaError as error:
            self._known = False
            raise KafkaRefused(what=f"write {self._topic}", reason=str(error)) from error
        self._last = heads[-1].cosigned


def _size(note: bytes | None, topic: str) -> int:
    if note is None:
        return 0
    try:
        return Checkpoint.parse(split_note(note)[0]).size
    except NoteRefused as error:
        raise KafkaRefused(what=f"read {topic}", reason=str(error)) from error
