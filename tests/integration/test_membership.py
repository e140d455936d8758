"""Members of a consumer group, one of which falls out of it while another joins."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from kafka import errors

from consumers.connection import KafkaSettings
from consumers.membership import Membership
from tests.kafka_logs import kafka_log

PARTITIONS = 4
WITHIN_S = 30.0


def until(holds: Callable[[], bool], *members: Membership) -> bool:
    """Let the members hear what is new, and settle it, until something holds."""
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        if time.monotonic() > deadline:
            return False
        for member in members:
            if member.changed() is not None:
                member.settled()
        time.sleep(0.01)
    return True


def fallen_out_at_the_next_rebalance(consumer: Any) -> None:
    """The brokers' next word that members come and go says besides: your generation is gone."""
    coordinator = consumer._coordinator
    handle = coordinator._handle_heartbeat_response

    def handled(response: Any, sent: float) -> Any:
        if errors.for_code(response.error_code) is errors.RebalanceInProgressError:
            coordinator._handle_heartbeat_response = handle
            response.error_code = errors.IllegalGenerationError.errno
        return handle(response, sent)

    coordinator._handle_heartbeat_response = handled


def test_what_a_member_has_lost_goes_to_whoever_joins_meanwhile(
    kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it is promised to the one once the other has given it up, which that one has no more."""
    log = kafka_log(kafka, partitions=PARTITIONS)
    made: list[Any] = []
    plain = Membership._consumer

    def kept(self: Membership) -> Any:
        made.append(plain(self))
        return made[-1]

    monkeypatch.setattr(Membership, "_consumer", kept)
    with Membership(kafka, log.name, log.events) as first:
        assert until(lambda: len(first._mine) == PARTITIONS, first)
        fallen_out_at_the_next_rebalance(made[0])
        with Membership(kafka, log.name, log.events) as second:
            assert until(
                lambda: len(second._mine) == len(first._mine) == PARTITIONS // 2, first, second
            )
            assert first._mine | second._mine == set(range(PARTITIONS))
