"""A broker and a database that speak TLS, as somebody's own would, and a certificate authority.

``kafka up --secure`` stays on loopback and has no certificates. This is the same broker with one
listener more for each way a client could come: clients know it only by what an operator would set.
"""

import asyncio
import datetime
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ops.local.described import PASSWORDS, LocalKafka
from ops.local.java import KafkaRuntime
from ops.local.kafka import LocalBrokers
from ops.local.processes import LOOPBACK, free_ports, write_private

HOST = "localhost"
"""The name that the broker's certificate is for; its address is not in it."""
LOGIN, ANONYMOUS, EXPIRED, ELSEWHERE = _LISTENERS = "LOGIN", "ANONYMOUS", "EXPIRED", "ELSEWHERE"
_SSL_REQUEST = bytes((0, 0, 0, 8, 4, 210, 22, 47))
"""What a driver of PostgreSQL asks first."""
_DAY = datetime.timedelta(days=1)


class Authority:
    """A certificate authority that nobody knows but who is given its certificate."""

    def __init__(self, name: str) -> None:
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        self._certificate = (
            self._builder(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )

    @property
    def pem(self) -> str:
        """What its clients trust."""
        return _pem(self._certificate)

    def issue(self, *names: str, days: int = 1) -> tuple[str, str]:
        """A server's private key and certificate, PEM; ``days`` from now it ends (or ended)."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        alternatives = x509.SubjectAlternativeName([_general(name) for name in names])
        certificate = (
            self._builder(subject, key.public_key(), days)
            .add_extension(alternatives, critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return private.decode(), _pem(certificate)

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, days: int = 1
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 10 * _DAY)
            .not_valid_after(now + days * _DAY)
        )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


class TlsCluster(NamedTuple):
    """A broker's listeners that speak TLS, and the files an operator would be given."""

    login: int
    """The port of those who log in: SASL_SSL."""
    anonymous: int
    """The port of those who do not: SSL."""
    expired: int
    """As ``login``, with a certificate that is no longer valid."""
    elsewhere: int
    """As ``login``, but the broker tells clients to come by its address."""
    plain: int
    """As ``login``, without TLS."""
    authority: Path
    passwords: Path


class _TlsBrokers(LocalBrokers):
    """The home's broker with further listeners; all else of it stays as it is."""

    @property
    def authority(self) -> Path:
        return self.folder / "authority.pem"

    def listeners(self) -> dict[str, int]:
        """The port of each listener."""
        told = _properties(self.folder / "broker-1" / "server.properties")["listeners"]
        ends = (listener.split("://") for listener in told.split(","))
        return {name: int(address.rpartition(":")[2]) for name, address in ends}

    def _prepare(self, runtime: KafkaRuntime, kafka: LocalKafka, own: str, node: int) -> None:
        super()._prepare(runtime, kafka, own, node)
        file = self.folder / f"broker-{node}" / "server.properties"
        told, authority = _properties(file), Authority("benefits test authority")
        ports = dict(zip(_LISTENERS, free_ports(len(_LISTENERS)), strict=True))
        more = {
            "listeners": (f"{name}://{LOOPBACK}:{port}" for name, port in ports.items()),
            "advertised.listeners": (
                f"{name}://{LOOPBACK if name == ELSEWHERE else HOST}:{port}"
                for name, port in ports.items()
            ),
            "listener.security.protocol.map": (
                f"{name}:{'SSL' if name == ANONYMOUS else 'SASL_SSL'}" for name in ports
            ),
        }
        told |= {name: ",".join((told[name], *parts)) for name, parts in more.items()}
        for name in ports:
            listener = f"listener.name.{name.lower()}"
            store = self.folder / f"{name.lower()}.pem"
            write_private(store, "".join(authority.issue(HOST, days=-1 if name == EXPIRED else 1)))
            told[f"{listener}.ssl.keystore.type"] = "PEM"
            told[f"{listener}.ssl.keystore.location"] = str(store)
            if name != ANONYMOUS:
                for setting in ("sasl.enabled.mechanisms", "scram-sha-512.sasl.jaas.config"):
                    told[f"{listener}.{setting}"] = told[f"listener.name.client.{setting}"]
        write_private(file, "".join(f"{name}={value}\n" for name, value in told.items()))
        self.authority.write_text(authority.pem)


def _properties(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


@pytest.fixture(scope="session")
def kafka_tls(servers_folder: Path) -> TlsCluster:
    """One broker that is reached by TLS, with the users and access rules of a secured one."""
    brokers = _TlsBrokers(servers_folder / "tls")
    brokers.up(secure=True)
    ports = brokers.listeners()
    return TlsCluster(
        login=ports[LOGIN],
        anonymous=ports[ANONYMOUS],
        expired=ports[EXPIRED],
        elsewhere=ports[ELSEWHERE],
        plain=ports["CLIENT"],
        authority=brokers.authority,
        passwords=brokers.folder / PASSWORDS,
    )


class TlsDatabase(NamedTuple):
    """Where a database is reached by TLS, and the file an operator would be given."""

    port: int
    authority: Path


@contextmanager
def speaking_tls(port: int, folder: Path) -> Iterator[TlsDatabase]:
    """A door before a local PostgreSQL, whose wheel was built without TLS: as a server that has it.

    It answers the driver's question for TLS as the server would, and passes everything on.
    """
    authority = Authority("benefits test authority")
    (folder / "database.pem").write_text("".join(authority.issue(HOST)))
    (folder / "authority.pem").write_text(authority.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "database.pem")

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def let_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(len(_SSL_REQUEST)) == _SSL_REQUEST
        writer.write(b"S")
        try:
            await writer.start_tls(context)
        except OSError:
            return  # the client does not trust us
        inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, port)
        await asyncio.gather(pass_on(reader, inner_writer), pass_on(inner_reader, writer))

    opened: Future[tuple[int, Callable[[], object]]] = Future()

    async def serve() -> None:
        door, told = await asyncio.start_server(let_in, LOOPBACK, 0), asyncio.Event()
        loop = asyncio.get_running_loop()
        opened.set_result(
            (door.sockets[0].getsockname()[1], lambda: loop.call_soon_threadsafe(told.set))
        )
        await told.wait()
        door.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    own, close = opened.result()
    try:
        yield TlsDatabase(own, folder / "authority.pem")
    finally:
        close()
        thread.join()
