"""A home's own PostgreSQL: roles with passwords and rights, the same after a kill."""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from ops.local.errors import FolderNotTraversable
from ops.local.postgres import LocalDatabase
from ops.local.processes import wait_for_end
from ops.settings import DatabaseRole, Settings
from tests.integration.cli import ok, run

Url = Callable[[DatabaseRole, str], str]


@pytest.fixture(scope="module")
def home(servers_folder: Path) -> Iterator[Path]:
    """A home whose database these tests stop and kill."""
    home = Path(tempfile.mkdtemp(dir=servers_folder, prefix="own-"))
    home.chmod(0o711)
    yield home
    LocalDatabase(home).down()


def server(home: Path) -> dict[str, object]:
    told = run(home, "postgres", "status", "--format", "json").json["postgres"]
    assert isinstance(told, dict)
    return told


def test_up_twice_is_once_and_a_row_outlives_a_stop_and_a_kill(home: Path) -> None:
    never = run(home, "postgres", "status", "--lang", "en")
    assert (never.status, never.text) == (1, "PostgreSQL was never started in this home\n")
    ok(home, "postgres", "up")
    first = server(home)
    assert first["ready"] is True
    ok(home, "postgres", "up")
    assert server(home) == first
    url = Settings.load(home).local_database("owner", "ledger").get_secret_value()
    with psycopg.connect(url) as db:
        db.execute("CREATE TABLE kept (n int)")
        db.execute("INSERT INTO kept VALUES (1)")

    assert ok(home, "postgres", "down", "--lang", "en").text == "PostgreSQL stopped\n"
    assert run(home, "postgres", "status").status == 1
    assert ok(home, "postgres", "down", "--lang", "en").text == "PostgreSQL was not running\n"

    ok(home, "postgres", "up")
    second = server(home)
    assert second["port"] == first["port"]
    with psycopg.connect(url) as db:
        db.execute("INSERT INTO kept VALUES (2)")
    killed = psutil.Process(int(str(second["pid"])))
    killed.kill()
    assert not wait_for_end([killed], timeout_s=10)
    assert server(home)["pid"] is None

    ok(home, "postgres", "up")
    with psycopg.connect(url) as db:
        assert db.execute("SELECT n FROM kept ORDER BY n").fetchall() == [(1,), (2,)]


def test_an_id_that_another_program_took_over_hinders_nothing(home: Path) -> None:
    ok(home, "postgres", "up")
    LocalDatabase(home).down()
    stale = home / "postgres" / "data" / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{stale.parent}\n0\n0\n\n\n\n\n")
    assert run(home, "postgres", "down").status == 0
    ok(home, "postgres", "up")


def test_roles_log_in_with_their_own_passwords_and_rights(postgres: Url) -> None:
    for role in ("owner", "ledger", "projector", "reader"):
        for database in ("ledger", "views"):
            with psycopg.connect(postgres(role, database)) as db:  # type: ignore[arg-type]
                assert db.execute("SELECT current_user").fetchone() == (role,)
    with psycopg.connect(postgres("owner", "ledger")) as db:
        db.execute("CREATE TABLE IF NOT EXISTS rights (n int)")
    for role in ("ledger", "projector", "reader"):
        for forbidden in ("CREATE TABLE mine (n int)", "SELECT n FROM rights"):
            with (
                psycopg.connect(postgres(role, "ledger")) as db,  # type: ignore[arg-type]
                pytest.raises(psycopg.errors.InsufficientPrivilege),
            ):
                db.execute(forbidden)


def test_a_wrong_password_is_refused(postgres: Url) -> None:
    user, _, rest = postgres("reader", "ledger").partition("@")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"{user.rpartition(':')[0]}:wrong@{rest}")


def test_what_is_committed_is_on_disk(postgres: Url) -> None:
    with psycopg.connect(postgres("owner", "ledger")) as db:
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert db.execute(f"SHOW {name}").fetchone() == ("on",)  # type: ignore[arg-type]


def test_passwords_are_in_files_of_their_owner_and_nowhere_else(
    postgres: Url, servers_folder: Path
) -> None:
    folder = servers_folder / "database" / "postgres"
    files = [file for file in folder.rglob("*") if file.is_file()]
    for kept in (folder / "passwords").iterdir():
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert [file for file in files if kept.read_bytes() in file.read_bytes()] == [kept]


@pytest.mark.skipif(os.geteuid() != 0, reason="only as root is there another user")
def test_a_home_that_the_servers_user_cannot_enter_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "home").mkdir()
    with pytest.raises(FolderNotTraversable):
        LocalDatabase(closed / "home").up()
    assert closed.stat().st_mode & 0o777 == 0o700
    assert LocalDatabase(closed / "home").status() is None
