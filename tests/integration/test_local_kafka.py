"""A home's own Kafka: started once however often it is asked for, and the same after any end."""

import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from consumers.connection import KafkaSettings
from consumers.every_broker import wait_for_topics
from ops.local.described import LocalKafka, read_description
from ops.local.errors import ServerNotReady
from ops.local.kafka import LocalBrokers
from ops.local.processes import wait_for_end
from ops.settings import Settings
from tests.integration.cli import ok, run

TOPIC = "kept"


@pytest.fixture(scope="module")
def home(servers_folder: Path) -> Iterator[Path]:
    """A home whose broker these tests stop and kill."""
    home = Path(tempfile.mkdtemp(dir=servers_folder, prefix="own-"))
    home.chmod(0o711)
    yield home
    LocalBrokers(home).down()


def broker(home: Path) -> dict[str, object]:
    """The one broker, as ``kafka status`` tells it."""
    (told,) = run(home, "kafka", "status", "--format", "json").json["brokers"]
    assert isinstance(told, dict)
    return told


def produce(kafka: KafkaSettings, value: bytes) -> None:
    with KafkaAdminClient(**kafka.options()) as admin:
        if TOPIC not in admin.list_topics():
            admin.create_topics({TOPIC: {"num_partitions": 1, "replication_factor": 1}})
            wait_for_topics(admin, [TOPIC])
    producer = KafkaProducer(**kafka.options())
    producer.send(TOPIC, value, partition=0).get(timeout=20)
    producer.close()


def consume(kafka: KafkaSettings, count: int) -> list[bytes]:
    consumer = KafkaConsumer(
        **kafka.options(), auto_offset_reset="earliest", enable_auto_commit=False
    )
    consumer.assign([TopicPartition(TOPIC, 0)])
    values: list[bytes] = []
    for _ in range(40):
        for records in consumer.poll(timeout_ms=500).values():
            values.extend(record.value for record in records)
        if len(values) >= count:
            break
    consumer.close()
    return values


def test_up_twice_is_once_and_a_record_outlives_a_stop_and_a_kill(home: Path) -> None:
    never = run(home, "kafka", "status", "--lang", "en")
    assert (never.status, never.text) == (1, "Kafka was never started in this home\n")

    ok(home, "kafka", "up")
    first = broker(home)
    assert first["ready"] is True
    ok(home, "kafka", "up")
    assert broker(home) == first
    kafka = Settings.load(home).kafka("relay")
    produce(kafka, b"before the stop")

    assert ok(home, "kafka", "down", "--lang", "en").text == "Kafka stopped\n"
    stopped = run(home, "kafka", "status", "--format", "json")
    assert stopped.status == 1
    assert broker(home) == {**first, "pid": None, "ready": False}
    assert ok(home, "kafka", "down", "--lang", "en").text == "Kafka was not running\n"

    ok(home, "kafka", "up")
    second = broker(home)
    assert (second["port"], second["ready"]) == (first["port"], True)
    produce(kafka, b"before the kill")
    killed = psutil.Process(int(str(second["pid"])))
    killed.kill()
    assert not wait_for_end([killed], timeout_s=10)
    assert broker(home)["pid"] is None

    ok(home, "kafka", "up")
    assert consume(kafka, 2) == [b"before the stop", b"before the kill"]


def test_what_was_chosen_at_first_is_not_changed_later(home: Path) -> None:
    ok(home, "kafka", "up")
    refused = run(home, "kafka", "up", "--brokers", "3")
    assert (refused.status, "home-mismatch" in refused.err) == (3, True)
    assert run(home, "kafka", "up", "--secure").status == 3
    assert broker(home)["ready"] is True


def test_two_brokers_are_no_cluster(tmp_path: Path) -> None:
    refused = run(tmp_path, "kafka", "up", "--brokers", "2")
    assert (refused.status, "invalid-value" in refused.err) == (2, True)
    assert run(tmp_path, "kafka", "status").status == 1


def test_a_process_that_took_over_an_id_is_left_alone(home: Path) -> None:
    ok(home, "kafka", "up")
    LocalBrokers(home).down()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        started = psutil.Process(stranger.pid).create_time()
        record = home / "kafka" / "broker-1" / "process.json"
        record.write_text(f'{{"pid": {stranger.pid}, "started": {started}}}')
        assert broker(home)["pid"] is None
        assert LocalBrokers(home).down() == 0
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_broker_that_cannot_start_says_why_and_leaves_nothing_running(home: Path) -> None:
    LocalBrokers(home).up()
    LocalBrokers(home).down()
    known = read_description(home / "kafka", LocalKafka)
    assert known is not None
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", known.client_ports[0]))
        taken.listen()
        with pytest.raises(ServerNotReady) as refused:
            LocalBrokers(home).up()
    assert "Address already in use" in refused.value.message("en")
    assert LocalBrokers(home).status()[0].pid is None
