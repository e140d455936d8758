"""No room: a stable code, nothing of the operation stored, and the same command goes on later.

The room is a limit on the size of files, which the system enforces for anybody: a write beyond it
fails as one to a disk that is full (with another number, and to SQLite as an I/O error). What
SQLite calls a full database comes from a limit of its own on pages.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.commands import payrun as pr
from ledger.domain.errors import UNUSABLE, NotFound
from ledger.store.errors import StoreFull
from ledger.store.sqlite import SQLiteStore
from ops.cli.payfiles import write_csv
from ops.files import FileUnusable
from tests.integration.cli import Ended, ok
from tests.office import CITY, LIVING, Office, by

SIMULATE = ("simulate", "--scale", "0.01")
ACCOUNTANT = ("--as", "zhang", "--effective", "2018-01-16")


@contextmanager
def room(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def limited(home: Path, size: int, *arguments: str) -> Ended:
    """Run a command, in a process of its own, whose files are at most so long."""
    command = [sys.executable, "-m", "ops.cli.main", *arguments, "--home", str(home)]
    limit = f"ulimit -S -f {size // 1024} && exec " + '"$@"'
    done = subprocess.run(["bash", "-c", limit, "bash", *command], capture_output=True, check=False)
    return Ended(done.returncode, done.stdout, done.stderr.decode())


def refused(ended: Ended, code: str = "store-full") -> None:
    """The command ended with the error, in both languages, and without an answer."""
    error = json.loads(ended.err.splitlines()[-1])["error"]
    assert (ended.status, ended.out, error["code"]) == (4, b"", code), ended
    assert error["zh"] != error["en"]
    assert "Traceback" not in ended.err


def bytes_of(home: Path) -> bytes:
    return ok(home, "events", "--format", "ndjson").out


def digests(home: Path) -> object:
    return ok(home, "digest", "--format", "json").json


def test_a_simulation_without_room_stores_whole_steps_and_goes_on_with_room(
    city: Path, tmp_path: Path
) -> None:
    home, told = tmp_path / "home", bytes_of(city)
    for size in (8_192, 65_536):  # not even room for the home, or for the catalog
        refused(limited(home, size, *SIMULATE, "--format", "json"))
    reached = 0
    for size in (1_000_000, 4_000_000, 12_000_000):
        refused(limited(home, size, *SIMULATE, "--format", "json"))
        stored = bytes_of(home)
        assert told.startswith(stored)
        assert reached < len(stored) < len(told)
        reached = len(stored)
        assert ok(home, "doctor", "--full", "--format", "json").json["ok"]
    ok(home, *SIMULATE)
    assert digests(home) == digests(city)


def test_views_without_room_keep_their_position_and_go_on_with_room(copy: Path, city: Path) -> None:
    for size in (4_096, 300_000, 1_500_000):
        for file in copy.glob("views.db*"):
            file.unlink()
        refused(limited(copy, size, "project", "--format", "json"))
    ok(copy, "project")
    assert digests(copy) == digests(city)


def test_a_rebuild_without_room_leaves_the_live_views(copy: Path, city: Path) -> None:
    refused(limited(copy, 1_000_000, "rebuild", "--format", "json"))
    assert digests(copy) == digests(city)
    assert ok(copy, "rebuild").status == 0
    assert digests(copy) == digests(city)


def test_a_document_without_room_is_not_named_by_any_event(copy: Path) -> None:
    ok(copy, "payrun", "open", LIVING, "2018-01", *ACCOUNTANT)
    ok(copy, "project")
    documents = sorted(file.name for file in (copy / "documents").iterdir())
    before = digests(copy)
    compute = ("payrun", "compute", f"{LIVING}/2018-01", *ACCOUNTANT, "--key", "k")
    refused(limited(copy, 40_960, *compute, "--format", "json"))
    assert sorted(file.name for file in (copy / "documents").iterdir()) == documents
    assert digests(copy) == before
    ok(copy, *compute)
    assert digests(copy) != before
    assert ok(copy, "doctor", "--format", "json").json["ok"]


@pytest.mark.parametrize("command", [("digest",), ("report", "--format", "json"), ("events",)])
def test_an_answer_without_room_is_an_error_of_its_own(
    city: Path, command: tuple[str, ...]
) -> None:
    """Nothing failed in the store: a command that stored something has stored it."""
    arguments = [sys.executable, "-m", "ops.cli.main", *command, "--lang", "en", "--home", city]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(arguments, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (UNUSABLE, False)
    assert b"output-failed" in done.stderr
    assert b"No space left on device" in done.stderr


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (("balance", "nobody"), 2),
        (("payrun", "open", LIVING, "2018-1", "--as", "o"), UNUSABLE),  # the key can't be said
        (("log", "fsck"), UNUSABLE),
    ],
)
def test_where_nothing_can_be_said_the_status_still_tells(
    city: Path, command: tuple[str, ...], status: int
) -> None:
    arguments = [sys.executable, "-m", "ops.cli.main", *command, "--lang", "en", "--home", city]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=full, check=False)
    assert done.returncode == status


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-"])
def test_a_closed_stream_is_no_defect(city: Path, closed: str) -> None:
    told = f'"$0" -m ops.cli.main payrun list --home "$1" {closed}'
    done = subprocess.run(["/bin/sh", "-c", told, sys.executable, city], check=False)
    assert done.returncode == 0


def test_a_bank_file_without_room_is_not_left_half_written(tmp_path: Path) -> None:
    with room(1_000), pytest.raises(StoreFull):
        write_csv(tmp_path / "bank.csv", ["a"], [["x" * 10]] * 1_000, 0o600)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileUnusable):
        write_csv(tmp_path, ["a"], [], 0o600)


# --- one process that lives on


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path / "home")
    yield it
    it.close()


def test_a_vault_without_room_stores_no_event_and_seals_again_with_room(office: Office) -> None:
    before = office.length()
    with room(1_000), pytest.raises(StoreFull):
        office.person(1)
    assert office.length() == before
    who = office.person(1)
    registered = office.log()[before].data
    assert office.ledger.vault.open(registered.sealed, office.log()[before].id)["name"] == "测试1"
    assert who == office.vault_id(1)


class NoRoom:
    """A folder of documents on a disk that is full, while the ledger's own is not."""

    def put(self, content: bytes) -> str:
        raise StoreFull(reason="No space left on device")

    def get(self, digest: str) -> bytes:
        raise NotFound(what=digest)


