"""Logs on a real broker: topics of their own, relayed to the end or written by hand."""

import threading
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from kafka import KafkaProducer

from consumers.batches import made_records
from consumers.connection import KafkaSettings
from consumers.kafka_feed import KafkaFeed
from consumers.reconcile import Finding, reconcile
from consumers.records import EventRecord
from consumers.relay import Limits, Relay
from consumers.topics import DEAD_LETTERS, EVENTS, RELAY, TOPICS, create_topics
from ledger.log.feed import Feed, Record
from tests.histories import History, history

SMALL = Limits(events=10)
"""Many transactions of a small log."""


class KafkaLog(NamedTuple):
    """A log's own topics on a broker."""

    kafka: KafkaSettings
    name: str

    @property
    def events(self) -> str:
        return f"{self.name}.{EVENTS}"

    @property
    def state(self) -> str:
        return f"{self.name}.{RELAY}"

    @property
    def dead_letters(self) -> str:
        return f"{self.name}.{DEAD_LETTERS}"

    def relay(self, feed: Feed, **options: Any) -> Relay:
        options = {"limits": SMALL, **options}
        return Relay(feed, self.kafka, self.name, events=self.events, state=self.state, **options)

    def relay_once(self, feed: Feed, **options: Any) -> None:
        """Relay all that the feed holds now."""
        self.relay(feed, **options).run(threading.Event(), once=True)

    def feed(self, **options: Any) -> KafkaFeed:
        return KafkaFeed(self.kafka, topic=self.events, **options)

    def findings(self, feed: Feed) -> list[Finding]:
        """All that reconciling finds."""
        found: list[Finding] = []
        reconcile(feed, self.kafka, found.append, topic=self.events)
        return found


def kafka_log(kafka: KafkaSettings, partitions: int = 3) -> KafkaLog:
    """New topics that no other test knows."""
    name = uuid.uuid4().hex
    own = [replace(topic, name=f"{name}.{topic.name}") for topic in TOPICS]
    create_topics(kafka, partitions=partitions, topics=own)
    return KafkaLog(kafka, name)


def told(events: int) -> History:
    """A history of so many events about a few persons each of whom comes again and again."""
    h = history()
    for i in range(events):
        if i < 12:
            h.person(f"p{i}")
        else:
            h.account(f"p{i % 12}", f"a{i}")
    return h


def records_of(log: Sequence[Record], partitions: int) -> list[EventRecord]:
    """A log as the relay writes it."""
    return made_records(log, [-1] * partitions)


def write(kafka: KafkaSettings, topic: str, records: Sequence[EventRecord]) -> None:
    """Records as they are, without a transaction: what only an intruder or a defect would do."""
    producer = KafkaProducer(**kafka.options())
    sent = [
        producer.send(
            topic,
            value=record.value,
            key=record.key,
            headers=record.headers,
            partition=record.partition,
            timestamp_ms=record.timestamp_ms,
        )
        for record in records
    ]
    for future in sent:
        future.get(timeout=20)
    producer.close(timeout=5)


def aborted(kafka: KafkaSettings, topic: str, records: Sequence[EventRecord]) -> None:
    """The same records in a transaction that is flushed and then aborted."""
    producer = KafkaProducer(**kafka.options(), transactional_id=uuid.uuid4().hex)
    producer.init_transactions()
    producer.begin_transaction()
    for record in records:
        producer.send(
            topic,
            value=record.value,
            key=record.key,
            headers=record.headers,
            partition=record.partition,
        )
    producer.flush(timeout=20)
    producer.abort_transaction()
    producer.close(timeout=5)


PARTITIONS = 3


@pytest.fixture
def log(kafka: KafkaSettings) -> KafkaLog:
    return kafka_log(kafka, PARTITIONS)
