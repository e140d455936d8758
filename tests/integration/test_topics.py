"""Topics that can neither lose nor expose the log, and the commands from the store to Kafka."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ConfigResource,
    ConfigResourceType,
    ResourcePattern,
    ResourceType,
)
from pydantic import SecretStr

from consumers.connection import KafkaSettings
from consumers.errors import KafkaNotAuthorized, TopicPartitionsFixed, TopicsUnsafe
from consumers.every_broker import wait_for_topics
from consumers.kafka_feed import KafkaFeed
from consumers.topic_check import access_problems, check_topics
from consumers.topics import TOPICS, Topic, create_topics
from ops.local.described import LocalKafka, read_description, read_password
from ops.local.kafka_access import SUPER_USER, make_rules
from ops.settings import KafkaUser
from tests.integration.cli import ok, run
from tests.kafka_logs import kafka_log, told


@pytest.fixture
def own() -> list[Topic]:
    """The four topics under names of a test's own."""
    name = uuid.uuid4().hex
    return [replace(topic, name=f"{name}.{topic.name}") for topic in TOPICS]


def settings(problems: Sequence[object]) -> list[tuple[str, str]]:
    return [(p.setting, p.found) for p in problems]  # type: ignore[attr-defined]


def changed(kafka: KafkaSettings, topic: str, setting: str, value: str) -> None:
    """Change a topic's setting; the broker answers a moment before it goes by it."""
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, {setting: value})
    with KafkaAdminClient(**kafka.options()) as admin:
        admin.alter_configs([resource])
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            told = admin.describe_configs([resource], config_filter="all")["topic"][topic]
            if told[setting]["value"] == value:
                return
            time.sleep(0.05)
    raise AssertionError(f"{setting} is not {value}")


def test_topics_are_made_once_and_then_stay(kafka: KafkaSettings, own: list[Topic]) -> None:
    assert {p.setting for p in check_topics(kafka, topics=own)} == {"topic"}
    assert create_topics(kafka, partitions=4, topics=own) == [topic.name for topic in own]
    assert check_topics(kafka, topics=own) == []
    assert create_topics(kafka, topics=own) == []
    with pytest.raises(TopicPartitionsFixed):
        create_topics(kafka, partitions=5, topics=own)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("retention.ms", "604800000"),
        ("retention.bytes", "1000000"),
        ("cleanup.policy", "compact"),
        ("cleanup.policy", "compact,delete"),
        ("max.message.bytes", "1000"),
        ("message.timestamp.type", "LogAppendTime"),
        ("compression.type", "gzip"),
        ("unclean.leader.election.enable", "true"),
    ],
)
def test_a_setting_that_would_lose_or_change_the_log_is_a_problem(
    kafka: KafkaSettings, own: list[Topic], setting: str, value: str
) -> None:
    create_topics(kafka, topics=own)
    changed(kafka, own[0].name, setting, value)
    assert settings(check_topics(kafka, topics=own)) == [(setting, value)]


def test_the_relay_puts_nothing_into_a_topic_that_deletes(kafka: KafkaSettings) -> None:
    log = kafka_log(kafka)
    changed(kafka, log.events, "retention.ms", "604800000")
    with pytest.raises(TopicsUnsafe, match=r"retention\.ms"):
        log.relay_once(told(5).feed())


def test_a_number_of_partitions_that_was_changed_is_a_problem(kafka: KafkaSettings) -> None:
    log = kafka_log(kafka, partitions=3)
    log.relay_once(told(30).feed())
    own = [replace(topic, name=f"{log.name}.{topic.name}") for topic in TOPICS]
    assert check_topics(kafka, topics=own, origin=log.name) == []
    with KafkaAdminClient(**kafka.options()) as admin:
        admin.create_partitions({log.events: 4})
    problems = check_topics(kafka, topics=own, origin=log.name)
    assert [(p.where, p.setting, p.found, p.wanted) for p in problems] == [
        (log.events, "partitions", "4", "3")
    ]


def test_records_that_are_gone_are_a_problem(kafka: KafkaSettings) -> None:
    log = kafka_log(kafka, partitions=1)
    log.relay_once(told(30).feed())
    with KafkaAdminClient(**kafka.options()) as admin:
        admin.delete_records({TopicPartition(log.events, 0): 5})
    own = [replace(topic, name=f"{log.name}.{topic.name}") for topic in TOPICS]
    problems = check_topics(kafka, topics=own, origin=log.name)
    assert [(p.where, p.setting, p.found) for p in problems] == [
        (f"{log.events} 0", "first offset", "5")
    ]


@pytest.mark.parametrize(
    ("operation", "bad"),
    [("ALL", True), ("ALTER", True), ("ALTER_CONFIGS", True), ("DESCRIBE", False)],
)
def test_a_rule_by_which_someone_gives_himself_any_right_is_a_problem(
    operation: str, bad: bool
) -> None:
    """Not on a cluster: others check it at the same time."""

    class Rules(NamedTuple):
        rules: list[ACL]

        def describe_acls(self, every: ACLFilter) -> tuple[list[ACL], None]:
            return self.rules, None

    everything = ResourcePattern(ResourceType.CLUSTER, "kafka-cluster")
    rule = ACL("User:x", "*", ACLOperation[operation], ACLPermissionType.ALLOW, everything)
    problems = list(access_problems(Rules([rule]), TOPICS))
    assert settings(problems) == ([("acl", operation)] if bad else [])


