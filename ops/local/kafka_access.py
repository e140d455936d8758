"""Who may do what on a secured cluster: its users and their access rules.

A user's consumer groups begin with the user's name. Nobody may delete a topic or records of one, or
alter a topic: the log is append-only on the broker too. Only ``kafka up`` itself, as the brokers'
own user, may do more.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from consumers.every_broker import wait_for_every_broker
from consumers.topics import (
    CHECKPOINTS,
    DEAD_LETTERS,
    EVENTS,
    RELAY,
    RELAY_TRANSACTIONAL_ID,
)
from ops.local.errors import ServerNotReady

SUPER_USER = "broker"
USERS = ("admin", "relay", "projector", "reader")
_ANY = "*"


class Rule(NamedTuple):
    """A user may do these operations on what is named, or on all whose name begins so."""

    user: str
    kind: str
    name: str
    operations: tuple[str, ...]
    prefixed: bool = False


_READ = ("READ", "DESCRIBE", "DESCRIBE_CONFIGS")
_WRITE = ("WRITE", "DESCRIBE", "DESCRIBE_CONFIGS")

RULES = (
    Rule("admin", "TOPIC", _ANY, ("CREATE", *_READ)),
    Rule("admin", "GROUP", _ANY, ("DESCRIBE",)),
    Rule("admin", "GROUP", "admin", ("READ",), prefixed=True),
    Rule("admin", "CLUSTER", "kafka-cluster", ("DESCRIBE", "DESCRIBE_CONFIGS")),
    *(Rule("relay", "TOPIC", topic, ("READ", *_WRITE)) for topic in (EVENTS, CHECKPOINTS, RELAY)),
    Rule("relay", "TRANSACTIONAL_ID", RELAY_TRANSACTIONAL_ID, ("WRITE", "DESCRIBE"), prefixed=True),
    *(Rule("projector", "TOPIC", topic, _READ) for topic in (EVENTS, CHECKPOINTS, DEAD_LETTERS)),
    Rule("projector", "TOPIC", DEAD_LETTERS, ("WRITE",)),
    Rule("projector", "GROUP", "projector", ("READ", "DESCRIBE"), prefixed=True),
    *(Rule("reader", "TOPIC", topic, ("READ", "DESCRIBE")) for topic in (EVENTS, CHECKPOINTS)),
    Rule("reader", "GROUP", "reader", ("READ", "DESCRIBE"), prefixed=True),
)


def establish(admin: Any, password: Callable[[str], str]) -> None:
    """Make the users that are missing and every rule; safe to repeat.

    ``admin`` is kafka-python's admin client, logged in as :data:`SUPER_USER`. Passwords leave this
    process only salted and hashed, as SCRAM stores them.
    """
    from kafka.admin import UserScramCredentialUpsertion

    known = {
        name
        for name, told in admin.describe_user_scram_credentials().items()
        if told["credential_infos"]
    }
    missing = [user for user in USERS if user not in known]
    if missing:
        refused = admin.alter_user_scram_credentials(
            [
                UserScramCredentialUpsertion(user, "SCRAM-SHA-512", password(user))
                for user in missing
            ]
        )
        _all_well(reason for reason in refused.values() if reason)
    make_rules(admin, _acls())


def make_rules(admin: Any, acls: Sequence[Any]) -> None:
    """Make access rules and wait until every broker goes by them, and by all that came before.

    Raises :class:`ServerNotReady` when a rule is refused, and kafka-python's errors.
    """
    from kafka.protocol.admin import DescribeAclsRequest

    _all_well(admin.create_acls(list(acls))["failed"])
    last = acls[-1]
    request = DescribeAclsRequest(
        resource_type_filter=last.resource_pattern.resource_type,
        resource_name_filter=last.resource_pattern.resource_name,
        pattern_type_filter=last.resource_pattern.pattern_type,
        principal_filter=last.principal,
        host_filter=last.host,
        operation=last.operation,
        permission_type=last.permission_type,
    )
    wait_for_every_broker(admin, request, lambda answer: bool(answer.resources))


def _all_well(failures: Any) -> None:
    words = [str(failure) for failure in failures]
    if words:
        raise ServerNotReady(server="kafka", log="\n".join(words))


def _acls() -> list[Any]:
    from kafka.admin import (
        ACL,
        ACLOperation,
        ACLPermissionType,
        ACLResourcePatternType,
        ResourcePattern,
        ResourceType,
    )

    return [
        ACL(
            principal=f"User:{rule.user}",
            host="*",
            operation=ACLOperation[operation],
            permission_type=ACLPermissionType.ALLOW,
            resource_pattern=ResourcePattern(
                ResourceType[rule.kind],
                rule.name,
                ACLResourcePatternType.PREFIXED
                if rule.prefixed
                else ACLResourcePatternType.LITERAL,
            ),
        )
        for rule in RULES
        for operation in rule.operations
    ]
