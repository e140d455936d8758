"""A cluster of somebody's own, reached by TLS with a login: all of the way works, and nothing less.

The broker is known here only by what an operator would set, each part with a user of its own.
"""

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from consumers.client import EventClient
from consumers.connection import KafkaSettings, check_connection, log_in
from consumers.errors import (
    KafkaAuthenticationFailed,
    KafkaNotAuthorized,
    KafkaNotTrusted,
    KafkaSecurityMismatch,
    KafkaUnreachable,
)
from consumers.examples import bank_feeder
from consumers.greeting import GREETING_S
from consumers.kafka_feed import KafkaFeed
from consumers.topics import EVENTS
from consumers.worker import Worker
from ledger.domain.errors import LedgerError
from ops.home import opened
from ops.local.java import kafka_runtime
from ops.settings import KafkaUser, Settings
from projections.database import ViewDatabase
from tests.integration.cli import ok, run
from tests.integration.test_workers import clean, digests
from tests.tls import HOST, Authority, TlsCluster

SOON_S = 6.0
"""What a person waits for an answer."""

Given = Callable[..., Settings]


@pytest.fixture
def given(kafka_tls: TlsCluster, monkeypatch: pytest.MonkeyPatch) -> Given:
    """Sets what an operator sets for the relay, and by name what is otherwise; None: not set."""

    def set_all(*, port: int = kafka_tls.login, host: str = HOST, **other: str | None) -> Settings:
        values: dict[str, str | None] = {
            "KAFKA_BOOTSTRAP": f"{host}:{port}",
            "KAFKA_SECURITY": "sasl_ssl",
            "KAFKA_USERNAME": "relay",
            "KAFKA_PASSWORD_FILE": str(kafka_tls.passwords / "relay"),
            "KAFKA_CA_FILE": str(kafka_tls.authority),
            **other,
        }
        for name, value in values.items():
            if value is None:
                monkeypatch.delenv(f"BENEFITS_{name}", raising=False)
            else:
                monkeypatch.setenv(f"BENEFITS_{name}", value)
        return Settings.load()

    return set_all


@pytest.fixture
def as_user(given: Given, kafka_tls: TlsCluster) -> Callable[[KafkaUser], Settings]:
    def set_user(user: KafkaUser) -> Settings:
        return given(KAFKA_USERNAME=user, KAFKA_PASSWORD_FILE=str(kafka_tls.passwords / user))

    return set_user


def refused(settings: Settings) -> LedgerError:
    """How a connection is refused, soon and in both languages."""
    began = time.monotonic()
    with pytest.raises(LedgerError) as told:
        check_connection(settings.kafka("relay"), [EVENTS])
    assert time.monotonic() - began < SOON_S
    assert told.value.message("zh") != told.value.message("en")
    return told.value


def test_all_of_the_way_goes_by_tls(
    city: Path,
    tmp_path: Path,
    as_user: Callable[[KafkaUser], Settings],
    make_database: Callable[[], str],
) -> None:
    """From the topics' making to the files of a downstream system, each part as its own user."""
    as_user("admin")
    ok(city, "topics", "create", "--partitions", "3")
    ok(city, "topics", "check")
    as_user("relay")
    lines = ok(city, "events", "--format", "ndjson").out.splitlines()
    assert ok(city, "relay", "--once", "--format", "json").json["events"] == len(lines) > 20_000
    url = make_database().replace("postgresql://", "postgresql+psycopg://", 1)
    with closing(ViewDatabase(url)) as database:
        worker = Worker(as_user("projector").kafka("projector"), database)
        worker.run(threading.Event(), until_end=True)
    reader = as_user("reader").kafka("reader")
    assert ok(city, "reconcile", "--format", "json").json["findings"] == []
    assert [raw for batch in KafkaFeed(reader).read(0) for _, raw in batch] == lines
    with EventClient(reader) as client:
        assert sum(len(batch.events) for batch in client.batches(until_end=True)) == len(lines)
    given = ("--bootstrap", reader.bootstrap[0], "--security", "sasl_ssl", "--username", "reader")
    secret = ("--password-file", str(Settings.load().kafka_password_file))
    trusted = ("--ca-file", str(reader.ca_file), "--until-end")
    own = ("--database", str(tmp_path / "bank.db"), "--out", str(tmp_path / "out"))
    assert bank_feeder.main([*given, *secret, *trusted, *own]) == 0
    outside = with_kafkas_own_consumer(reader, tmp_path, 9)
    assert len(outside) == 9
    assert set(outside) <= set(lines)
    with opened(city) as home:
        assert digests(url) == clean(home.projector)


