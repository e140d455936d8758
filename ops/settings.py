"""How a process finds its servers: from the environment, else from the home's own files.

This is the one place. A cluster or a database of one's own is a setting, never a code path: where
``BENEFITS_KAFKA_…`` or ``…_URL`` is set it is used, and where none is, the home's local server.
Whether a home's events are in a database at all the home says itself. Secrets are ``SecretStr``:
neither ``repr`` nor any error shows them.
"""

import difflib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from consumers.connection import KafkaSettings, Security
from ledger.domain.errors import UNUSABLE, LedgerError
from ops.local.described import (
    LocalKafka,
    LocalPostgres,
    database_url,
    read_description,
    read_password,
)

PREFIX = "BENEFITS_"

KafkaUser = Literal["admin", "relay", "projector", "reader"]
"""For which part of the system; with a local secured cluster the user of that name."""
DatabaseLogin = Literal["admin", "ledger", "projector", "reader"]
"""For which part of the system; with a local server the login of that name."""

_ANSWER_S = 5.0


class SettingUnknown(LedgerError):
    code, zh, en = (
        "setting-unknown",
        "没有这个设置:{name}{hint}",
        "no such setting: {name}{hint}",
    )


class SettingInvalid(LedgerError):
    code, zh, en = (
        "setting-invalid",
        "设置{name}不成立:{reason}",
        "the setting {name} is not valid: {reason}",
    )


class ServerNotConfigured(LedgerError):
    code, zh, en = (
        "server-not-configured",
        "没有可用的{server}:请设置{name},或运行 benefits-ledger {command}",
        "no {server} is known: set {name}, or run benefits-ledger {command}",
    )


class ServerDown(LedgerError):
    code, zh, en = (
        "server-down",
        "{home}自己的{server}(端口{port})未在运行;请运行 benefits-ledger {command}",
        "the {server} of {home} (port {port}) is not running: run benefits-ledger {command}",
    )
    exit_code = UNUSABLE


