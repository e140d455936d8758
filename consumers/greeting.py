"""The first words with a broker: whether it may be trusted, and takes what the settings say.

kafka-python gives a certificate that does not verify, a port without TLS and one that wants a login
as texts, tries all of them again for ever, and never says which address it failed at.
"""

import socket
import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from consumers.errors import KafkaNotTrusted, KafkaSecurityMismatch

if TYPE_CHECKING:
    from consumers.connection import KafkaSettings

GREETING_S = 5.0
"""How long a broker may take for its first words."""


class Greeting:
    """What is said to each broker of a cluster. Raises :class:`KafkaNotTrusted`."""

    def __init__(self, kafka: "KafkaSettings", timeout_s: float) -> None:
        self._kafka = kafka
        self._timeout_s = min(timeout_s, GREETING_S)
        self._trusted = _trusted(kafka) if kafka.security.tls else None

    def say(self, host: str, port: int) -> None:
        """Connect, without a login.

        Raises OSError, in the system's words; :class:`KafkaNotTrusted`,
        :class:`KafkaSecurityMismatch`.
        """
        with socket.create_connection((host, port), self._timeout_s) as plain:
            if self._trusted is None:
                return
            try:
                self._trusted.wrap_socket(plain, server_hostname=host.rstrip(".")).close()
            except ssl.SSLCertVerificationError as error:
                reason = error.verify_message
                raise KafkaNotTrusted(bootstrap=f"{host}:{port}", reason=reason) from error
            except ssl.SSLError as error:
                raise self.mismatch(f"{host}:{port}", error) from error

    async def ask(self, connection: Any, where: str) -> Iterable[Any]:
        """The brokers that the cluster has. Raises :class:`KafkaSecurityMismatch`.

        Where a login is needed a broker tells anyone its version and hangs up on the next question.
        """
        from kafka import errors
        from kafka.protocol.metadata import MetadataRequest

        request = MetadataRequest(
            topics=MetadataRequest.NO_TOPICS,
            allow_auto_topic_creation=False,
            include_cluster_authorized_operations=False,
            include_topic_authorized_operations=False,
        )
        try:
            brokers: Iterable[Any] = (await connection.send_request(request)).brokers
        except errors.KafkaConnectionError as error:
            if self._kafka.security.sasl:
                raise
            raise self.mismatch(where, error) from error
        return brokers

    def say_to_all(self, brokers: Iterable[Any]) -> None:
        """See that some broker is where the cluster says that clients find it.

        All reading and writing goes there, however a client came in, and kafka-python waits for
        ever for what is not there. A broker may be down; a certificate that does not fit never
        passes. Raises as :meth:`say`, and OSError where none of them can be reached.
        """
        failures = []
        for broker in brokers:
            where = f"{broker.host}:{broker.port}"
            if where in self._kafka.bootstrap:
                return
            try:
                self.say(broker.host, broker.port)
            except OSError as error:
                failures.append(f"{where}: {error.strerror or error}")
            else:
                return
        if failures:
            raise OSError("; ".join(failures))

    def mismatch(self, where: str, error: Exception) -> KafkaSecurityMismatch:
        """What is raised where a broker and the settings differ on TLS, or on a login."""
        reason = str(error) or type(error).__name__
        return KafkaSecurityMismatch(
            bootstrap=where, security=self._kafka.security.value, reason=reason
        )


def _trusted(kafka: "KafkaSettings") -> ssl.SSLContext:
    """What kafka-python trusts with these settings."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if kafka.ca_file is None:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(kafka.ca_file)
    except OSError as error:
        # Neither the system nor OpenSSL names the file.
        reason = f"{kafka.ca_file}: {error.strerror or error}"
        raise KafkaNotTrusted(bootstrap=",".join(kafka.bootstrap), reason=reason) from error
    return context
