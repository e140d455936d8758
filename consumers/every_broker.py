"""Waiting until every broker knows what the controller has already answered for.

A cluster's metadata is a log that each broker reads for itself: what was just made is known to one
a moment before the next, and kafka-python asks any one of them. A command typed right after
would meet a broker that knows no such topic, or no such rule.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

KNOWN_WITHIN_S = 20.0
_POLL_S = 0.02


def wait_for_every_broker(admin: Any, request: Any, known: Callable[[Any], bool]) -> None:
    """Ask each broker that is up until what it answers to ``request`` is what is ``known``.

    ``admin`` is kafka-python's admin client; its public calls do not choose the broker. Raises
    ``KafkaTimeoutError`` when one does not know after :data:`KNOWN_WITHIN_S` seconds.
    """
    from kafka import errors

    brokers = admin.describe_cluster()["brokers"]
    waiting = {broker["broker_id"] for broker in brokers if not broker.get("is_fenced", False)}
    deadline = time.monotonic() + KNOWN_WITHIN_S
    while True:
        answers = {node: admin._manager.run(admin._manager.send, request, node) for node in waiting}
        waiting = {node for node, answer in answers.items() if not known(answer)}
        if not waiting:
            return
        if time.monotonic() > deadline:
            raise errors.KafkaTimeoutError(f"not known to the brokers {sorted(waiting)}")
        time.sleep(_POLL_S)


def wait_for_topics(admin: Any, names: Sequence[str]) -> None:
    """Wait until every broker knows a leader of every partition of these topics."""
    from kafka.protocol.metadata import MetadataRequest

    request = MetadataRequest(
        topics=[MetadataRequest.MetadataRequestTopic(name=name) for name in names],
        allow_auto_topic_creation=False,
    )

    def known(answer: Any) -> bool:
        return all(
            topic.error_code == 0
            and topic.partitions
            and all(part.error_code == 0 and part.leader_id >= 0 for part in topic.partitions)
            for topic in answer.topics
        )

    wait_for_every_broker(admin, request, known)
