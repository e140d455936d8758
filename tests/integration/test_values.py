"""Both ways of decoding what was fetched give the same, whatever stands in the topic."""

from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecordBatch
from kafka.record.memory_records import MemoryRecordsBuilder

from consumers import batches, values
from consumers.connection import KafkaSettings
from consumers.partitions import PartitionReader, Start, consumer_options
from tests.kafka_logs import KafkaLog, aborted, kafka_log, records_of, told

PARTITIONS = 2


@pytest.fixture(scope="module")
def log(kafka: KafkaSettings) -> KafkaLog:
    """Batches written whole and record by record, aborted ones between, and foreign ones."""
    log = kafka_log(kafka, PARTITIONS)
    log.relay_once(told(40).feed())
    aborted(kafka, log.events, records_of(told(25).records, PARTITIONS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "WHOLE_BATCHES", False)
        log.relay_once(told(80).feed())
    aborted(kafka, log.events, records_of(told(25).records, PARTITIONS))
    log.relay_once(told(100).feed())
    for compression in (None, "gzip", "lz4"):
        _foreign(log, compression)
    return log


def _foreign(log: KafkaLog, compression: str | None) -> None:
    told_headers: list[list[tuple[str, bytes]]] = [
        [],
        [("position", b"7")],
        [("position", b"7"), ("previous", b"x")],
        [("previous", b"7"), ("position", b"8")],
        [("position", b"9" * 19), ("previous", b"-1"), ("more", b"m" * 300)],
        [("position", b"9" * 20), ("previous", b"-1")],
        [("position", b"7"), ("previous", b"-" + b"9" * 5_000)],
    ]
    producer = KafkaProducer(**log.kafka.options(), compression_type=compression, linger_ms=50)
    for partition in range(PARTITIONS):
        for headers in told_headers:
            for key, value in ((None, b"v"), (b"k" * 70, None), (b"", b""), (b"k", b"v" * 20_000)):
                producer.send(
                    log.events,
                    key=key,
                    value=value,
                    headers=headers,
                    partition=partition,
                    timestamp_ms=1 + len(headers) * 2**40,
                )
    producer.close(timeout=20)


def fetched(log: KafkaLog, partition: int, start: int, *, direct: bool, at_once: int) -> list[Any]:
    """All that a consumer gives from an offset on, as log records."""
    consumer = KafkaConsumer(**consumer_options(log.kafka))
    if direct:
        values.install(consumer)
    part = TopicPartition(log.events, partition)
    consumer.assign([part])
    consumer.seek(part, start)
    end = consumer.end_offsets([part])[part]
    found = []
    while consumer.position(part) < end:
        records = consumer.poll(1_000, at_once).get(part, [])
        found += records if direct else [values.log_record(record) for record in records]
    consumer.close()
    return found


@pytest.mark.parametrize("partition", range(PARTITIONS))
@pytest.mark.parametrize("start", [0, 1, 7, 13, 30, 55])
def test_both_ways_give_the_same_from_any_offset(log: KafkaLog, partition: int, start: int) -> None:
    known = fetched(log, partition, start, direct=False, at_once=10_000)
    assert known
    assert {record.position == values.NOT_A_RELAYS for record in known} == {True, False}
    for at_once in (10_000, 3):
        assert fetched(log, partition, start, direct=True, at_once=at_once) == known


@pytest.mark.parametrize("direct", [True, False], ids=["direct", "stock"])
def test_a_reader_checks_what_either_way_gives(
    kafka: KafkaSettings, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "DIRECT", direct)
    log = kafka_log(kafka, PARTITIONS)
    h = told(60)
    log.relay_once(h.feed())
    with PartitionReader(kafka, {p: Start() for p in range(PARTITIONS)}, topic=log.events) as r:
        seen: dict[int, bytes] = {}
        while len(seen) < 60:
            seen |= {rec.position: rec.value for b in r.poll(5.0) for rec in b.records}
    assert seen == dict(h.records)


def batch(damage: bytes = b"") -> DefaultRecordBatch:
    builder = MemoryRecordsBuilder(2, 0, 100_000)
    for record in records_of(told(5).records, 1):
        builder.append(record.timestamp_ms, record.key, record.value, record.headers)
    builder.close()
    return DefaultRecordBatch(bytes(builder.buffer()) + damage)


def cut(size: int) -> Iterator[DefaultRecordBatch]:
    whole = bytes(batch()._buffer)
    for end in range(DefaultRecordBatch.HEADER_STRUCT.size, len(whole), size):
        yield DefaultRecordBatch(whole[:end])


def test_bytes_that_do_not_add_up_are_refused() -> None:
    assert [r.position for r in values.decoded(batch(), 0)] == [0, 1, 2, 3, 4]
    with pytest.raises(CorruptRecordError):
        values.decoded(batch(b"\x00"), 0)
    for shorter in cut(17):
        with pytest.raises(CorruptRecordError):
            values.decoded(shorter, 0)
