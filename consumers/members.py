"""Who is in a consumer group, as the brokers see it."""

from consumers.connection import KafkaSettings
from consumers.errors import KafkaRefused
from consumers.worker import GROUP

_ANSWER_MS = 10_000
_SETTLED = "Stable"


def members(kafka: KafkaSettings, group: str = GROUP) -> list[frozenset[int]]:
    """The partitions of each member; none while the group is empty or being arranged anew.

    A member that died is one until its session is over. Raises :class:`KafkaRefused`.
    """
    from kafka import KafkaAdminClient, errors

    try:
        with KafkaAdminClient(
            **kafka.options(), bootstrap_timeout_ms=_ANSWER_MS, request_timeout_ms=_ANSWER_MS
        ) as admin:
            told = admin.describe_groups([group])[group]
    except (errors.GroupIdNotFoundError, errors.CoordinatorNotAvailableError):
        return []
    except errors.KafkaError as error:
        raise KafkaRefused(what=f"describe group {group}", reason=str(error)) from error
    if told["group_state"] != _SETTLED:
        return []
    return [
        frozenset(p for topic in assigned for p in topic["partitions"])
        for assigned in (m["member_assignment"]["assigned_partitions"] for m in told["members"])
    ]
