"""The faults: what is done to one of the processes, and undone again.

Each is called after some events were added, draws its moments from the round's own generator, and
leaves relay and workers running, or at work on getting up again. ``more`` adds events meanwhile.
"""

import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from random import Random

import psutil
import psycopg
from psycopg import sql

from consumers.topics import EVENTS
from ops.local.processes import wait_for_end
from tests.chaos.process import AFTER, SESSION_S, WITHIN, Death
from tests.chaos.world import END_S, Failed, Process, World

KILLED = -signal.SIGKILL
_FENCED = 3
_ROOM = 1024 * 1024 + 4096
"""Not a whole number of pages: the page that crosses it is written in part."""
_NOTICED_S = 20.0
_ROWS = 20
"""Smaller tables are left alone: it would take long to make them grow."""


@dataclass
class Round:
    """What a fault has to work with."""

    world: World
    draw: Random
    more: Callable[[], None]

    def pause(self, least: float, most: float) -> None:
        """A moment: what it meets is left to the machine, and must not matter."""
        time.sleep(self.draw.uniform(least, most))

    def worker(self) -> Process:
        return self.draw.choice(self.world.workers)

    def death(self) -> Death:
        return Death(self.draw.randint(1, 3), self.draw.choice([WITHIN, AFTER]))


Fault = Callable[[Round], None]


def _killed(it: Round, process: Process) -> None:
    process.signal(signal.SIGKILL)
    process.ended(KILLED)
    it.more()
    it.world.replaced(process)


def _frozen(it: Round, least: float, most: float, process: Process) -> None:
    process.signal(signal.SIGSTOP)
    it.more()
    it.pause(least, most)
    process.signal(signal.SIGCONT)


def relay_killed(it: Round) -> None:
    it.pause(0, 0.8)
    _killed(it, it.world.relay)


def relay_killed_in_a_transaction(it: Round) -> None:
    """Everything sent and not committed, or committed and not noticed."""
    it.world.relay.signal(signal.SIGTERM)
    it.world.relay.ended(0)
    it.more()
    dying = it.world.replaced(it.world.relay, it.death())
    it.more()
    while dying.status is None:
        it.more()
        time.sleep(0.5)
    dying.ended(KILLED)
    it.world.replaced(dying)


def relay_frozen(it: Round) -> None:
    it.pause(0, 0.8)
    _frozen(it, 0.2, 3, it.world.relay)


def second_relay(it: Round) -> None:
    """Started by mistake: one of the two ends, as soon as it has something to send.

    It is the first, unless the second is so slow to begin that it is taken for dead.
    """
    first, second = it.world.relay, it.world.start_relay()
    it.pause(0, 1)
    deadline = time.monotonic() + 2 * _NOTICED_S
    while first.status is second.status is None and time.monotonic() < deadline:
        it.more()
        time.sleep(0.5)
    ended, it.world.relay = (first, second) if second.status is None else (second, first)
    ended.ended(_FENCED)


def worker_killed(it: Round) -> None:
    it.pause(0, 1.5)
    _killed(it, it.worker())


def worker_killed_in_a_batch(it: Round) -> None:
    """Rows written and nothing committed, or all committed and not noticed."""
    old = it.worker()
    old.signal(signal.SIGTERM)
    old.ended(0)
    dying = it.world.replaced(old, it.death())
    deadline = time.monotonic() + _NOTICED_S
    while dying.status is None and time.monotonic() < deadline:
        it.more()
        time.sleep(0.5)
    if dying.status is None:  # it got no partition, or no events of one
        dying.signal(signal.SIGKILL)
    dying.ended(KILLED)
    it.world.replaced(dying)


def worker_frozen(it: Round) -> None:
    """Beyond its session: its partitions are others' when it wakes up."""
    it.pause(0, 1.5)
    _frozen(it, SESSION_S, 2 * SESSION_S, it.worker())


def worker_restarted(it: Round) -> None:
    """Told to stop, it ends well."""
    it.pause(0, 1.5)
    old = it.worker()
    old.signal(signal.SIGTERM)
    it.more()
    old.ended(0)
    it.world.replaced(old)


def rebalance_storm(it: Round) -> None:
    """Workers come and go every few hundred milliseconds."""
    guests: list[Process] = []
    for _ in range(it.draw.randint(3, 5)):
        guests.append(it.world.start_worker())
        it.pause(0.2, 0.6)
        it.more()
    for guest in it.draw.sample(guests, len(guests)):
        it.pause(0.2, 0.8)
        kill = it.draw.random() < 0.5
        guest.signal(signal.SIGKILL if kill else signal.SIGTERM)
        # One that was told before it could hear is ended by the signal itself.
        guest.ended(KILLED) if kill else guest.ended(0, -signal.SIGTERM)


def postgres_killed(it: Round) -> None:
    it.pause(0, 1.5)
    _kill(it.world.server_processes()[0])
    it.more()
    it.pause(0, 2)
    it.world.postgres.up()


def postgres_session_killed(it: Round) -> None:
    """The server ends all sessions and recovers by itself."""
    it.pause(0, 1.5)
    sessions = [
        process
        for process in it.world.server_processes()[1:]
        if it.world.database in _title(process)
    ]
    if sessions:
        _tell(it.draw.choice(sessions), signal.SIGKILL)
    it.more()


