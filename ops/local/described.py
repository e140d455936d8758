"""The files in which a home's local servers say how they are reached; no secret is in them.

``kafka/connection.toml`` and ``postgres/connection.toml``, each beside a folder ``passwords``
with one file for each user. Reading them needs none of the servers' packages.
"""

import json
import tomllib
from pathlib import Path
from typing import TypeVar

import msgspec
from pydantic import SecretStr

from ledger.store.errors import StoreDamaged

CONNECTION_FILE = "connection.toml"
PASSWORDS = "passwords"
DATABASE = "benefits"
"""A local PostgreSQL's one database of ours."""


class LocalKafka(msgspec.Struct, frozen=True, kw_only=True):
    """A home's brokers: broker n has the n-th of each list of ports."""

    cluster_id: str
    secure: bool
    bootstrap: list[str]
    client_ports: list[int]
    controller_ports: list[int]
    broker_ports: list[int]
    """Between brokers; used with ``secure`` only."""


class LocalPostgres(msgspec.Struct, frozen=True, kw_only=True):
    """A home's PostgreSQL."""

    host: str
    port: int


_Described = TypeVar("_Described", LocalKafka, LocalPostgres)


def read_description(folder: Path, kind: type[_Described]) -> _Described | None:
    """What ``connection.toml`` says; None where there is none. Raises :class:`StoreDamaged`."""
    file = folder / CONNECTION_FILE
    try:
        return msgspec.convert(tomllib.loads(file.read_text("utf-8")), kind)
    except FileNotFoundError:
        return None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise StoreDamaged(reason=f"{folder.name}/{CONNECTION_FILE}: {error}") from error


def written(description: LocalKafka | LocalPostgres) -> str:
    """The text of ``connection.toml``."""
    lines = ["# Written by benefits-ledger when the server was first started; not to be edited."]
    for name, value in msgspec.to_builtins(description).items():
        lines.append(f"{name} = {json.dumps(value)}")
    return "\n".join(lines) + "\n"


def read_password(folder: Path, user: str) -> str:
    """A local server's password of a user. Raises FileNotFoundError."""
    return (folder / PASSWORDS / user).read_text("utf-8")


def database_url(
    folder: Path, server: LocalPostgres, login: str, database: str = DATABASE
) -> SecretStr:
    """``postgresql://login:password@host:port/database`` of a local server."""
    password = read_password(folder, login)
    return SecretStr(f"postgresql://{login}:{password}@{server.host}:{server.port}/{database}")
