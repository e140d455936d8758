"""What faults are done to: servers, one relay, some workers, and a log that grows meanwhile."""

import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import psutil
import psycopg
from psycopg import sql

from consumers.connection import KafkaSettings
from consumers.relay_state import read_state
from ledger.domain.errors import UNUSABLE
from ledger.log.feed import Record
from ledger.store.errors import StoreUnreachable
from ops.local.described import LocalPostgres, database_url, read_description
from ops.local.kafka import LocalBrokers
from ops.local.postgres import LocalDatabase, _binaries, _run
from ops.local.postgres_logins import SUPER_USER
from ops.settings import Settings
from projections.database import ViewDatabase
from projections.digest import digest_of
from projections.engine import Projector
from projections.views import ALL_VIEWS
from tests.chaos.growing import GrowingLog
from tests.chaos.process import Death, Job
from tests.histories import ListFeed
from tests.kafka_logs import KafkaLog, kafka_log

PARTITIONS = 4
END_S = 40.0
"""How long a process that is told to stop, or kills itself, may take to end."""
_TAIL = 25


class Failed(AssertionError):
    """A promise was broken, or something did not happen in time."""


class Process:
    """A relay or a worker that was started."""

    def __init__(self, job: Job, output: Path) -> None:
        self.job = job
        self._output = output
        command = [sys.executable, "-W", "ignore", "-m", "tests.chaos.process"]
        with output.open("ab") as out:
            self._popen = subprocess.Popen(
                [*command, msgspec.json.encode(job).decode()],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def status(self) -> int | None:
        """How it ended; None while it runs."""
        return self._popen.poll()

    def signal(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def ended(self, *statuses: int) -> None:
        """Wait for its end, which must be one of these."""
        try:
            found = self._popen.wait(END_S)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self} did not end in {END_S:.0f} s") from None
        if found not in statuses:
            raise Failed(f"{self} ended with {found}, not {statuses}:\n{self.tail()}")

    def notes(self) -> list[dict[str, object]]:
        """What its diary says so far."""
        lines = self._output.read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith('{"at"')]

    def told(self, what: str) -> int:
        """How often its diary says so."""
        return sum(note["what"] == what for note in self.notes())

    @property
    def begun(self) -> bool:
        """Whether it has come as far as to have reached its servers."""
        return bool(self.told("started") or self.told("assigned"))

    def tail(self) -> str:
        return "\n".join(self._output.read_text(errors="replace").splitlines()[-_TAIL:])

    def __str__(self) -> str:
        return f"{self.job.role} {self._output.stem} (pid {self._popen.pid})"


