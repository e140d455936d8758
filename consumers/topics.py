"""The topics of the log, as data, and their making.

The log's topics keep everything for ever; the relay's state is compacted to its newest record. The
number of partitions is chosen when a topic is made and never changes: a subject's partition is
its key's hash modulo that number, and with another number its later events would be in
another partition than its earlier ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from consumers.connection import KafkaSettings, check_connection, not_authorized
from consumers.errors import KafkaRefused, TopicPartitionsFixed
from consumers.every_broker import wait_for_topics

EVENTS = "benefits.events"
CHECKPOINTS = "benefits.checkpoints"
RELAY = "benefits.relay"
DEAD_LETTERS = "benefits.events.dlq"
RELAY_TRANSACTIONAL_ID = "benefits.relay"
"""What a relay's transactional id begins with; its log's origin follows."""

PARTITIONS = 6
"""Of the events, unless another number is asked for when they are made."""
REPLICATION = 3
IN_SYNC = 2
"""Replicas that hold a record before it counts as written, where there are so many brokers."""
MESSAGE_BYTES = 1_048_588
"""Kafka's own default: a whole batch must fit, and the relay's are a quarter of it."""

_FOREVER = {"retention.ms": "-1", "retention.bytes": "-1"}
_ALWAYS = {
    # The time of a record is the event's recorded time, however old; and nothing re-encodes it.
    "message.timestamp.type": "CreateTime",
    "message.timestamp.before.max.ms": str(2**63 - 1),
    "compression.type": "producer",
    "unclean.leader.election.enable": "false",
    "max.message.bytes": str(MESSAGE_BYTES),
}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: its key, who writes it, whether it is split by subject, its settings."""

    name: str
    key: str
    writer: str
    partitioned: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    def partitions(self, chosen: int) -> int:
        """How many partitions it is made with; ``chosen`` is the events' number."""
        return chosen if self.partitioned else 1


_SMALL = {"segment.bytes": str(16 * 1024 * 1024)}
"""Only closed segments are compacted, and the relay's records are some hundred bytes each."""
_KEPT = {"cleanup.policy": "delete", **_FOREVER, **_ALWAYS}

TOPICS = (
    Topic(EVENTS, "subject", "relay", True, _KEPT),
    Topic(CHECKPOINTS, "log origin", "relay", False, _KEPT),
    Topic(RELAY, "log origin", "relay", False, {"cleanup.policy": "compact", **_ALWAYS, **_SMALL}),
    Topic(DEAD_LETTERS, "subject", "projector", True, _KEPT),
)


def replication_of(brokers: int) -> tuple[int, int]:
    """Copies of a topic, and how many must be in sync, in a cluster of so many brokers."""
    copies = min(REPLICATION, brokers)
    return copies, min(IN_SYNC, copies)


def create_topics(
    kafka: KafkaSettings, *, partitions: int | None = None, topics: Sequence[Topic] = TOPICS
) -> list[str]:
    """Make the topics that are missing; their names. Those that are there stay as they are.

    ``partitions`` (default :data:`PARTITIONS`) is the events' number. Raises
    :class:`TopicPartitionsFixed` when one was given and a topic has another,
    :class:`KafkaNotAuthorized`, :class:`KafkaRefused`, and what :func:`check_connection` raises.
    """
    from kafka import KafkaAdminClient, errors

    check_connection(kafka)
    with KafkaAdminClient(**kafka.options()) as admin:
        known = partition_counts(admin, topics)
        for topic in topics:
            if partitions and topic.name in known and topic.partitioned:
                _same(topic, known[topic.name], partitions)
        missing = [topic for topic in topics if topic.name not in known]
        if not missing:
            return []
        copies, in_sync = replication_of(len(admin.describe_cluster()["brokers"]))
        wanted = {
            topic.name: {
                "num_partitions": topic.partitions(partitions or PARTITIONS),
                "replication_factor": copies,
                "configs": {**topic.settings, "min.insync.replicas": str(in_sync)},
            }
            for topic in missing
        }
        try:
            admin.create_topics(wanted)
            wait_for_topics(admin, list(wanted))
        except errors.AuthorizationError as error:
            raise not_authorized(kafka, f"create {', '.join(wanted)}") from error
        except errors.KafkaError as error:
            raise KafkaRefused(what="create topics", reason=str(error)) from error
        return list(wanted)


def partition_counts(admin: Any, topics: Sequence[Topic]) -> dict[str, int]:
    """Partitions of those topics that exist; ``admin`` is kafka-python's admin client."""
    return {
        told["name"]: len(told["partitions"])
        for told in admin.describe_topics([topic.name for topic in topics])
        if told["error_code"] == 0
    }


def _same(topic: Topic, found: int, given: int) -> None:
    if found != given:
        raise TopicPartitionsFixed(topic=topic.name, found=found, given=given)
