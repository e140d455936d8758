"""A secured cluster: each user does its own work and nobody takes anything away from the log."""

import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition, errors
from kafka.admin import ConfigResource, ConfigResourceType
from pydantic import SecretStr

from consumers.client import Checkpoint, EventClient, FromCheckpoint
from consumers.connection import KafkaSettings, check_connection, log_in
from consumers.errors import (
    KafkaAuthenticationFailed,
    KafkaNotAuthorized,
    KafkaTopicMissing,
    KafkaUnreachable,
)
from consumers.every_broker import wait_for_topics
from consumers.relay import Relay
from consumers.topics import (
    CHECKPOINTS,
    DEAD_LETTERS,
    EVENTS,
    RELAY,
    RELAY_TRANSACTIONAL_ID,
)
from ops.local.kafka_access import SUPER_USER, USERS
from ops.settings import KafkaUser
from tests.histories import ListFeed

Cluster = Callable[[KafkaUser], KafkaSettings]
SOON_S = 8.0
"""What a person waits for an answer."""


@pytest.fixture(scope="module")
def cluster(kafka_cluster: Cluster) -> Cluster:
    """The cluster with the log's topics, made by its administrator."""
    topics = [EVENTS, CHECKPOINTS, RELAY, DEAD_LETTERS]
    with KafkaAdminClient(**kafka_cluster("admin").options()) as admin:
        there = set(admin.list_topics())
        missing = {name: {"num_partitions": 2} for name in topics if name not in there}
        if missing:
            # Another worker's tests may come first.
            with suppress(errors.TopicAlreadyExistsError):
                admin.create_topics(missing)
        wait_for_topics(admin, topics)
    return kafka_cluster


@pytest.fixture
def produced(cluster: Cluster) -> Iterator[Callable[..., None]]:
    """Sends one record as a user and waits for the answer."""
    producers: list[KafkaProducer] = []

    def send(user: KafkaUser, topic: str) -> None:
        # An idempotent producer of a user who may write nowhere fails before any topic is named.
        producers.append(
            KafkaProducer(**cluster(user).options(), max_block_ms=10_000, enable_idempotence=False)
        )
        producers[-1].send(topic, b"{}", key=b"subject").get(timeout=20)

    yield send
    for producer in producers:
        producer.close(timeout=5)


def read(kafka: KafkaSettings, topic: str, group: str | None = None) -> int:
    """How many records a user sees, in a group of its own if named."""
    consumer = KafkaConsumer(
        **kafka.options(),
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    try:
        if group is None:
            consumer.assign([TopicPartition(topic, n) for n in (0, 1)])
        else:
            consumer.subscribe([topic])
        for _ in range(40):
            if found := sum(len(r) for r in consumer.poll(timeout_ms=500).values()):
                return found
        return 0
    finally:
        consumer.close()


def test_three_replicas_of_which_two_must_answer(cluster: Cluster) -> None:
    with KafkaAdminClient(**cluster("admin").options()) as admin:
        (topic,) = admin.describe_topics([EVENTS])
        resource = ConfigResource(ConfigResourceType.TOPIC, EVENTS)
        told = admin.describe_configs([resource], config_filter="all")
    assert [len(p["replica_nodes"]) for p in topic["partitions"]] == [3, 3]
    assert told["topic"][EVENTS]["min.insync.replicas"]["value"] == "2"


def test_everyone_does_their_own_work(cluster: Cluster, produced: Callable[..., None]) -> None:
    for topic in (EVENTS, CHECKPOINTS, RELAY):
        produced("relay", topic)
    produced("projector", DEAD_LETTERS)
    assert read(cluster("relay"), RELAY) > 0
    assert read(cluster("projector"), EVENTS, "projector.views") > 0
    assert read(cluster("reader"), EVENTS, "reader.finance") > 0


def test_the_relay_writes_in_transactions_of_its_own_id_only(cluster: Cluster) -> None:
    relay = cluster("relay").options()
    own = KafkaProducer(**relay, transactional_id=RELAY_TRANSACTIONAL_ID)
    own.init_transactions()
    own.begin_transaction()
    own.send(EVENTS, b"{}", key=b"subject")
    own.commit_transaction()
    own.close()
    other = KafkaProducer(**relay, transactional_id="somebody-else")
    with pytest.raises(errors.TransactionalIdAuthorizationFailedError):
        other.init_transactions()
    other.close(timeout=1)


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("reader", EVENTS),
        ("reader", DEAD_LETTERS),
        ("projector", EVENTS),
        ("projector", CHECKPOINTS),
        ("relay", DEAD_LETTERS),
        ("admin", EVENTS),
    ],
)
def test_nobody_else_writes(produced: Callable[..., None], user: KafkaUser, topic: str) -> None:
    with pytest.raises(errors.TopicAuthorizationFailedError):
        produced(user, topic)