class World:
    """Servers that live for all rounds; logs, processes and databases for some."""

    def __init__(self, folder: Path, *, brokers: int = 1) -> None:
        self.folder = folder
        folder.chmod(0o711)
        self.brokers = LocalBrokers(folder)
        self.postgres = LocalDatabase(folder)
        self._number_of_brokers = brokers
        self._count = 0
        self._known: ViewDatabase | None = None
        self.processes: list[Process] = []

    @contextmanager
    def servers(self) -> Iterator["World"]:
        """Start the servers, with WAL segments of 1 MB; stop everything at the end."""
        with ExitStack() as every:
            every.callback(self.brokers.down)
            self.brokers.up(brokers=self._number_of_brokers)
            every.callback(self.postgres.down)
            self.postgres.up()
            self.postgres.down()
            # A limit of file size must not be met by what is no table.
            tool = str(_binaries(self.postgres.folder) / "pg_resetwal")
            _run([tool, "--wal-segsize=1", "-D", str(self.postgres.data)])
            self.postgres.up()
            self._administer("ALTER SYSTEM SET autovacuum = off")
            every.callback(self._kill_all)
            yield self

    @property
    def kafka(self) -> KafkaSettings:
        return Settings.load(self.folder).kafka("admin")

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self.superuser_url("postgres"), autocommit=True) as admin:
            admin.execute(sql.SQL(statement))

    def superuser_url(self, database: str) -> str:
        known = read_description(self.postgres.folder, LocalPostgres)
        assert known is not None
        return database_url(self.postgres.folder, known, SUPER_USER, database).get_secret_value()

    # --- one log

    def begin(self, records: Sequence[Record]) -> None:
        """A new log on topics of its own, a new view database, a relay and two workers."""
        self.end_all()
        self._rest = list(records)
        self.told = ListFeed([])
        self.log: KafkaLog = kafka_log(self.kafka, PARTITIONS)
        self.file = self.folder / f"{self.log.name}.db"
        self.feed = GrowingLog(self.file).create()
        self.database = f"views-{uuid.uuid4().hex[:12]}"
        self._administer(f'CREATE DATABASE "{self.database}"')
        self.views = self.superuser_url(self.database).replace(
            "postgresql://", "postgresql+psycopg://", 1
        )
        self._known = ViewDatabase(self.views)
        self._whole = Projector("sqlite://", self.told)
        self.relay = self.start_relay()
        self.workers = [self.start_worker(), self.start_worker()]

    def append(self, events: int) -> int:
        """The next events of the city, as many as there are."""
        slice_, self._rest = self._rest[:events], self._rest[events:]
        self.feed.append(slice_)
        self.told.records.extend(slice_)
        return len(slice_)

    @property
    def left(self) -> int:
        return len(self._rest)

    # --- processes

    def start_relay(self) -> Process:
        return self._started(self._job("relay"))

    def start_worker(self) -> Process:
        return self._started(self._job("worker"))

    def _job(self, role: str) -> Job:
        bootstrap = list(self.kafka.bootstrap)
        name, file, views = self.log.name, str(self.file), self.views
        return Job(role=role, bootstrap=bootstrap, log=name, file=file, views=views)

    def _started(self, job: Job) -> Process:
        self._count += 1
        process = Process(job, self.folder / f"{self._count:04}-{job.role}.out")
        self.processes.append(process)
        return process

    def replaced(self, old: Process, death: Death | None = None) -> Process:
        """Another process of the same job, in its place."""
        new = self._started(msgspec.structs.replace(old.job, death=death))
        if old is self.relay:
            self.relay = new
        else:
            self.workers[self.workers.index(old)] = new
        return new

    def end_all(self) -> None:
        """Tell all to stop; each must end well."""
        for process in self.processes:
            if process.status is None:
                process.signal(signal.SIGTERM)
                process.ended(0)
        self.processes.clear()
        if self._known is not None:
            self._known.close()

    def _kill_all(self) -> None:
        for process in self.processes:
            if process.status is None:
                process.signal(signal.SIGKILL)
                process.ended(-signal.SIGKILL)

    def server_processes(self) -> list[psutil.Process]:
        """PostgreSQL's: the first is the one that starts the others."""
        pid = int((self.postgres.data / "postmaster.pid").read_text().split("\n", 1)[0])
        first = psutil.Process(pid)
        return [first, *first.children()]

    # --- after a fault

    def until(self, what: str, reached: Callable[[], bool], seconds: float) -> float:
        """Wait for something; how long it took. Raises :class:`Failed` when it is late."""
        began = time.monotonic()
        while not reached():
            if time.monotonic() - began > seconds:
                raise Failed(f"{what}: not within {seconds:.0f} s\n{self.tails()}")
            self.all_well()
            time.sleep(0.1)
        return time.monotonic() - began

    def all_well(self) -> None:
        """Relay and workers run.

        One that found a server away when it began has said so and ended: whoever supervises it
        starts it again.
        """
        for process in (self.relay, *self.workers):
            if process.status == UNUSABLE and not process.begun:
                self.replaced(process)
            elif process.status is not None:
                raise Failed(f"{process} ended by itself with {process.status}\n{process.tail()}")

    def tails(self) -> str:
        return "\n".join(f"--- {p}\n{p.tail()}" for p in (self.relay, *self.workers))

    def settle(self, seconds: float) -> float:
        """Wait until everything is relayed and folded; how long it took."""
        end = self.told.end()
        known = self._known

        def folded() -> bool:
            try:
                with known.read() as connection:
                    live = known.live(connection)
            except StoreUnreachable:  # it is getting up again
                return False
            return len(live) == len(ALL_VIEWS) and all(g.position == end for g in live.values())

        def relayed() -> bool:
            state = read_state(self.kafka, self.log.name, self.log.state)
            return state is not None and state.position == end - 1

        took = self.until("folded", folded, seconds)
        return took + self.until("relayed", relayed, seconds)

    def check(self, *, afresh: bool = False) -> None:
        """Store and topic agree; the views are the fold of the same events; nothing is parked.

        ``afresh`` folds them from the first event on, not from the last check on.
        """
        if findings := self.log.findings(self.feed):
            raise Failed(f"reconcile found {len(findings)}: {findings[:10]}")
        whole = Projector("sqlite://", self.told) if afresh else self._whole
        whole.catch_up()
        expected = {name: d.digest for name, d in whole.digests().items()}
        known = self._known
        with known.read() as connection:
            live = known.live(connection)
            for view in ALL_VIEWS:
                found = digest_of(known, connection, view, live[view.name])
                if found.digest != expected[view.name]:
                    raise Failed(f"the view {view.name} is not the fold at {found.position}")
            parked = connection.exec_driver_sql("SELECT count(*) FROM view_parked").scalar()
        if parked:
            raise Failed(f"{parked} events parked\n{self.tails()}")
        self.all_well()
