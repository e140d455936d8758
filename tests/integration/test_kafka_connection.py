"""One broker without logins: what is missing is said, and soon."""

import socket
import sys
import time

import pytest

from consumers.connection import KafkaSettings, check_connection
from consumers.errors import ChecksumsMissing, KafkaTopicMissing, KafkaUnreachable
from tests.servers import topic_of_its_own


def test_a_topic_that_is_there_passes(kafka: KafkaSettings) -> None:
    check_connection(kafka, [topic_of_its_own(kafka)])


def test_a_missing_topic_is_said_and_not_made(kafka: KafkaSettings) -> None:
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(KafkaTopicMissing):
            check_connection(kafka, ["benefits.never-made"])
        assert time.monotonic() - began < 8


def test_a_broker_that_is_down_is_said_after_the_time_allowed() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = KafkaSettings((f"127.0.0.1:{unused.getsockname()[1]}",))
        began = time.monotonic()
        with pytest.raises(KafkaUnreachable):
            check_connection(nobody, timeout_s=1)
    assert 0.9 < time.monotonic() - began < 5


def test_one_broker_that_answers_is_enough(kafka: KafkaSettings) -> None:
    check_connection(KafkaSettings(("127.0.0.1:1", *kafka.bootstrap)))


def test_kafka_is_not_used_without_fast_checksums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "crc32c", None)
    with pytest.raises(ChecksumsMissing):
        check_connection(KafkaSettings(("127.0.0.1:1",)), timeout_s=1)