def postgres_frozen(it: Round) -> None:
    it.pause(0, 1.5)
    processes = it.world.server_processes()
    for process in processes:
        _tell(process, signal.SIGSTOP)
    it.more()
    it.pause(0.5, 4)
    for process in processes:
        _tell(process, signal.SIGCONT)


def _title(process: psutil.Process) -> str:
    """What a server's process says it is; nothing when it has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def _tell(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def broker_frozen(it: Round) -> None:
    it.pause(0, 1.5)
    broker = _broker(it.world, it.draw.choice(it.world.brokers.status()).node)
    broker.suspend()
    it.more()
    it.pause(0.5, 2.5 * SESSION_S)
    broker.resume()


def broker_killed(it: Round) -> None:
    """The one that leads a partition of the log; ``kafka up`` starts it again."""
    from kafka import KafkaAdminClient

    with KafkaAdminClient(**it.world.kafka.options()) as admin:
        (told,) = admin.describe_topics([it.world.log.events])
    leader = told["partitions"][it.draw.randrange(len(told["partitions"]))]["leader_id"]
    it.pause(0, 1.5)
    _kill(_broker(it.world, leader))
    it.more()
    it.pause(0, 3)
    it.world.brokers.up()


def _kill(server: psutil.Process) -> None:
    """Kill a server and see it gone: a large one takes a while, and is none to start beside."""
    server.kill()
    if wait_for_end([server], END_S):
        raise Failed(f"{server} was killed and did not end in {END_S:.0f} s")


def _broker(world: World, node: int) -> psutil.Process:
    (pid,) = [status.pid for status in world.brokers.status() if status.node == node]
    if pid is None:
        raise Failed(f"broker {node} of {EVENTS} does not run")
    return psutil.Process(pid)


def disk_full(it: Round) -> None:
    """No file of the views' server may grow; it is noticed before there is room again."""
    world, before = it.world, _refused(it.world)
    with _filled(world):
        _limit_server(world, _ROOM)
        try:
            deadline = time.monotonic() + _NOTICED_S
            for looked in count(1):
                if _refused(world) != before or time.monotonic() > deadline:
                    break
                # More each time: there are days on which the city writes nothing but rows of a
                # table that is small still and has room to grow.
                for _ in range(looked):
                    it.more()
                world.all_well()
                time.sleep(0.3)
            if _refused(world) == before:
                raise Failed(f"no worker noticed the full disk\n{world.tails()}")
            it.pause(0, 2)
        finally:
            _limit_server(world, resource.RLIM_INFINITY)


def _refused(world: World) -> int:
    return sum(
        note.get("code") == "store-full" for worker in world.workers for note in worker.notes()
    )


_SET_LIMIT = """
import os, resource, sys
if os.geteuid() == 0:
    who = os.stat("/proc/" + sys.argv[2])
    os.setresgid(*[who.st_gid] * 3)
    os.setresuid(*[who.st_uid] * 3)
for pid in sys.argv[2:]:
    try:
        _, hard = resource.prlimit(int(pid), resource.RLIMIT_FSIZE)
        resource.prlimit(int(pid), resource.RLIMIT_FSIZE, (int(sys.argv[1]), hard))
    except ProcessLookupError:
        continue
"""


def _limit_server(world: World, size: int) -> None:
    """Set how long the server's files may become, but for its own log.

    The process that starts the others comes first, and then those there are: one that it started
    meanwhile would go on as before.
    """
    first, *_ = world.server_processes()
    _limit([first], size)
    _limit([p for p in world.server_processes() if "logger" not in _title(p)], size)


def _limit(processes: Sequence[psutil.Process], size: int) -> None:
    """Set how long their files may become; done as the server's own user, who may."""
    pids = [str(process.pid) for process in processes]
    subprocess.run([sys.executable, "-c", _SET_LIMIT, str(size), *pids], check=True)


@contextmanager
def _filled(world: World) -> Iterator[None]:
    """Every table with rows is longer than there will be room, and nothing in it is free.

    Rows are written anew as they are, while somebody who looks keeps the old versions in use.
    """
    url = world.superuser_url(world.database)
    with psycopg.connect(url) as looking, psycopg.connect(url) as c:
        looking.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        looking.execute("SELECT count(*) FROM pg_class")
        tables = c.execute(
            "SELECT t.tablename, a.attname FROM pg_tables t JOIN pg_attribute a ON a.attrelid ="
            " t.tablename::regclass AND a.attnum = 1 WHERE schemaname = 'public'"
        ).fetchall()
        c.commit()
        for table, column in tables:
            name, first = sql.Identifier(table), sql.Identifier(column)
            c.execute(sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(name))
            rewrite = sql.SQL("UPDATE {} SET {} = {}").format(name, first, first)
            size = sql.SQL("SELECT pg_relation_size({})").format(sql.Literal(table))
            (rows,) = c.execute(sql.SQL("SELECT count(*) FROM {}").format(name)).fetchone()
            (before,) = c.execute(size).fetchone()
            while rows > _ROWS and c.execute(size).fetchone()[0] <= max(before, _ROOM):
                c.execute(rewrite)
            c.commit()
        yield


FAULTS: tuple[Fault, ...] = (
    relay_killed,
    relay_killed_in_a_transaction,
    relay_frozen,
    second_relay,
    worker_killed,
    worker_killed_in_a_batch,
    worker_frozen,
    worker_restarted,
    rebalance_storm,
    postgres_killed,
    postgres_session_killed,
    postgres_frozen,
    broker_frozen,
    broker_killed,
    disk_full,
)
