"""How a client reaches the brokers: one value, the clients' options made of it, and a probe.

kafka-python says of a wrong password or certificate, as of a broker that is down, that time ran
out, and a consumer waits for a missing topic for ever. So every process checks its connection
first: :func:`check_connection` says within seconds which of them it is.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from consumers import last_words
from consumers.errors import (
    ChecksumsMissing,
    KafkaAuthenticationFailed,
    KafkaNotAuthorized,
    KafkaSecurityMismatch,
    KafkaTopicMissing,
    KafkaUnreachable,
)
from consumers.greeting import Greeting

SCRAM = "SCRAM-SHA-512"
CHECK_TIMEOUT_S = 10.0
_RETRY_S = 0.2
_SURE = 3
"""Times in a row that a broker hangs up: once, it may just be going down."""


class Security(StrEnum):
    """What protects a connection: nothing, a password, TLS, or both."""

    PLAINTEXT = "plaintext"
    SASL_PLAINTEXT = "sasl_plaintext"
    SASL_SSL = "sasl_ssl"
    SSL = "ssl"

    @property
    def sasl(self) -> bool:
        return self.value.startswith("sasl")

    @property
    def tls(self) -> bool:
        return self.value.endswith("ssl")


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """Where the brokers are and who asks. ``repr`` shows no password."""

    bootstrap: tuple[str, ...]
    """``host:port`` of some brokers."""
    security: Security = Security.PLAINTEXT
    username: str | None = None
    password: SecretStr | None = None
    ca_file: Path | None = None
    """Certificates to trust, PEM; the system's when absent."""
    mechanism: str = SCRAM

    def options(self) -> dict[str, Any]:
        """Keyword arguments that kafka-python's producer, consumer and admin client all take."""
        options: dict[str, Any] = {
            "bootstrap_servers": list(self.bootstrap),
            "security_protocol": self.security.value.upper(),
        }
        if self.security.sasl:
            options["sasl_mechanism"] = self.mechanism
            options["sasl_plain_username"] = self.username
            options["sasl_plain_password"] = _Unshown(
                self.password.get_secret_value() if self.password else ""
            )
        if self.ca_file is not None:
            options["ssl_cafile"] = str(self.ca_file)
        return options


class _Unshown(str):
    """A password as kafka-python takes it: its debug log prints a client's whole configuration."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'**********'"


def check_connection(
    kafka: KafkaSettings, topics: Iterable[str] = (), *, timeout_s: float = CHECK_TIMEOUT_S
) -> None:
    """Log in to a broker and see that the topics are there and may be read about.

    Raises :class:`ChecksumsMissing`, :class:`KafkaUnreachable` (after ``timeout_s``), at once
    its kinds :class:`KafkaNotTrusted` and :class:`KafkaSecurityMismatch`,
    :class:`KafkaAuthenticationFailed`, :class:`KafkaTopicMissing`, :class:`KafkaNotAuthorized`.
    """
    log_in(kafka, timeout_s=timeout_s)
    wanted = sorted(set(topics))
    if wanted:
        _check_topics(kafka, wanted, timeout_s)


def log_in(kafka: KafkaSettings, *, timeout_s: float = CHECK_TIMEOUT_S) -> None:
    """One connection to one of the brokers, with its login, and no more.

    Uses the client's own connection, whose future carries the broker's typed answer; the
    clients themselves only log it. Raises as :func:`check_connection`.
    """
    from kafka import errors

    if find_spec("crc32c") is None:
        raise ChecksumsMissing()
    deadline = time.monotonic() + timeout_s
    where = ",".join(kafka.bootstrap)
    greeting = Greeting(kafka, timeout_s)
    reason: Exception | None = None
    hung_up = 0
    while (left := deadline - time.monotonic()) > 0:
        try:
            _connect_once(kafka, greeting, left)
            return
        except (errors.SaslAuthenticationFailedError, errors.UnsupportedSaslMechanismError) as no:
            raise KafkaAuthenticationFailed(
                bootstrap=where, username=kafka.username or "-", reason=_words(no)
            ) from no
        except (errors.InvalidReceiveError, errors.IllegalSaslStateError) as no:
            # It speaks something else, as TLS, or takes no login here.
            raise greeting.mismatch(where, no) from no
        except KafkaSecurityMismatch as error:
            reason, hung_up = error, hung_up + 1
            if hung_up == _SURE:
                raise
        except (errors.KafkaError, OSError) as error:
            reason, hung_up = error, 0
        time.sleep(min(_RETRY_S, max(0.0, deadline - time.monotonic())))
    raise KafkaUnreachable(bootstrap=where, reason=_words(reason)) from reason


def _connect_once(kafka: KafkaSettings, greeting: Greeting, timeout_s: float) -> None:
    """Try each broker once; the last failure is raised, one that will not pass at once."""
    from kafka import errors
    from kafka.net.manager import KafkaConnectionManager
    from kafka.net.selector import NetworkSelector

    last_words.listen()
    net = NetworkSelector()
    manager = KafkaConnectionManager(net, **kafka.options())

    async def connect() -> None:
        failure: Exception = errors.KafkaConnectionError("no broker named")
        for broker in manager.cluster.bootstrap_brokers():
            try:
                greeting.say(broker.host, broker.port)
                connection = manager.get_connection(
                    broker.node_id,
                    timeout_ms=timeout_s * 1_000,
                    pop_on_close=False,
                    refresh_metadata_on_err=False,
                )
                await connection
                where = f"{broker.host}:{broker.port}"
                greeting.say_to_all(await greeting.ask(connection, where))
                return
            except (
                errors.SaslAuthenticationFailedError,
                errors.InvalidReceiveError,
                errors.IllegalSaslStateError,
            ):
                raise
            except (errors.KafkaError, OSError) as error:
                failure = error
        raise failure

    try:
        net.run(connect)
    finally:
        manager.close()
        net.close()


def _check_topics(kafka: KafkaSettings, topics: list[str], timeout_s: float) -> None:
    from kafka import KafkaAdminClient, errors

    timeout_ms = int(timeout_s * 1_000)
    try:
        with KafkaAdminClient(
            **kafka.options(), bootstrap_timeout_ms=timeout_ms, request_timeout_ms=timeout_ms
        ) as admin:
            found = {t["name"]: t["error_code"] for t in admin.describe_topics(topics)}
    except errors.KafkaError as error:
        raise KafkaUnreachable(bootstrap=",".join(kafka.bootstrap), reason=_words(error)) from error
    kinds = {name: errors.for_code(found.get(name, 3)) for name in topics}
    missing = [n for n, kind in kinds.items() if kind is errors.UnknownTopicOrPartitionError]
    if missing:
        raise KafkaTopicMissing(topics=", ".join(missing))
    refused = [n for n, kind in kinds.items() if kind is errors.TopicAuthorizationFailedError]
    if refused:
        raise not_authorized(kafka, f"describe {', '.join(refused)}")


def not_authorized(kafka: KafkaSettings, what: str) -> KafkaNotAuthorized:
    """What is raised where a login may not do something."""
    return KafkaNotAuthorized(username=kafka.username or "-", what=what)


def _words(error: Exception | None) -> str:
    """An error's own words, or its kind where it has none."""
    return (str(error) or type(error).__name__) if error else "?"
