"""What a record says of its event is what full decoding says, whatever the event's texts hold."""

import hypothesis.strategies as st
import orjson
import pytest
from hypothesis import given
from kafka.partitioner import DefaultPartitioner

from consumers.records import attributes, event_record, partition_of, timestamp_ms
from ledger.codec import decode
from ledger.domain.errors import NotCanonical
from ledger.domain.events import EVENT_TYPES
from tests.histories import history
from tests.property.test_codec import TEXT, data_of, encoded

LURE = ',"id":"x","role":"y","specversion":"1.0","subject":"z","time":"t","type":"w"}'
"""What the end of an event looks like, to stand inside its texts."""
SUBJECTS = st.one_of(TEXT, st.just(LURE), st.just('a"b\\'), TEXT.map(lambda text: text + LURE))


@given(
    st.sampled_from(list(EVENT_TYPES.values())).flatmap(data_of),
    SUBJECTS,
    st.one_of(TEXT, st.just(LURE)),
    st.datetimes(),
)
def test_attributes_are_those_of_the_decoded_event(data, subject, actor, time) -> None:
    text = time.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
    raw = encoded(data, actor, subject=subject, time=text)
    event = decode(raw)
    found = attributes(raw)
    assert found.subject.decode() == event.subject == subject
    assert found.type.decode() == event.type
    assert found.id.decode() == event.id
    assert found.time.decode() == event.time


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"type":"x"}', b'"' * 80, b"\x00" * 200])
def test_bytes_that_are_no_event_are_refused(raw: bytes) -> None:
    with pytest.raises((NotCanonical, ValueError)):
        attributes(raw)


@given(st.binary(min_size=1, max_size=60), st.integers(1, 64))
def test_a_subject_has_the_partition_that_kafka_itself_would_choose(subject, count) -> None:
    class Cluster:
        def topics(self) -> set[str]:
            return {"t"}

        def partitions_for_topic(self, topic: str) -> set[int]:
            return set(range(count))

        def available_partitions_for_topic(self, topic: str) -> set[int]:
            return set(range(count))

    expected = DefaultPartitioner().partition("t", subject, subject, None, None, Cluster())
    assert partition_of(subject, count) == expected


def test_partitions_never_change_between_releases() -> None:
    """The values of Kafka's Java client, written down: a subject must stay where it is."""
    known = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    for key, hashed in known.items():
        assert partition_of(key, 1_000) == (hashed & 0x7FFFFFFF) % 1_000


def test_the_headers_and_the_time_of_a_record() -> None:
    raw = history().person("p1").records[0][1]
    record = event_record(7, raw, 3, 6)
    assert record.key == b"p1"
    assert record.value is raw
    assert record.timestamp_ms == 1_483_228_801_000
    assert dict(record.headers) == {
        "position": b"7",
        "previous": b"3",
        "id": b"p1/1",
        "type": b"benefits.PersonRegistered.v1",
        "content-type": b"application/cloudevents+json",
    }
    assert orjson.loads(record.value)["subject"] == "p1"


def test_a_record_time_is_cut_to_the_millisecond_not_rounded() -> None:
    assert timestamp_ms(b"2017-01-01T00:00:00.999999Z") == 1_483_228_800_999