def with_kafkas_own_consumer(reader: KafkaSettings, folder: Path, records: int) -> list[bytes]:
    """What the recipe's second command gives whoever logs in: values, beginning with the first."""
    assert reader.password is not None
    login = f'username="{reader.username}" password="{reader.password.get_secret_value()}"'
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    told = (
        "security.protocol=SASL_SSL",
        "sasl.mechanism=SCRAM-SHA-512",
        f"sasl.jaas.config={module} required {login};",
        "ssl.truststore.type=PEM",
        f"ssl.truststore.location={reader.ca_file}",
    )
    (folder / "reader.properties").write_text("\n".join(told))
    asked = {
        "--bootstrap-server": reader.bootstrap[0],
        "--topic": EVENTS,
        "--group": "reader.console",
        "--command-config": str(folder / "reader.properties"),
        "--max-messages": str(records),
    }
    options = [word for option in asked.items() for word in option]
    command = kafka_runtime().command(
        "org.apache.kafka.tools.consumer.ConsoleConsumer", *options, "--from-beginning"
    )
    ended = subprocess.run(command, capture_output=True, timeout=60, check=True)
    return [line for line in ended.stdout.splitlines() if line.startswith(b"{")]


def test_a_certificate_of_an_authority_that_is_not_trusted_is_refused(
    given: Given, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    other.write_text(Authority("another authority").pem)
    for trusted in (str(other), None):
        error = refused(given(KAFKA_CA_FILE=trusted))
        assert isinstance(error, KafkaNotTrusted)
        assert "issuer" in error.message("en")


def test_a_certificate_for_another_host_is_refused(given: Given) -> None:
    error = refused(given(host="127.0.0.1"))
    assert isinstance(error, KafkaNotTrusted)
    assert "127.0.0.1" in error.message("zh")


def test_a_certificate_that_fits_only_where_the_client_comes_in_is_refused(
    given: Given, kafka_tls: TlsCluster
) -> None:
    """The broker tells clients to come by its address, for which its certificate is not."""
    error = refused(given(port=kafka_tls.elsewhere))
    assert isinstance(error, KafkaNotTrusted)
    assert f"127.0.0.1:{kafka_tls.elsewhere}" in error.message("zh")


def test_a_certificate_that_has_expired_is_refused(given: Given, kafka_tls: TlsCluster) -> None:
    error = refused(given(port=kafka_tls.expired))
    assert isinstance(error, KafkaNotTrusted)
    assert "expired" in error.message("en")


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_certificates_is_named(
    given: Given, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "authority.pem"
    if content is not None:
        file.write_text(content)
    error = refused(given(KAFKA_CA_FILE=str(file)))
    assert isinstance(error, KafkaNotTrusted)
    assert str(file) in error.message("zh")


NO_LOGIN = {"KAFKA_USERNAME": None, "KAFKA_PASSWORD_FILE": None}
NO_TLS = {"KAFKA_CA_FILE": None}


@pytest.mark.parametrize(
    ("listener", "security", "without"),
    [
        ("login", "sasl_plaintext", NO_TLS),
        ("login", "plaintext", {**NO_LOGIN, **NO_TLS}),
        ("login", "ssl", NO_LOGIN),
        ("anonymous", "sasl_ssl", {}),
        ("plain", "sasl_ssl", {}),
        ("plain", "plaintext", {**NO_LOGIN, **NO_TLS}),
    ],
)
def test_another_kind_of_connection_than_the_brokers_is_refused_as_that(
    given: Given, kafka_tls: TlsCluster, listener: str, security: str, without: dict[str, None]
) -> None:
    settings = given(port=getattr(kafka_tls, listener), KAFKA_SECURITY=security, **without)
    error = refused(settings)
    assert isinstance(error, KafkaSecurityMismatch)
    assert security in error.message("zh")


def test_tls_without_a_login_gets_as_far_as_the_rules_let_it(
    given: Given, kafka_tls: TlsCluster
) -> None:
    settings = given(port=kafka_tls.anonymous, KAFKA_SECURITY="ssl", **NO_LOGIN)
    log_in(settings.kafka("relay"))
    assert isinstance(refused(settings), KafkaNotAuthorized)


def test_a_wrong_password_is_said_as_that(given: Given, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("not-this-one")
    error = refused(given(KAFKA_PASSWORD_FILE=str(file)))
    assert isinstance(error, KafkaAuthenticationFailed)
    assert "not-this-one" not in repr(error.as_dict())


def test_a_command_ends_with_the_refusal(given: Given, tmp_path: Path) -> None:
    ok(tmp_path, "init")
    given(host="127.0.0.1")
    for command in ("relay", "reconcile", "topics check", "topics create"):
        ended = run(tmp_path, *command.split(), "--lang", "en", "--format", "json")
        assert ended.status == 4, command
        assert '"kafka-not-trusted"' in ended.err, command


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that accepts and says nothing, as of a machine that hangs."""
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


def test_who_accepts_and_says_nothing_is_given_up(given: Given, silent: int) -> None:
    settings = given(port=silent).kafka("relay")
    began = time.monotonic()
    with pytest.raises(KafkaUnreachable):
        log_in(settings, timeout_s=1)
    assert time.monotonic() - began < GREETING_S
