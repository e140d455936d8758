"""Whether the topics are set so that the log can neither be lost nor exposed.

Every setting is compared with what :mod:`consumers.topics` would have made, and all problems are
told, not the first. A topic that deletes or compacts, loses records when a broker dies, or lets
someone else write, is a problem even if nothing has happened yet.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from consumers.connection import KafkaSettings, check_connection, not_authorized
from consumers.errors import KafkaRefused
from consumers.relay_state import read_state
from consumers.topics import MESSAGE_BYTES, TOPICS, Topic, partition_counts, replication_of

_DESTRUCTIVE = ("ALL", "DELETE", "ALTER", "ALTER_CONFIGS")
_AT_LEAST = ("max.message.bytes", "min.insync.replicas", "message.timestamp.before.max.ms")
_OVER_ALL = ("ALL", "ALTER", "ALTER_CONFIGS")
"""What lets someone give himself any right, or change the brokers' own settings."""
_ANYONE = ("User:*", "User:ANONYMOUS")
_CLUSTER = {"auto.create.topics.enable": "false", "unclean.leader.election.enable": "false"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One setting that is not as it must be; ``where`` is a topic, a broker or a rule."""

    where: str
    setting: str
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.where} {self.setting}={self.found} ({self.wanted})"


def check_topics(
    kafka: KafkaSettings, *, topics: Sequence[Topic] = TOPICS, origin: str | None = None
) -> list[Problem]:
    """Everything that is wrong with the topics, the brokers and the access rules; empty when well.

    With ``origin`` the number of partitions is held to what the relay's state of that log says.
    Raises :class:`KafkaNotAuthorized` when the user may not ask, :class:`KafkaRefused`, and what
    :func:`check_connection` raises.
    """
    from kafka import KafkaAdminClient, errors

    check_connection(kafka)
    with KafkaAdminClient(**kafka.options()) as admin:
        try:
            relayed = _relayed(kafka, admin, topics, origin)
            return [
                *topic_problems(admin, topics, relayed),
                *_lost_records(admin, topics),
                *_broker_problems(admin),
                *(access_problems(admin, topics) if kafka.security.sasl else ()),
            ]
        except errors.AuthorizationError as error:
            raise not_authorized(kafka, "describe the cluster, its topics and rules") from error
        except errors.KafkaError as error:
            raise KafkaRefused(what="describe the cluster", reason=str(error)) from error


def _relayed(
    kafka: KafkaSettings, admin: Any, topics: Sequence[Topic], origin: str | None
) -> int | None:
    """The number of partitions that events were relayed to; None where none were."""
    states = [topic.name for topic in topics if topic.settings["cleanup.policy"] == "compact"]
    if origin is None or not states or states[0] not in partition_counts(admin, topics):
        return None
    state = read_state(kafka, origin, states[0])
    return None if state is None else len(state.partitions)


def topic_problems(
    admin: Any, topics: Sequence[Topic], relayed: int | None = None
) -> Iterator[Problem]:
    """What is wrong with the topics themselves; needs no right beyond describing them."""
    brokers = len(admin.describe_cluster()["brokers"])
    told = {t["name"]: t for t in admin.describe_topics([topic.name for topic in topics])}
    there = [topic for topic in topics if told[topic.name]["error_code"] == 0]
    for topic in topics:
        if topic not in there:
            yield Problem(topic.name, "topic", "-", "exists")
    settings = _settings(admin, "TOPIC", [topic.name for topic in there])
    for topic in there:
        yield from _shape_problems(topic, told[topic.name]["partitions"], brokers, relayed)
        copies = min(len(p["replica_nodes"]) for p in told[topic.name]["partitions"])
        in_sync = str(replication_of(copies)[1])
        wanted = {**topic.settings, "min.insync.replicas": in_sync}
        for name, value in wanted.items():
            found = settings[topic.name].get(name, "-")
            if not _as_wanted(name, found, value):
                yield Problem(topic.name, name, found, value)


def _lost_records(admin: Any, topics: Sequence[Topic]) -> Iterator[Problem]:
    """Partitions that begin after their beginning, though nothing is ever to be deleted there."""
    from kafka import OffsetSpec, TopicPartition

    kept = [topic for topic in topics if topic.settings["cleanup.policy"] == "delete"]
    firsts = {
        TopicPartition(name, partition): OffsetSpec.EARLIEST
        for name, count in partition_counts(admin, kept).items()
        for partition in range(count)
    }
    if not firsts:
        return
    for part, found in sorted(admin.list_partition_offsets(firsts).items()):
        if found.offset > 0:
            yield Problem(f"{part.topic} {part.partition}", "first offset", str(found.offset), "0")


def _shape_problems(
    topic: Topic, partitions: list[Any], brokers: int, relayed: int | None
) -> Iterator[Problem]:
    wanted = relayed if topic.partitioned else 1
    if wanted is not None and len(partitions) != wanted:
        yield Problem(topic.name, "partitions", str(len(partitions)), str(wanted))
    copies = min(len(partition["replica_nodes"]) for partition in partitions)
    least = replication_of(brokers)[0]
    if copies < least:
        yield Problem(topic.name, "replication", str(copies), f"≥ {least}")


def _as_wanted(name: str, found: str, wanted: str) -> bool:
    if name in _AT_LEAST:
        return found.isdecimal() and int(found) >= int(wanted)
    return found == wanted


def _broker_problems(admin: Any) -> Iterator[Problem]:
    nodes = [str(broker["broker_id"]) for broker in admin.describe_cluster()["brokers"]]
    settings = _settings(admin, "BROKER", nodes)
    for node in nodes:
        for name, wanted in _CLUSTER.items():
            found = settings[node].get(name, "-")
            if found != wanted:
                yield Problem(f"broker {node}", name, found, wanted)
        size = settings[node].get("message.max.bytes", "-")
        if not size.isdecimal() or int(size) < MESSAGE_BYTES:
            yield Problem(f"broker {node}", "message.max.bytes", size, f"≥ {MESSAGE_BYTES}")


def _settings(admin: Any, kind: str, names: list[str]) -> dict[str, dict[str, str]]:
    """Every setting of these topics or brokers. Raises kafka-python's AuthorizationError.

    Whoever may not look is given none, which is no word on how they are set.
    """
    from kafka import errors
    from kafka.admin import ConfigResource, ConfigResourceType

    if not names:
        return {}
    found = admin.describe_configs(
        [ConfigResource(ConfigResourceType[kind], name) for name in names], config_filter="all"
    )[kind.lower()]
    told = {
        name: {setting: str(one["value"]) for setting, one in found[name].items()} for name in names
    }
    if unseen := [name for name in names if not told[name]]:
        raise errors.AuthorizationError(f"DESCRIBE_CONFIGS {', '.join(unseen)}")
    return told


# --- who may do what


def access_problems(admin: Any, topics: Sequence[Topic]) -> Iterator[Problem]:
    """Rules by which someone could destroy or forge the log, or anyone at all read it."""
    from kafka import errors

    try:
        rules, _ = admin.describe_acls(_every_rule())
    except errors.SecurityDisabledError:
        yield Problem("cluster", "authorizer", "-", "StandardAuthorizer")
        return
    for rule in rules:
        if rule.permission_type.name != "ALLOW":
            continue
        operation, principal = rule.operation.name, rule.principal
        where = f"{principal} {rule.resource_pattern.resource_name}"
        if rule.resource_pattern.resource_type.name == "CLUSTER" and operation in _OVER_ALL:
            yield Problem(where, "acl", operation, "-")
        covered = [topic for topic in topics if _covers(rule.resource_pattern, topic.name)]
        if not covered:
            continue
        if operation in _DESTRUCTIVE:
            yield Problem(where, "acl", operation, "-")
        elif operation == "WRITE":
            for topic in covered:
                if principal != f"User:{topic.writer}":
                    yield Problem(f"{principal} {topic.name}", "acl", operation, topic.writer)
        elif operation == "READ" and principal in _ANYONE:
            yield Problem(where, "acl", operation, "-")


def _covers(pattern: Any, topic: str) -> bool:
    if pattern.resource_type.name != "TOPIC":
        return False
    if pattern.pattern_type.name == "PREFIXED":
        return topic.startswith(pattern.resource_name)
    return pattern.resource_name in ("*", topic)


def _every_rule() -> Any:
    from kafka.admin import (
        ACLFilter,
        ACLOperation,
        ACLPermissionType,
        ACLResourcePatternType,
        ResourcePatternFilter,
        ResourceType,
    )

    pattern = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    return ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, pattern)
