"""A home's own Apache Kafka: one broker or three, on loopback, each a process of its own.

Starting is the same after a clean stop, a kill or a crash: what runs is left alone, what does
not is started, and it counts as started when every broker has answered a client that logged in.
"""

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import psutil
from pydantic import SecretStr

from consumers.connection import KafkaSettings, Security, log_in
from consumers.errors import KafkaAuthenticationFailed, KafkaUnreachable
from ledger.domain.errors import InvalidValue
from ledger.store.errors import HomeMismatch
from ops.local import kafka_access
from ops.local.described import (
    CONNECTION_FILE,
    PASSWORDS,
    LocalKafka,
    read_description,
    read_password,
    written,
)
from ops.local.errors import ServerNotReady
from ops.local.java import KafkaRuntime, kafka_runtime
from ops.local.kafka_properties import broker_properties
from ops.local.processes import (
    LOOPBACK,
    exclusive,
    free_ports,
    kept_password,
    last_lines,
    listening,
    private_folder,
    recorded_process,
    spawn,
    stop,
    write_private,
)

CLUSTER_SIZES = (1, 3)
HEAP_MB = 384
READY_TIMEOUT_S = 120
STOP_TIMEOUT_S = 30
_FORMAT_TIMEOUT_S = 120
_POLL_S = 0.1
_ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class BrokerStatus:
    """One broker: its node id, process id if it runs, client port, and whether it answers."""

    node: int
    pid: int | None
    port: int
    ready: bool


