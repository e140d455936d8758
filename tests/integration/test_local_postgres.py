"""A home's own PostgreSQL: logins with passwords and rights, the same after a kill."""

import os
import pwd
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from ledger.store.connecting import ROLES, connect
from ledger.store.migrations import migrate
from ops.local.errors import FolderNotTraversable
from ops.local.postgres import LocalDatabase, blocked
from ops.local.postgres_logins import LOGINS, SUPER_USER
from ops.local.processes import wait_for_end
from ops.settings import Settings
from tests.integration.cli import ok, run

Url = Callable[..., str]


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
    url = Settings.load(home).database("admin").get_secret_value()
    migrate(url)
    with psycopg.connect(url) as db:
        db.execute("SET ROLE benefits_projector")
        db.execute("CREATE TABLE views.kept (n int)")
        db.execute("INSERT INTO views.kept VALUES (1)")

    assert ok(home, "postgres", "down", "--lang", "en").text == "PostgreSQL stopped\n"
    assert run(home, "postgres", "status").status == 1
    assert ok(home, "postgres", "down", "--lang", "en").text == "PostgreSQL was not running\n"

    ok(home, "postgres", "up")
    second = server(home)
    assert second["port"] == first["port"]
    with psycopg.connect(url) as db:
        db.execute("INSERT INTO views.kept VALUES (2)")
    killed = psutil.Process(int(str(second["pid"])))
    killed.kill()
    assert not wait_for_end([killed], timeout_s=10)
    assert server(home)["pid"] is None

    ok(home, "postgres", "up")
    with psycopg.connect(url) as db:
        assert db.execute("SELECT n FROM views.kept ORDER BY n").fetchall() == [(1,), (2,)]


def test_an_id_that_another_program_took_over_hinders_nothing(home: Path) -> None:
    ok(home, "postgres", "up")
    LocalDatabase(home).down()
    stale = home / "postgres" / "data" / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{stale.parent}\n0\n0\n\n\n\n\n")
    assert run(home, "postgres", "down").status == 0
    ok(home, "postgres", "up")


def test_a_login_takes_on_the_roles_of_its_part_and_no_other(postgres: Url) -> None:
    """The reader cannot write, the ledger not keep the views, and nobody of them make a layout."""
    migrate(postgres("admin"))
    for login, roles in LOGINS.items():
        for role in ROLES:
            if role in roles:
                with connect(postgres(login), role=role) as db:
                    assert db.execute("SELECT session_user").fetchone() == (login,)
            else:
                with pytest.raises(psycopg.OperationalError, match="permission denied to set role"):
                    connect(postgres(login), role=role)


def test_no_login_is_an_administrator_of_the_server(postgres: Url) -> None:
    with connect(postgres(SUPER_USER)) as db:
        for login in LOGINS:
            rights = db.execute(
                "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls "
                "FROM pg_roles WHERE rolname = %s",
                (login,),
            ).fetchone()
            assert rights == (False,) * 5


def test_a_wrong_password_is_refused(postgres: Url) -> None:
    user, _, rest = postgres("reader").partition("@")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"{user.rpartition(':')[0]}:wrong@{rest}")


def test_what_is_committed_is_on_disk(home: Path) -> None:
    ok(home, "postgres", "up")
    with psycopg.connect(Settings.load(home).database("admin").get_secret_value()) as db:
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert db.execute(f"SHOW {name}").fetchone() == ("on",)  # type: ignore[arg-type]


def test_passwords_are_in_files_of_their_owner_and_nowhere_else(home: Path) -> None:
    ok(home, "postgres", "up")
    ok(home, "postgres", "down")  # while it runs, files come and go
    folder = home / "postgres"
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert {kept.name for kept in (folder / "passwords").iterdir()} == {SUPER_USER, *LOGINS}
    for kept in (folder / "passwords").iterdir():
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert [file for file in files if kept.read_bytes() in file.read_bytes()] == [kept]


def test_the_folder_that_a_user_cannot_enter_is_named(servers_folder: Path) -> None:
    stranger = pwd.struct_passwd(("stranger", "x", os.getuid() + 1, os.getgid() + 1, "", "/", ""))
    closed = Path(tempfile.mkdtemp(dir=servers_folder, prefix="closed-"))
    home = closed / "home"
    home.mkdir(mode=0o755)
    assert blocked(home, stranger) == closed
    closed.chmod(0o711)
    assert blocked(home, stranger) is None


def test_only_the_user_who_runs_the_server_has_to_enter_the_home(tmp_path: Path) -> None:
    """As root that is another user, otherwise ourselves. No mode is changed for it."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "home").mkdir()
    database = LocalDatabase(closed / "home")
    if os.geteuid() == 0:
        with pytest.raises(FolderNotTraversable):
            database.up()
        assert database.status() is None
    else:
        try:
            database.up()
            found = database.status()
            assert found is not None
            assert found.ready
        finally:
            database.down()
    assert closed.stat().st_mode & 0o777 == 0o700
