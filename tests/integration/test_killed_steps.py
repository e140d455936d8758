"""Killed before, or in the middle of, each of its steps, the same command ends where one does that
was not killed, and the log is whole: sequencing, sealing, signing and witnessing, archiving.

What a witness that is killed alone says to a fork is in test_checkpoints.py.
"""

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from ledger.codec import decode
from ledger.domain.events.seal import ProjectionSealed
from ledger.log.fsck import examine
from ops.demonstration import FOLDER
from ops.home import opened
from ops.witness.office import Witness
from projections.archive.manifest import read_manifest
from projections.archive.verifying import Verified, compare_with_log, verify
from tests import dying
from tests.integration.cli import ok
from tests.office import Office

JSON = ("--format", "json")
SEAL = ("seal", "--through", "2017-01", "--as", "auditor-1")
ARCHIVE = ("archive", "--segment-size", "20")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three months of a small office, with a key for the log, and half of it archived."""
    home = tmp_path_factory.mktemp("prepared") / "home"
    office = Office(home)
    office.enrolled(1)
    office.paid("2017-01", "2017-01")
    office.close()
    ok(home, *ARCHIVE)
    office = Office(home, name="later ")
    office.at("2017-02-02")
    for number in range(2, 8):
        office.person(number, since="2017-02-02")
    office.close()
    ok(home, "key", "generate", "--as", "officer-1")
    ok(home, "log", "head")
    return home


def deaths(prepared: Path, folder: Path, *command: str) -> dict[Path, str]:
    """The homes in which the command was killed, with the step that it died of; see tests.dying."""
    folder.mkdir()
    scratch = folder.with_name("scratch")
    scratch.mkdir()
    arguments = [sys.executable, "-m", dying.__name__, str(prepared), str(folder), *command]
    ended = subprocess.run(
        arguments,
        env={**os.environ, "TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    steps = [re.sub(r"\.[0-9]+\.partial$", ".partial", s) for s in ended.stdout.splitlines()]
    assert len(list(folder.iterdir())) == len(steps) + 1
    return {folder / str(n): step for n, step in enumerate(steps, 1)}


def sound(home: Path) -> None:
    """What ``log fsck`` finds, without the command's table."""
    with opened(home) as found:
        assert examine(found.store).problems == []


# --- sequencing


def sequenced(home: Path) -> tuple[int, bytes]:
    with opened(home) as found:
        tree = found.log.tree()
        return tree.size, tree.root()


@pytest.mark.parametrize("forgotten", [("tiles",), ("tiles", "sequence")], ids=" and ".join)
def test_sequencing(ledger: Path, tmp_path: Path, forgotten: tuple[str, ...]) -> None:
    prepared = Path(copytree(ledger, tmp_path / "home"))
    with closing(sqlite3.connect(prepared / "ledger.db", isolation_level=None)) as db:
        for table in forgotten:
            db.execute(f"DELETE FROM {table}")
    undisturbed = sequenced(ledger)
    killed = deaths(prepared, tmp_path / "killed", "sequence")
    assert {"BEGIN IMMEDIATE", "INSERT INTO tiles", "COMMIT"} <= set(killed.values())
    assert len(killed) > 20
    for home in killed:
        assert sequenced(home) == undisturbed
        sound(home)


# --- sealing


def sealed(home: Path) -> dict[str, Any]:
    """What was sealed, the indexes kept, and whether the last head signed is that of the log."""
    with opened(home) as found:
        records = [record for batch in found.feed.read(0) for record in batch]
        events = [(position, decode(raw).data) for position, raw in records]
        with found.store.heads() as heads:
            last = heads.last()
        assert last is not None
        checkpoint = found.signer().opened(last).checkpoint
        assert checkpoint.root == found.log.tree(checkpoint.size).root()
    return {
        "seals": [(at, data) for at, data in events if isinstance(data, ProjectionSealed)],
        "indexes": {p.name: p.read_bytes() for p in (home / "indexes").iterdir()},
        "size": len(records),
        "signed": checkpoint.size,
    }


def test_sealing(ledger: Path, tmp_path: Path) -> None:
    undisturbed = Path(copytree(ledger, tmp_path / "home"))
    ok(undisturbed, *SEAL)
    expected = sealed(undisturbed)
    assert len(expected["seals"]) == len(expected["indexes"]) == 2
    assert expected["signed"] == expected["size"]
    killed = deaths(ledger, tmp_path / "killed", *SEAL)
    steps = list(killed.values())
    assert steps.count("INSERT INTO stored_events") == 2
    assert sum(s.startswith("write ") and s.endswith(".partial") for s in steps) == 3
    assert {"rename last-head.partial", "INSERT INTO heads", "INSERT INTO tiles"} <= set(steps)
    for home, step in killed.items():
        sound(home)
        ok(home, *SEAL)
        assert sealed(home) == expected, step
        sound(home)
    assert ok(home, "audit", "verify-report", *JSON).json["agrees"]


# --- signing and witnessing


def signed(home: Path) -> list[int]:
    """The sizes of all heads, each of this log; the last is final, and held by the witness."""
    with opened(home) as found:
        signer = found.signer()
        with found.store.heads() as stored:
            heads = stored.newest(100)
        for head in heads:
            assert signer.opened(head).checkpoint.root == found.log.tree(head.size).root()
        assert signer.final(heads[-1])
        (held,) = Witness.open(home / FOLDER).memory.heads()
        assert (held.size, held.root) == (heads[-1].size, found.log.tree(held.size).root())
    return [head.size for head in heads]


def test_signing_and_witnessing(ledger: Path, tmp_path: Path) -> None:
    """From the making of the witness on. A home that has not signed begins with one event."""
    undisturbed = Path(copytree(ledger, tmp_path / "home"))
    dying.sign(undisturbed)
    expected = signed(undisturbed)
    assert expected[0] == 1 < expected[-1]
    killed = deaths(ledger, tmp_path / "killed", "sign")
    steps = list(killed.values())
    assert {"rename witness.json.partial", "rename policy.partial"} < set(steps)
    assert steps.count("rename last-head.partial") == steps.count("INSERT INTO heads") == 2
    assert steps.count("INSERT INTO cosignatures") == steps.count("INSERT OR REPLACE") == 2
    for home, step in killed.items():
        sound(home)
        dying.sign(home)
        assert signed(home) == expected, step
        sound(home)


# --- archiving


def archived(home: Path) -> Verified:
    with opened(home) as found:
        compare_with_log(home / "archive", found.feed, found.origin)
    return verify(home / "archive")


def test_archiving(ledger: Path, tmp_path: Path) -> None:
    """The archive that is found has a short segment at its end, which is written anew."""
    before = archived(ledger).events
    undisturbed = Path(copytree(ledger, tmp_path / "home"))
    ok(undisturbed, *ARCHIVE)
    expected = archived(undisturbed)
    assert before % 20
    assert before // 20 < expected.events // 20 < expected.segments
    killed = deaths(ledger, tmp_path / "killed", *ARCHIVE)
    assert {"COPY", "rename manifest.json.partial", "write manifest.json.partial"} <= set(
        killed.values()
    )
    seen = set()
    for home, step in killed.items():
        seen.add(verify(home / "archive").events)
        ok(home, *ARCHIVE)
        assert archived(home) == expected, step
        assert files(home / "archive") == files(undisturbed / "archive")
        sound(home)
    assert seen >= {before, expected.events}
    assert seen - {before, expected.events} <= set(range(20, expected.events, 20))


def files(archive: Path) -> set[str]:
    found = {path.name for path in archive.iterdir()}
    assert {segment.file for segment in read_manifest(archive).segments} < found
    return found