class LocalBrokers:
    """The brokers of one home; their files are in ``<home>/kafka``."""

    def __init__(self, home: Path) -> None:
        self.folder = home.absolute() / "kafka"

    def up(self, *, brokers: int | None = None, secure: bool | None = None) -> list[BrokerStatus]:
        """Start what does not run, and wait until all of it answers.

        ``brokers`` (1 or 3, at first 1) and ``secure`` (at first not) are kept from the first time.
        Raises :class:`HomeMismatch` when others are asked for later, :class:`ServerNotReady`,
        and what :func:`ops.local.jars.ensure_jars` raises.
        """
        private_folder(self.folder)
        with exclusive(self.folder / ".lock"):
            kafka = self._planned(brokers, secure)
            nodes = range(1, len(kafka.client_ports) + 1)
            missing = [node for node in nodes if self._process(node) is None]
            if missing:
                runtime = kafka_runtime()
                own = self._password(kafka_access.SUPER_USER) if kafka.secure else ""
                with ThreadPoolExecutor(len(missing)) as pool:
                    list(pool.map(partial(self._prepare, runtime, kafka, own), missing))
                for node in missing:
                    self._spawn(runtime, node)
            try:
                self._await_ready(kafka)
            except BaseException:
                self._stop(missing)
                raise
            return self._statuses(kafka)

    def down(self) -> int:
        """Stop every broker; how many ran. Raises :class:`ServerNotStopped`."""
        kafka = read_description(self.folder, LocalKafka)
        if kafka is None:
            return 0
        with exclusive(self.folder / ".lock"):
            return self._stop(range(1, len(kafka.client_ports) + 1))

    def status(self) -> list[BrokerStatus]:
        """Every broker of the home; empty where Kafka was never started."""
        kafka = read_description(self.folder, LocalKafka)
        return [] if kafka is None else self._statuses(kafka)

    def logs(self, node: int) -> tuple[Path, Path]:
        """What a broker's process wrote itself, and its log."""
        return self._of(node) / "output.log", self._of(node) / "broker.log"

    # --- steps

    def _of(self, node: int) -> Path:
        return self.folder / f"broker-{node}"

    def _process(self, node: int) -> psutil.Process | None:
        return recorded_process(self._of(node) / "process.json", str(self._of(node)))

    def _planned(self, brokers: int | None, secure: bool | None) -> LocalKafka:
        known = read_description(self.folder, LocalKafka)
        if known is not None:
            for what, found, given in (
                ("brokers", len(known.client_ports), brokers),
                ("secure", known.secure, secure),
            ):
                if given is not None and given != found:
                    raise HomeMismatch(home=self.folder.parent, what=what, found=found, given=given)
            return known
        count = brokers or 1
        if count not in CLUSTER_SIZES:
            raise InvalidValue(field="brokers", value=count)
        if "," in str(self.folder):
            # Kafka takes a list of folders and knows no quoting.
            raise InvalidValue(field="home", value=self.folder)
        ports = free_ports(3 * count)
        kafka = LocalKafka(
            cluster_id=_cluster_id(),
            secure=bool(secure),
            bootstrap=[f"{LOOPBACK}:{port}" for port in ports[:count]],
            client_ports=ports[:count],
            controller_ports=ports[count : 2 * count],
            broker_ports=ports[2 * count :],
        )
        write_private(self.folder / CONNECTION_FILE, written(kafka))
        return kafka

    def _prepare(self, runtime: KafkaRuntime, kafka: LocalKafka, own: str, node: int) -> None:
        """Write a broker's configuration and format its data folder, once."""
        folder = private_folder(self._of(node))
        properties = folder / "server.properties"
        write_private(properties, broker_properties(kafka, node, folder / "data", own))
        done = folder / "formatted"
        if done.exists():
            return
        arguments = ("format", "--ignore-formatted", "-t", kafka.cluster_id, "-c", str(properties))
        # It is done within two seconds: compiling it well would take as long again.
        options = ("-XX:TieredStopAtLevel=1", *self._options(node))
        command = runtime.command("kafka.tools.StorageTool", *arguments, options=options)
        ended = subprocess.run(
            command,
            env=runtime.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_FORMAT_TIMEOUT_S,
            check=False,
        )
        if ended.returncode:
            raise ServerNotReady(server=f"kafka {node}", log=ended.stdout[-2_000:])
        write_private(done, kafka.cluster_id)

    def _options(self, node: int) -> tuple[str, ...]:
        configuration = Path(__file__).with_name("log4j2.properties")
        return (
            f"-Dlog4j2.configurationFile={configuration.as_uri()}",
            f"-Dbenefits.log={self.logs(node)[1]}",
        )

    def _spawn(self, runtime: KafkaRuntime, node: int) -> None:
        properties = str(self._of(node) / "server.properties")
        spawn(
            runtime.command(
                "kafka.Kafka", properties, heap_mb=HEAP_MB, options=self._options(node)
            ),
            output=self.logs(node)[0],
            record=self._of(node) / "process.json",
            env=runtime.env,
        )

    def _stop(self, nodes: list[int] | range) -> int:
        running = [process for node in nodes if (process := self._process(node))]
        stop("kafka", running, STOP_TIMEOUT_S)
        for node in nodes:
            (self._of(node) / "process.json").unlink(missing_ok=True)
        return len(running)

    # --- readiness

    def _await_ready(self, kafka: LocalKafka) -> None:
        """Every broker listens, knows the users, and has let a client in."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        nodes = range(1, len(kafka.client_ports) + 1)
        for port in kafka.client_ports:
            while not listening(port):
                self._still_there(nodes, deadline)
                time.sleep(_POLL_S)
        while not self._all_registered(kafka):
            self._still_there(nodes, deadline)
            time.sleep(_POLL_S)
        for port in kafka.client_ports:
            while not self._answers(kafka, port):
                self._still_there(nodes, deadline)
                time.sleep(_POLL_S)

    def _still_there(self, nodes: range, deadline: float) -> None:
        """Raises :class:`ServerNotReady`, with its log's end, when a broker is gone or late."""
        gone = [node for node in nodes if self._process(node) is None]
        if gone or time.monotonic() > deadline:
            node = (gone or list(nodes))[0]
            log = last_lines(self.logs(node))
            raise ServerNotReady(server=f"kafka {node}", log=log)

    def _all_registered(self, kafka: LocalKafka) -> bool:
        """Whether the cluster counts all its brokers; if secure, it then has users and rules."""
        from kafka import KafkaAdminClient, errors

        try:
            with KafkaAdminClient(
                **self._own_settings(kafka).options(),
                bootstrap_timeout_ms=int(_ANSWER_S * 1_000),
                request_timeout_ms=int(_ANSWER_S * 1_000),
            ) as admin:
                brokers = admin.describe_cluster()["brokers"]
                if len([b for b in brokers if not b["is_fenced"]]) < len(kafka.client_ports):
                    return False
                if kafka.secure:
                    kafka_access.establish(admin, self._password)
            return True
        except errors.KafkaError:
            return False

    def _answers(self, kafka: LocalKafka, port: int) -> bool:
        one = replace(self.settings(kafka), bootstrap=(f"{LOOPBACK}:{port}",))
        try:
            log_in(one, timeout_s=_ANSWER_S)
        except (KafkaUnreachable, KafkaAuthenticationFailed):
            return False
        return True

    def _statuses(self, kafka: LocalKafka) -> list[BrokerStatus]:
        found = []
        for node, port in enumerate(kafka.client_ports, 1):
            process = self._process(node)
            ready = process is not None and self._answers(kafka, port)
            found.append(BrokerStatus(node, process.pid if process else None, port, ready))
        return found

    # --- who asks

    def _password(self, user: str) -> str:
        return kept_password(self.folder / PASSWORDS, user)

    def settings(self, kafka: LocalKafka, user: str = "admin") -> KafkaSettings:
        """How one of the cluster's users reaches it."""
        bootstrap = tuple(kafka.bootstrap)
        if not kafka.secure:
            return KafkaSettings(bootstrap)
        password = SecretStr(read_password(self.folder, user))
        return KafkaSettings(bootstrap, Security.SASL_PLAINTEXT, user, password)

    def _own_settings(self, kafka: LocalKafka) -> KafkaSettings:
        """As the brokers among themselves."""
        if not kafka.secure:
            return self.settings(kafka)
        return KafkaSettings(
            tuple(f"{LOOPBACK}:{port}" for port in kafka.broker_ports),
            Security.SASL_PLAINTEXT,
            kafka_access.SUPER_USER,
            SecretStr(self._password(kafka_access.SUPER_USER)),
            mechanism="PLAIN",
        )


def _cluster_id() -> str:
    """Sixteen random bytes as Kafka writes them: URL-safe Base64, not beginning with a dash."""
    from base64 import urlsafe_b64encode

    while (text := urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")).startswith("-"):
        continue
    return text
