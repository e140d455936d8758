"""A broker's configuration file.

Three listeners: CLIENT for whoever uses the cluster, BROKER between brokers, CONTROLLER for the
quorum. Without ``secure`` nobody logs in and CLIENT serves brokers too. With it clients log in
by SCRAM, brokers and controllers by a password of their own that is in this file (mode 0600):
nothing on the machine gets in without one, and no password is ever an argument of a process.
"""

import json
from pathlib import Path

from ops.local.described import LocalKafka
from ops.local.kafka_access import SUPER_USER
from ops.local.processes import LOOPBACK

_COMMON = {
    "process.roles": "broker,controller",
    "auto.create.topics.enable": "false",
    "unclean.leader.election.enable": "false",
    "log.retention.ms": "-1",
    # Kafka's default is three seconds. Workers that start together share the partitions at once,
    # and the first one does not begin with all of them.
    "group.initial.rebalance.delay.ms": "300",
    # The default of six seconds is what every member that dies would cost a test.
    "group.min.session.timeout.ms": "1000",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.num.partitions": "8",
    "share.coordinator.state.topic.num.partitions": "8",
    # The default of 128 MB does not fit beside anything else in a small heap.
    "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
}
_REPLICATED = (
    "default.replication.factor",
    "offsets.topic.replication.factor",
    "transaction.state.log.replication.factor",
    "share.coordinator.state.topic.replication.factor",
)
_IN_SYNC = (
    "min.insync.replicas",
    "transaction.state.log.min.isr",
    "share.coordinator.state.topic.min.isr",
)
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


def broker_properties(kafka: LocalKafka, node: int, data: Path, password: str) -> str:
    """The text of ``server.properties`` of broker ``node``, counted from 1.

    ``password`` is the brokers' own, used with ``secure`` only.
    """
    count = len(kafka.client_ports)
    ports = {
        "CLIENT": kafka.client_ports[node - 1],
        "BROKER": kafka.broker_ports[node - 1],
        "CONTROLLER": kafka.controller_ports[node - 1],
    }
    if not kafka.secure:
        del ports["BROKER"]
    listeners = {name: f"{name}://{LOOPBACK}:{port}" for name, port in ports.items()}
    protocol = "SASL_PLAINTEXT" if kafka.secure else "PLAINTEXT"
    voters = [f"{n}@{LOOPBACK}:{port}" for n, port in enumerate(kafka.controller_ports, 1)]
    settings = {
        **_COMMON,
        "node.id": str(node),
        "log.dirs": str(data),
        "controller.quorum.voters": ",".join(voters),
        "listeners": ",".join(listeners.values()),
        "advertised.listeners": ",".join(
            text for name, text in listeners.items() if name != "CONTROLLER"
        ),
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name in ports),
        "inter.broker.listener.name": "BROKER" if kafka.secure else "CLIENT",
        "controller.listener.names": "CONTROLLER",
        **dict.fromkeys(_REPLICATED, str(count)),
        **dict.fromkeys(_IN_SYNC, str(min(count, 2))),
        **(_security(password) if kafka.secure else {}),
    }
    # Properties files are read as Latin-1 with \\u escapes, which JSON's strings are too.
    return "".join(
        f"{name}={json.dumps(value)[1:-1]}\n" for name, value in settings.items()
    ).replace('\\"', '"')


def _security(password: str) -> dict[str, str]:
    own = (
        f'{_PLAIN} required username="{SUPER_USER}" password="{password}" '
        f'user_{SUPER_USER}="{password}";'
    )
    return {
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.client.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.client.scram-sha-512.sasl.jaas.config": f"{_SCRAM} required;",
        "listener.name.broker.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.broker.plain.sasl.jaas.config": own,
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": own,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{SUPER_USER}",
        "allow.everyone.if.no.acl.found": "false",
        "delete.topic.enable": "false",
    }