def test_groups_of_others_are_closed(cluster: Cluster) -> None:
    with pytest.raises(errors.GroupAuthorizationFailedError):
        read(cluster("reader"), EVENTS, "projector.views")


def test_a_client_in_a_group_of_others_is_told_so(cluster: Cluster) -> None:
    start = FromCheckpoint(Checkpoint)
    with (
        pytest.raises(KafkaNotAuthorized) as refused,
        EventClient(cluster("reader"), start=start, group="warehouse") as client,
    ):
        list(client.batches(until_end=True))
    assert "warehouse" in refused.value.message("zh")


def test_a_relay_that_may_not_look_at_the_topics_settings_is_told_so(cluster: Cluster) -> None:
    relay = Relay(ListFeed([]), cluster("reader"), "origin", state=CHECKPOINTS)
    with pytest.raises(KafkaNotAuthorized, match="settings"):
        relay.run(threading.Event(), once=True)


@pytest.mark.parametrize("user", USERS)
def test_nobody_takes_anything_away(cluster: Cluster, user: KafkaUser) -> None:
    shorter = ConfigResource(ConfigResourceType.TOPIC, EVENTS, {"retention.ms": "1000"})
    with KafkaAdminClient(**cluster(user).options()) as admin:
        with pytest.raises(errors.TopicAuthorizationFailedError):
            admin.delete_records({TopicPartition(EVENTS, 0): -1})
        with pytest.raises(errors.TopicAuthorizationFailedError):
            admin.create_partitions({EVENTS: 4})
        # This one tells its errors and raises none.
        told = admin.alter_configs([shorter], raise_on_unknown=False)
        assert "TopicAuthorizationFailedError" in told["topic"][EVENTS]
        # Switched off on the brokers, for whoever asks.
        with pytest.raises(errors.TopicDeletionDisabledError):
            admin.delete_topics([EVENTS])


def test_a_wrong_password_is_said_at_once_and_not_shown(cluster: Cluster) -> None:
    right = cluster("relay")
    wrong = KafkaSettings(right.bootstrap, right.security, "relay", SecretStr("wrong-as-can-be"))
    began = time.monotonic()
    with pytest.raises(KafkaAuthenticationFailed) as refused:
        check_connection(wrong, [EVENTS])
    assert time.monotonic() - began < SOON_S
    assert refused.value.code == "kafka-authentication-failed"
    assert "relay" in refused.value.message("en")
    assert "wrong-as-can-be" not in repr((refused.value.as_dict(), wrong, wrong.options()))


def test_no_listener_of_the_cluster_lets_a_stranger_in(
    cluster: Cluster, servers_folder: Path
) -> None:
    properties = servers_folder / "cluster" / "kafka" / "broker-1" / "server.properties"
    (line,) = (n for n in properties.read_text().splitlines() if n.startswith("listeners="))
    for listener in line.removeprefix("listeners=").split(","):
        address = listener.rpartition("/")[2]
        with pytest.raises(KafkaUnreachable):
            check_connection(KafkaSettings((address,)), [EVENTS], timeout_s=1)


def test_passwords_are_in_files_of_their_owner_and_nowhere_else(
    cluster: Cluster, servers_folder: Path
) -> None:
    folder = servers_folder / "cluster" / "kafka"
    sparse = {".index", ".timeindex"}
    files = [f for f in folder.rglob("*") if f.is_file() and f.suffix not in sparse]
    for user in (*USERS, SUPER_USER):
        secret = (folder / "passwords" / user).read_bytes()
        holders = {file for file in files if secret in file.read_bytes()}
        allowed = {folder / "passwords" / user}
        if user == SUPER_USER:
            allowed |= {folder / f"broker-{n}" / "server.properties" for n in (1, 2, 3)}
        assert holders == allowed
        assert {stat.S_IMODE(file.stat().st_mode) for file in holders} == {0o600}
    for n in (1, 2, 3):
        record = (folder / f"broker-{n}" / "process.json").read_text()
        pid = record.split('"pid":')[1].split(",")[0].strip()
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        for user in (*USERS, SUPER_USER):
            secret = (folder / "passwords" / user).read_bytes()
            assert secret not in line + environment


def test_a_missing_topic_is_said_at_once(cluster: Cluster) -> None:
    began = time.monotonic()
    with pytest.raises(KafkaTopicMissing) as missing:
        check_connection(cluster("admin"), [EVENTS, "benefits.nothing"])
    assert time.monotonic() - began < SOON_S
    assert missing.value.fields == {"topics": "benefits.nothing"}


def test_a_topic_that_a_user_may_not_see_is_said_as_that(cluster: Cluster) -> None:
    with pytest.raises(KafkaNotAuthorized) as refused:
        check_connection(cluster("reader"), [EVENTS, RELAY])
    assert RELAY in refused.value.message("en")


def test_logging_in_is_enough_where_no_topic_is_asked_for(cluster: Cluster) -> None:
    for user in USERS:
        log_in(cluster(user))  # type: ignore[arg-type]