class Settings(BaseSettings):
    """The variables ``BENEFITS_…``; an empty one counts as absent."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, hide_input_in_errors=True
    )

    home: Path = Path("benefits-home")
    lang: str = "zh"
    traceback: str | None = None
    keys: Path | None = None
    """The folder of the keys that sign the log's heads; absent: ``keys`` in the home."""
    kafka_bootstrap: str | None = None
    """``host:port,host:port``."""
    kafka_security: Security | None = None
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    kafka_password_file: Path | None = None
    kafka_ca_file: Path | None = None
    database_url: SecretStr | None = None
    """The database of a home made with PostgreSQL; absent: of the home's own server."""
    views_url: SecretStr | None = None
    """The same database for the login that keeps the views; absent: as the others."""

    @field_validator("kafka_bootstrap")
    @classmethod
    def _addresses(cls, value: str | None) -> str | None:
        for address in (value or "").split(",") if value else ():
            host, _, port = address.strip().rpartition(":")
            if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
                raise ValueError("host:port,host:port")
        return value

    @field_validator("database_url", "views_url")
    @classmethod
    def _address_of_a_database(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith("postgresql://"):
            raise ValueError("postgresql://user:password@host:port/database")
        return value

    @classmethod
    def load(cls, home: Path | None = None) -> "Settings":
        """The environment's settings; ``home`` is used instead of BENEFITS_HOME where given.

        Raises :class:`SettingUnknown` for a variable of ours that does not exist, and
        :class:`SettingInvalid`.
        """
        _refuse_unknown(os.environ, set(cls.model_fields))
        given: dict[str, Any] = {} if home is None else {"home": home}
        try:
            return cls(**given)
        except ValidationError as error:
            # A reason could quote the value: it is told by kind, with the words of ours.
            first = error.errors(include_input=False, include_url=False)[0]
            name = f"{PREFIX}{str(first['loc'][0]).upper()}"
            raise SettingInvalid(name=name, reason=first["msg"]) from None

    def require_own_servers(self) -> None:
        """Raises :class:`SettingInvalid` where other servers than the home's own are set."""
        for field in ("kafka_bootstrap", "database_url", "views_url"):
            if getattr(self, field) is not None:
                raise SettingInvalid(
                    name=_variable(field), reason="only the home's own servers are used here"
                )

    # --- Kafka

    def kafka(self, user: KafkaUser) -> KafkaSettings:
        """How ``user`` reaches Kafka: as set, else the home's own brokers.

        Raises :class:`ServerNotConfigured`, :class:`SettingInvalid`.
        """
        if self.kafka_bootstrap is None:
            self._refuse_stray(*(n for n in type(self).model_fields if n.startswith("kafka_")))
            return self._local_kafka(user)
        security = self.kafka_security or Security.PLAINTEXT
        username, password = self.kafka_username, self._kafka_password()
        if security.sasl and (username is None or password is None):
            missing = "kafka_username" if username is None else "kafka_password"
            raise SettingInvalid(name=_variable(missing), reason=f"{security} needs it")
        if not security.sasl and (username is not None or password is not None):
            # Otherwise a forgotten variable would turn a login into none.
            raise SettingInvalid(
                name=_variable("kafka_security"), reason=f"{security} takes no user and password"
            )
        if not security.tls and self.kafka_ca_file is not None:
            raise SettingInvalid(
                name=_variable("kafka_security"), reason=f"{security} looks at no certificate"
            )
        bootstrap = tuple(part.strip() for part in self.kafka_bootstrap.split(","))
        return KafkaSettings(bootstrap, security, username, password, self.kafka_ca_file)

    def _kafka_password(self) -> SecretStr | None:
        if self.kafka_password_file is None:
            return self.kafka_password
        name = _variable("kafka_password_file")
        if self.kafka_password is not None:
            raise SettingInvalid(name=name, reason=f"{_variable('kafka_password')} is set too")
        try:
            return SecretStr(self.kafka_password_file.read_text("utf-8").rstrip("\r\n"))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise SettingInvalid(name=name, reason=reason) from None

    def _local_kafka(self, user: KafkaUser) -> KafkaSettings:
        folder = self.home / "kafka"
        known = read_description(folder, LocalKafka)
        missing = ServerNotConfigured(
            server="Kafka", name=_variable("kafka_bootstrap"), command="kafka up"
        )
        if known is None:
            raise missing
        if not known.secure:
            return KafkaSettings(tuple(known.bootstrap))
        try:
            password = SecretStr(read_password(folder, user))
        except FileNotFoundError:
            raise missing from None
        return KafkaSettings(tuple(known.bootstrap), Security.SASL_PLAINTEXT, user, password)

    def _refuse_stray(self, *fields: str) -> None:
        for field in fields:
            if getattr(self, field) is not None:
                raise SettingInvalid(
                    name=_variable(field), reason=f"{_variable('kafka_bootstrap')} is not set"
                )

    # --- PostgreSQL

    def database(self, login: DatabaseLogin) -> SecretStr:
        """The ``postgresql://`` URL of a home kept in PostgreSQL, for one part of the system.

        As set (BENEFITS_VIEWS_URL for the one that keeps the views), else the home's own server
        with the login of that name. Raises :class:`ServerNotConfigured`, :class:`ServerDown`.
        """
        told = (self.views_url if login == "projector" else None) or self.database_url
        return told or self._local_database(login)

    def _local_database(self, login: DatabaseLogin) -> SecretStr:
        folder = self.home / "postgres"
        known = read_description(folder, LocalPostgres)
        try:
            if known is None:
                raise FileNotFoundError
            url = database_url(folder, known, login)
        except FileNotFoundError:
            raise ServerNotConfigured(
                server="PostgreSQL", name=_variable("database_url"), command="postgres up"
            ) from None
        try:
            socket.create_connection((known.host, known.port), timeout=_ANSWER_S).close()
        except OSError:
            raise ServerDown(
                server="PostgreSQL", home=self.home, port=known.port, command="postgres up"
            ) from None
        return url


def _variable(field: str) -> str:
    return PREFIX + field.upper()


def _refuse_unknown(environment: Mapping[str, str], fields: set[str]) -> None:
    known = sorted(_variable(field) for field in fields)
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            raise SettingUnknown(name=name, hint=f" ({close[0]}?)" if close else "")