def test_a_group_without_room_is_not_refused_command_by_command(office: Office) -> None:
    """A key whose group met a full disk is not used up: the group can be sent again."""
    office.enrolled(1)
    office.at("2017-01-16")
    accountant = by("accountant-1", "2017-01-16", CITY)
    run_id = office.do(pr.OpenPayRun(program=LIVING, month="2017-01"), accountant).stream
    group, before = [(pr.ComputePayRun(payrun=run_id), accountant)], office.length()
    documents, office.ledger.documents = office.ledger.documents, NoRoom()
    with pytest.raises(StoreFull):
        office.ledger.execute_group(group, key="group")
    assert office.length() == before
    office.ledger.documents = documents
    done = office.ledger.execute_group(group, key="group")
    assert (done.repeated, done.outcomes[0].error) == (False, None)
    assert office.length() > before


def test_what_sqlite_calls_full_is_full_in_the_ledger_and_in_the_views(office: Office) -> None:
    before = office.length()
    store = office.home.store
    assert isinstance(store, SQLiteStore)
    store._connection.execute("PRAGMA max_page_count=1")

    def many() -> None:
        for n in range(200):
            office.person(n)

    with pytest.raises(StoreFull) as full:
        many()
    assert "database or disk is full" in full.value.message("en")
    assert "磁盘已满" in full.value.message("zh")
    assert len(office.log()) == office.length() >= before

    views = office.home.projector.database
    with views.write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")

    def table() -> None:
        with views.write() as connection:
            connection.exec_driver_sql("CREATE TABLE more (x)")

    with pytest.raises(StoreFull):
        table()
