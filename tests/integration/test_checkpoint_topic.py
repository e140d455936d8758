"""Signed heads on a real broker: each once, in order, whoever publishes and however often."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition

from consumers.checkpoint_topic import CheckpointTopic
from consumers.connection import KafkaSettings
from consumers.errors import KafkaRefused
from consumers.topics import CHECKPOINTS
from ledger.store.heads import SignedHead
from ledger.store.sqlite import SQLiteStore
from ledger.verify.checkpoint import Checkpoint
from tests.kafka_logs import KafkaLog, kafka_log
from tests.signing import log_key, note, witness_key

TIME = "2017-05-01T12:00:00.000000Z"
LOG, WITNESS = log_key(), witness_key()


@pytest.fixture
def log(kafka: KafkaSettings) -> KafkaLog:
    return kafka_log(kafka)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteStore]:
    made = SQLiteStore(tmp_path / "ledger.db")
    yield made
    made.close()


def topic(log: KafkaLog, origin: str = LOG.name) -> CheckpointTopic:
    return CheckpointTopic(log.kafka, origin, f"{log.name}.{CHECKPOINTS}")


def sign(store: SQLiteStore, *sizes: int) -> None:
    with store.heads(write=True) as heads:
        for size in sizes:
            head = Checkpoint(LOG.name, size, bytes(32))
            heads.put(SignedHead(size, note(head, [LOG]), TIME))


def cosign(store: SQLiteStore, size: int) -> None:
    with store.heads(write=True) as heads:
        text = Checkpoint(LOG.name, size, bytes(32)).text()
        heads.put_cosignature(size, str(WITNESS.verifier), WITNESS.line(text))


def records(log: KafkaLog) -> list[Any]:
    part = TopicPartition(f"{log.name}.{CHECKPOINTS}", 0)
    consumer = KafkaConsumer(**log.kafka.options(), enable_auto_commit=False)
    consumer.assign([part])
    consumer.seek(part, 0)
    end = consumer.end_offsets([part])[part]
    found: list[Any] = []
    while consumer.position(part) < end:
        found += consumer.poll(1_000).get(part, [])
    consumer.close()
    return found


def publish(log: KafkaLog, store: SQLiteStore, origin: str = LOG.name) -> int:
    """By somebody who knows nothing of the last time."""
    mine = topic(log, origin)
    try:
        return mine.publish(store)
    finally:
        mine.close()


def test_every_head_is_published_once_and_again_when_it_is_cosigned(
    log: KafkaLog, store: SQLiteStore
) -> None:
    assert publish(log, store) == 0
    sign(store, *range(1, 41))
    cosign(store, 7)
    assert publish(log, store) == 40
    assert publish(log, store) == 0
    cosign(store, 40)
    assert publish(log, store) == 1
    sign(store, 41)
    assert publish(log, store) == 1
    assert publish(log, store) == 0
    found = records(log)
    assert [dict(r.headers)["size"] for r in found] == [b"%d" % n for n in (*range(1, 41), 40, 41)]
    assert {r.key for r in found} == {LOG.name.encode()}
    with store.heads() as heads:
        assert found[6].value == heads.at(7).cosigned
        assert found[40].value == heads.at(40).cosigned
        assert found[39].value == heads.at(40).note
    assert {r.timestamp for r in found} == {1_493_640_000_000}


def test_logs_share_a_topic_and_what_is_no_checkpoint_is_not_built_on(
    log: KafkaLog, store: SQLiteStore
) -> None:
    from kafka import KafkaProducer

    sign(store, 5)
    assert publish(log, store) == 1
    assert publish(log, store, origin="urn:test:other") == 1
    producer = KafkaProducer(**log.kafka.options())
    mine = topic(log)
    producer.send(f"{log.name}.{CHECKPOINTS}", key=LOG.name.encode(), value=b"nonsense").get(20)
    producer.close(timeout=5)
    with pytest.raises(KafkaRefused, match="no signatures"):
        mine.publish(store)
    mine.close()
