"""What the doctor says of keys, of a log that is not signed, and of heads that wait."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.log.errors import LogForked, LogKeyExposed, LogKeyMissing, LogShortened
from ledger.randomness import system_clock
from ledger.verify.checkpoint import Policy
from ops import signing_checks
from ops.home import POLICY, Home
from ops.signing_checks import Unsound, head_current, head_final, keys_private
from tests.integration.cli import ok, run
from tests.signing import witness_key

NOW = system_clock()
NEXT_WEEK = NOW + timedelta(days=7)
SIGN = ("checkpoint", "sign", "--without-witnesses")
Opened = Callable[[], Home]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A home with the catalog, and a key for its log."""
    ok(tmp_path / "home", "init")
    ok(tmp_path / "home", "key", "generate", "--as", "officer-1")
    return tmp_path / "home"


@pytest.fixture
def home(path: Path) -> Iterator[Home]:
    found = Home.open(path)
    yield found
    found.close()


def grow(path: Path) -> None:
    ok(path, "key", "rotate", "--as", "officer-1")


def test_a_log_without_a_key_needs_no_head(tmp_path: Path) -> None:
    ok(tmp_path / "home", "init")
    found = Home.open(tmp_path / "home")
    size = found.log.size()
    assert (keys_private(found), head_final(found, NEXT_WEEK)) == ("-", "0")
    assert head_current(found, NEXT_WEEK) == f"0 / {size}"
    found.close()


def test_keys_are_at_hand_and_private(path: Path, home: Home) -> None:
    grow(path)
    old, new = home.log_keys()
    assert keys_private(home) == new.id.hex()
    files = {key: home.keys.path / f"{key.id.hex()}.key" for key in (old, new)}
    for file in files.values():
        os.chmod(file, 0o644)
        with pytest.raises(LogKeyExposed):
            keys_private(home)
        os.chmod(file, 0o600)
    files[old].unlink()  # as the operator does at the end of a rotation
    assert keys_private(home) == new.id.hex()
    files[new].unlink()
    with pytest.raises(LogKeyMissing):
        keys_private(home)


def test_a_log_is_signed_in_time(path: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    end = home.log.size()
    assert head_current(home, NOW) == f"0 / {end}"  # a key, and a day's time for the first head
    with pytest.raises(Unsound, match=f"{end} / {end}"):
        head_current(home, NEXT_WEEK)
    ok(path, *SIGN)
    assert head_current(home, NEXT_WEEK) == f"{end} / {end}"
    grow(path)
    assert head_current(home, NOW) == f"{end} / {end + 1}"
    with pytest.raises(Unsound, match=f"1 / {end + 1}"):
        head_current(home, NEXT_WEEK)
    monkeypatch.setattr(signing_checks, "BEHIND_EVENTS", 0)
    with pytest.raises(Unsound):
        head_current(home, NOW)


def test_a_log_that_is_not_the_signed_one_is_named(path: Path, home: Home) -> None:
    grow(path)
    ok(path, *SIGN)
    size = home.log.size()
    home.close()
    with closing(sqlite3.connect(path / "ledger.db", isolation_level=None)) as db:
        db.execute("UPDATE tiles SET hashes = zeroblob(length(hashes))")
    with pytest.raises(LogForked):
        head_current(home, NOW)
    home.close()
    with closing(sqlite3.connect(path / "ledger.db", isolation_level=None)) as db:
        for table in ("sequence", "tiles"):
            db.execute(f"DELETE FROM {table}")
        db.execute("DELETE FROM stored_events WHERE rowid = ?", (size,))
    with pytest.raises(LogShortened):
        head_current(home, NOW)


def test_a_head_does_not_wait_for_ever(path: Path, home: Home) -> None:
    witness = witness_key("inspection.example/w1")
    ok(path, *SIGN)
    assert head_final(home, NEXT_WEEK) == "0"  # no witness is asked for: pending is all there is
    (path / POLICY).write_text(Policy(1, (witness.verifier,)).text())
    assert head_final(home, NOW) == "0"
    with pytest.raises(Unsound, match=r"^[0-9]+, "):
        head_final(home, NEXT_WEEK)
    with home.store.heads(write=True) as heads:
        last = heads.last()
        assert last is not None
        text = last.note.partition(b"\n\n")[0] + b"\n"
        heads.put_cosignature(last.size, str(witness.verifier), witness.line(text))
    assert head_final(home, NEXT_WEEK) == str(last.size)
    grow(path)
    ok(path, *SIGN)
    assert head_final(home, NOW) == str(last.size)
    with pytest.raises(Unsound, match=f"^{last.size + 1}, "):
        head_final(home, NEXT_WEEK)


def test_the_doctor_tells_them(path: Path) -> None:
    ok(path, *SIGN)
    assert ok(path, "doctor", "--format", "json").json["ok"]
    (file,) = (path / "keys").glob("*.key")
    os.chmod(file, 0o644)
    ended = run(path, "doctor", "--format", "json")
    assert ended.status == 1
    assert [c["name"] for c in ended.json["checks"] if not c["ok"]] == ["keys"]
    assert [c["name"] for c in ended.json["checks"]][-3:] == ["keys", "signed", "final"]
