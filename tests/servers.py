"""The real servers, for tests that ask for them: started once for a whole run, always stopped.

``kafka`` is one broker without logins, ``kafka_cluster`` three with users and access rules,
``postgres`` a database server. Starting one that runs is nothing, and one command at a time may
start it: so all workers of pytest-xdist share them. The process that started the run stops them at
its end, whatever became of tests and workers.
"""

import shutil
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaAdminClient

from consumers.connection import KafkaSettings
from consumers.every_broker import wait_for_topics
from ops.local.described import LocalPostgres, database_url, read_description
from ops.local.kafka import LocalBrokers
from ops.local.postgres import LocalDatabase
from ops.local.postgres_logins import SUPER_USER
from ops.settings import KafkaUser, Settings

_FOLDER = pytest.StashKey[Path]()
_KEY = "benefits_servers"


def pytest_configure(config: pytest.Config) -> None:
    workerinput = getattr(config, "workerinput", None)
    if workerinput is not None:
        config.stash[_FOLDER] = Path(workerinput[_KEY])
        return
    folder = Path(tempfile.mkdtemp(prefix="benefits-servers-"))
    # As root, PostgreSQL's own user must pass.
    folder.chmod(0o711)
    config.stash[_FOLDER] = folder


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    node.workerinput[_KEY] = str(node.config.stash[_FOLDER])  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or _FOLDER not in config.stash:
        return
    folder = config.stash[_FOLDER]
    # One that does not stop is told, and does not keep the others from being stopped.
    with ExitStack() as every:
        every.callback(shutil.rmtree, folder)
        for home in folder.iterdir():
            every.callback(LocalBrokers(home).down)
            every.callback(LocalDatabase(home).down)


@pytest.fixture(scope="session")
def servers_folder(request: pytest.FixtureRequest) -> Path:
    """A folder for homes whose servers are stopped at the end of the run."""
    return request.config.stash[_FOLDER]


@pytest.fixture(scope="session")
def kafka(servers_folder: Path) -> KafkaSettings:
    """One broker, plaintext."""
    home = servers_folder / "single"
    _timed("one broker", lambda: LocalBrokers(home).up())
    return Settings.load(home).kafka("admin")


@pytest.fixture(scope="session")
def kafka_cluster(servers_folder: Path) -> Callable[[KafkaUser], KafkaSettings]:
    """Three brokers with logins: the settings of a user."""
    home = servers_folder / "cluster"
    _timed("three brokers", lambda: LocalBrokers(home).up(brokers=3, secure=True))
    return Settings.load(home).kafka


@pytest.fixture(scope="session")
def postgres(servers_folder: Path) -> Callable[..., str]:
    """The URL of a login, and of a database where it is not the one of a home.

    Processes die here, but the machine does not: what a power cut would leave nobody looks at.
    """
    home = servers_folder / "database"
    _timed("PostgreSQL", lambda: LocalDatabase(home).up())
    folder = home / "postgres"
    known = read_description(folder, LocalPostgres)
    assert known is not None

    def url(login: str, *database: str) -> str:
        return database_url(folder, known, login, *database).get_secret_value()

    with psycopg.connect(url(SUPER_USER, "postgres"), autocommit=True) as admin:
        for durable in ("fsync", "synchronous_commit", "full_page_writes"):
            admin.execute(f"ALTER SYSTEM SET {durable} = off")
        admin.execute("SELECT pg_reload_conf()")
    return url


def topic_of_its_own(kafka: KafkaSettings, prefix: str = "test", partitions: int = 1) -> str:
    """A new topic that no other test knows, ready for use."""
    name = f"{prefix}.{uuid.uuid4().hex}"
    with KafkaAdminClient(**kafka.options()) as admin:
        admin.create_topics({name: {"num_partitions": partitions, "replication_factor": -1}})
        wait_for_topics(admin, [name])
    return name


def _timed(what: str, start: Callable[[], object]) -> None:
    began = time.monotonic()
    start()
    print(f"{what} ready after {time.monotonic() - began:.1f} s")
