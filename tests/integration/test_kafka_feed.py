"""The Kafka feed keeps every promise of a feed, and never passes over what a topic lacks."""

import time
from itertools import islice

import pytest
from kafka import KafkaAdminClient, TopicPartition

from consumers.connection import KafkaSettings
from consumers.errors import (
    KafkaTopicMissing,
    TopicDisorder,
    TopicDuplicate,
    TopicForeignRecord,
    TopicGap,
    TopicOffsetGone,
)
from consumers.kafka_feed import KafkaFeed
from consumers.offsets import end_offsets, last_records, offsets_of
from consumers.partitions import PartitionReader, Start
from consumers.records import partition_of
from tests.feed_conformance import FeedConformance, MakeFeed, flat
from tests.histories import ListFeed
from tests.kafka_logs import KafkaLog, aborted, kafka_log, records_of, told, write

PARTITIONS = 3


@pytest.fixture
def log(kafka: KafkaSettings) -> KafkaLog:
    return kafka_log(kafka, PARTITIONS)


class TestKafkaFeed(FeedConformance):
    @pytest.fixture
    def make_feed(self, log: KafkaLog) -> MakeFeed:
        def make(events: list[bytes]) -> KafkaFeed:
            log.relay_once(ListFeed(list(enumerate(events))))
            return log.feed()

        return make


def test_a_topic_that_is_missing_is_said_at_once(kafka: KafkaSettings) -> None:
    with pytest.raises(KafkaTopicMissing):
        KafkaFeed(kafka, topic="no.such.topic")


def test_any_start_is_found_among_the_offsets(log: KafkaLog) -> None:
    """Markers of transactions and aborted records stand between, and partitions are uneven."""
    h = told(60)
    log.relay_once(h.feed())
    aborted(log.kafka, log.events, records_of(h.records[:9], PARTITIONS))
    told_on = told(90)
    log.relay_once(told_on.feed())
    ends = end_offsets(log.kafka, log.events)
    with PartitionReader(log.kafka, {p: Start() for p in ends}, topic=log.events) as reader:
        held: dict[int, list[tuple[int, int]]] = {p: [] for p in ends}
        while any(reader.offset(p) < end for p, end in ends.items()):
            for batch in reader.poll(1.0):
                held[batch.partition] += [(r.offset, r.position) for r in batch.records]
    for start in (0, 1, 29, 59, 60, 89, 90):
        found = offsets_of(log.kafka, start, ends, log.events)
        for p, records in held.items():
            assert [at for offset, at in records if offset >= found[p]] == [
                at for _, at in records if at >= start
            ]
        assert flat(log.feed().read(start)) == told_on.records[start:]


def test_aborted_records_are_never_seen(log: KafkaLog) -> None:
    h = told(40)
    for _ in range(3):
        aborted(log.kafka, log.events, records_of(h.records, PARTITIONS))
    assert log.feed().end() == 0
    log.relay_once(h.feed())
    aborted(log.kafka, log.events, records_of(h.records, PARTITIONS))
    assert log.feed().end() == 40
    assert flat(log.feed().read(0)) == h.records


def test_a_partition_that_is_far_behind_does_not_fill_the_memory(log: KafkaLog) -> None:
    """With a window of a few positions, whoever is ahead waits."""
    h = told(300)
    log.relay_once(h.feed())
    assert flat(log.feed(window=5).read(0)) == h.records