class TestACluster:
    """Three brokers with users: copies, and who may do what."""

    @pytest.fixture
    def cluster(self, kafka_cluster: Callable[[KafkaUser], KafkaSettings]) -> KafkaSettings:
        return kafka_cluster("admin")

    @pytest.fixture
    def brokers_own(self, cluster: KafkaSettings, servers_folder: Path) -> KafkaSettings:
        """As the brokers among themselves: only they may make access rules."""
        folder = servers_folder / "cluster" / "kafka"
        known = read_description(folder, LocalKafka)
        assert known is not None
        return replace(
            cluster,
            bootstrap=tuple(f"127.0.0.1:{port}" for port in known.broker_ports),
            username=SUPER_USER,
            password=SecretStr(read_password(folder, SUPER_USER)),
            mechanism="PLAIN",
        )

    def test_three_copies_of_which_two_are_in_sync(
        self, cluster: KafkaSettings, own: list[Topic]
    ) -> None:
        create_topics(cluster, topics=own)
        assert check_topics(cluster, topics=own) == []
        with KafkaAdminClient(**cluster.options()) as admin:
            told = admin.describe_topics([topic.name for topic in own])
        assert {len(p["replica_nodes"]) for t in told for p in t["partitions"]} == {3}

    def test_one_copy_is_a_problem(self, cluster: KafkaSettings, own: list[Topic]) -> None:
        with KafkaAdminClient(**cluster.options()) as admin:
            admin.create_topics({own[0].name: {"num_partitions": 1, "replication_factor": 1}})
            wait_for_topics(admin, [own[0].name])
        assert ("replication", "1") in settings(check_topics(cluster, topics=own[:1]))

    @pytest.mark.parametrize(
        ("rule", "bad"),
        [
            ("User:reader WRITE", True),
            ("User:reader DELETE", True),
            ("User:projector ALTER_CONFIGS", True),
            ("User:* READ", True),
            ("User:ANONYMOUS READ", True),
            ("User:reader READ", False),
            ("User:relay WRITE", False),
        ],
    )
    def test_a_rule_that_lets_someone_forge_or_destroy_is_a_problem(
        self,
        cluster: KafkaSettings,
        brokers_own: KafkaSettings,
        own: list[Topic],
        rule: str,
        bad: bool,
    ) -> None:
        principal, operation = rule.split()
        create_topics(cluster, topics=own)
        pattern = ResourcePattern(
            ResourceType.TOPIC, own[0].name[:32], ACLResourcePatternType.PREFIXED
        )
        acl = ACL(principal, "*", ACLOperation[operation], ACLPermissionType.ALLOW, pattern)
        with KafkaAdminClient(**brokers_own.options()) as admin:
            make_rules(admin, [acl])
        problems = check_topics(cluster, topics=own[:1])
        assert [(p.setting, p.found) for p in problems] == ([("acl", operation)] if bad else [])

    def test_who_may_not_ask_is_told_so(
        self, kafka_cluster: Callable[[KafkaUser], KafkaSettings], own: list[Topic]
    ) -> None:
        for ask in (check_topics, create_topics):
            with pytest.raises(KafkaNotAuthorized) as refused:
                ask(kafka_cluster("reader"), topics=own)
            assert "Request" not in refused.value.message("en")


def test_from_the_store_to_kafka_by_commands(
    kafka: KafkaSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The only test that uses the topics' own names on the shared broker."""
    monkeypatch.setenv("BENEFITS_KAFKA_BOOTSTRAP", ",".join(kafka.bootstrap))
    monkeypatch.setenv("BENEFITS_LANG", "en")
    home = tmp_path / "home"
    ok(home, "init")
    assert run(home, "topics", "check").status == 1
    ok(home, "topics", "create", "--partitions", "3")
    ok(home, "topics", "check")
    assert run(home, "reconcile").status == 1
    relayed = ok(home, "relay", "--once", "--format", "json").json
    lines = ok(home, "events", "--format", "ndjson").out.splitlines()
    assert relayed == {"events": len(lines), "position": len(lines) - 1}
    assert [raw for batch in KafkaFeed(kafka).read(0) for _, raw in batch] == lines
    assert ok(home, "reconcile", "--format", "json").json["findings"] == []
    assert following_until_told(home) == 0


def following_until_told(home: Path) -> int:
    """The exit status of a relay that is sent SIGTERM once it has taken over."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "ops.cli.main", "relay", "--home", str(home)],
        stderr=subprocess.PIPE,
        env=os.environ,
        text=True,
    )
    assert process.stderr is not None
    with process:
        assert "relaying what follows" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        return process.wait(30)