def test_a_partition_alone_is_read_from_any_offset_to_any_other(log: KafkaLog) -> None:
    h = told(80)
    log.relay_once(h.feed())
    feed = log.feed()
    for partition in range(PARTITIONS):
        mine = [
            (position, raw)
            for position, raw in h.records
            if partition_of(b"p%d" % (position % 12), PARTITIONS) == partition
        ]
        records = flat(feed.read_partition(partition))
        assert [(r.position, r.value) for r in records] == mine
        assert [r.previous for r in records] == [-1, *[r.position for r in records[:-1]]]
        middle = records[len(records) // 2]
        rest = flat(feed.read_partition(partition, Start(middle.offset, middle.previous)))
        before = flat(feed.read_partition(partition, stop_offset=middle.offset))
        assert before + rest == records


def test_a_reader_follows_what_comes(log: KafkaLog) -> None:
    h = told(20)
    log.relay_once(h.feed())
    starts = {p: Start() for p in range(PARTITIONS)}
    with PartitionReader(log.kafka, starts, topic=log.events) as reader:
        seen: set[int] = set()
        while len(seen) < 20:
            seen |= {r.position for batch in reader.poll(5.0) for r in batch.records}
        assert not [r for batch in reader.poll(0.2) for r in batch.records]
        more = told(35)
        log.relay_once(more.feed())
        while len(seen) < 35:
            seen |= {r.position for batch in reader.poll(5.0) for r in batch.records}
        assert seen == set(range(35))


def test_a_reader_knows_how_old_it_is_what_it_says_of_the_end(log: KafkaLog) -> None:
    """An answer that leaves a partition out says of it that there is nothing new."""
    log.relay_once(told(20).feed())
    with PartitionReader(log.kafka, {0: Start(), 1: Start()}, topic=log.events) as reader:
        while reader.behind() != {0: 0, 1: 0}:
            reader.poll(5.0)
        at_the_end = time.monotonic()
        reader.only({1})
        while reader.age_s(1) >= time.monotonic() - at_the_end:
            assert not reader.poll(0.2)
        assert reader.age_s(0) > time.monotonic() - at_the_end
        assert reader.behind() == {0: 0, 1: 0}
        log.relay_once(told(60).feed())
        while not reader.behind()[1]:
            reader.poll(0.2, 1)
        assert reader.behind()[0] == 0
        reader.only({0, 1})
        while reader.age_s(0) >= time.monotonic() - at_the_end:
            reader.poll(0.2)


def test_who_says_a_wrong_last_position_is_told_of_the_gap(log: KafkaLog) -> None:
    log.relay_once(told(60).feed())
    records = flat(log.feed().read_partition(0))
    with pytest.raises(TopicGap):
        flat(log.feed().read_partition(0, Start(records[5].offset, records[3].position)))


class TestADamagedTopic:
    """Written by hand, since nothing of ours writes so."""

    def test_a_gap_in_a_partition(self, log: KafkaLog) -> None:
        records = records_of(told(40).records, PARTITIONS)
        write(log.kafka, log.events, records[:20] + records[21:])
        with pytest.raises(TopicGap):
            flat(log.feed().read(0))
        with pytest.raises(TopicGap):
            flat(log.feed().read_partition(records[20].partition))

    def test_a_position_that_no_partition_holds(self, log: KafkaLog) -> None:
        """Whoever removed it has mended what its partition says."""
        h = told(40)
        records = records_of([r for r in h.records if r[0] != 20], PARTITIONS)
        write(log.kafka, log.events, records)
        with pytest.raises(TopicGap) as gap:
            flat(log.feed(timeout_s=2).read(0))
        assert gap.value.fields["previous"] == 19

    def test_a_record_twice(self, log: KafkaLog) -> None:
        records = records_of(told(40).records, PARTITIONS)
        write(log.kafka, log.events, [*records[:20], records[19], *records[20:]])
        with pytest.raises(TopicDuplicate):
            flat(log.feed().read(0))

    def test_two_records_the_other_way_round(self, log: KafkaLog) -> None:
        records = records_of(told(40).records, PARTITIONS)
        one = records[24]
        later = next(r for r in records[25:] if r.partition == one.partition)
        swapped = [later if r is one else one if r is later else r for r in records]
        write(log.kafka, log.events, swapped)
        with pytest.raises((TopicDisorder, TopicGap)):
            flat(log.feed().read(0))

    def test_a_record_of_somebody_else(self, log: KafkaLog) -> None:
        records = records_of(told(40).records, PARTITIONS)
        foreign = records[20]._replace(headers=[])
        write(log.kafka, log.events, [*records[:20], foreign, *records[20:]])
        with pytest.raises(TopicForeignRecord):
            flat(log.feed().read(0))


def test_the_last_record_is_found_behind_any_number_of_aborted_ones(log: KafkaLog) -> None:
    h = told(30)
    log.relay_once(h.feed())
    for _ in range(5):
        aborted(log.kafka, log.events, records_of(h.records, PARTITIONS))
    ends = end_offsets(log.kafka, log.events)
    found = last_records(log.kafka, ends, log.events)
    assert max(record.position for record in found.values()) == 29


def test_what_was_deleted_is_said_as_that(kafka: KafkaSettings) -> None:
    log = kafka_log(kafka, 1)
    log.relay_once(told(30).feed())
    with KafkaAdminClient(**kafka.options()) as admin:
        admin.delete_records({TopicPartition(log.events, 0): 5})
    with pytest.raises(TopicOffsetGone):
        list(log.feed().read(0))
    recreated = {0: Start(1_000_000, None)}
    with PartitionReader(kafka, recreated, topic=log.events) as reader:
        polls = iter(lambda: reader.poll(1.0), None)
        with pytest.raises(TopicOffsetGone):
            list(islice(polls, 60))
