"""What was done to events, tiles or columns in the file is found, and where."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.log.fsck import Problem, examine, verify
from ledger.log.merkle_log import Log
from ledger.log.sequencer import Sequencer
from ledger.store.sqlite import SQLiteStore
from ledger.verify.merkle import leaf_hash
from ops.home import opened
from tests.integration.cli import contents, ok, run
from tests.integration.tlog import copy, signing, tampered
from tests.store_conformance import moves, people

__all__ = ["copy", "signing"]


def test_a_log_rewritten_with_all_its_tiles_is_not_the_one_that_was_signed(copy: Path) -> None:
    with opened(copy) as it:
        it.signer().sign()
    tampered(
        copy,
        "UPDATE stored_events SET state=CAST(replace(CAST(state AS TEXT), '2017', '2016') AS BLOB) "
        "WHERE rowid=3",
        "DELETE FROM tiles",
    )
    for checks in ("verify", "fsck"):
        found = run(copy, "log", checks, "--format", "json")
        assert found.status == 1
        assert [p["kind"] for p in found.json["problems"]] == ["checkpoint"]


SWAP = (
    "UPDATE stored_events SET rowid=-1 WHERE rowid=401",
    "UPDATE stored_events SET rowid=401 WHERE rowid=501",
    "UPDATE stored_events SET rowid=501 WHERE rowid=-1",
)

STRAY = (
    "UPDATE tiles SET hashes=CAST(hashes||x'0102030405' AS BLOB) "
    "WHERE level=0 AND number=(SELECT MAX(number) FROM tiles WHERE level=0)",
)
"""Bytes behind the last tile's last hash, which are no hash."""

LONGER = ("UPDATE tiles SET hashes=CAST(hashes||zeroblob(32) AS BLOB) WHERE level=0 AND number=1",)


@pytest.mark.parametrize(
    ("statements", "first", "kinds"),
    [
        (
            ["UPDATE stored_events SET state=CAST(state||' ' AS BLOB) WHERE rowid=301"],
            300,
            {"event-differs"},
        ),
        (
            ["UPDATE stored_events SET state=CAST(state||x'0a'||state AS BLOB) WHERE rowid=301"],
            300,
            {"event-differs"},
        ),
        (["UPDATE stored_events SET state='text' WHERE rowid=1"], 0, {"event-differs"}),
        (["UPDATE stored_events SET state=x'C3'||state WHERE rowid=9"], 8, {"event-differs"}),
        (SWAP, 400, {"event-differs"}),
        (["DELETE FROM stored_events WHERE rowid=778"], 777, {"event-missing"}),
        (
            ["DELETE FROM stored_events WHERE rowid > 20000"],
            20_000,
            {"order", "event-missing"},
        ),
        (
            ["UPDATE tiles SET hashes=zeroblob(8192) WHERE level=0 AND number=2"],
            None,
            {"tile-differs"},
        ),
        (LONGER, None, {"tile-differs"}),
        (["DELETE FROM tiles WHERE level=0 AND number=3"], None, {"tile-missing"}),
        (["UPDATE stored_events SET state=NULL WHERE rowid=301"], 300, {"event-missing"}),
        (STRAY, None, {"tile-differs"}),
        (["UPDATE sequence SET length=1000000000000"], None, {"tree-size", "order"}),
        (["DELETE FROM tiles WHERE level=1 AND number=0"], None, {"tile-missing"}),
        (
            ["UPDATE tiles SET hashes=zeroblob(length(hashes)) WHERE level=1"],
            None,
            {"tile-differs"},
        ),
    ],
)
def test_what_was_done_to_the_file_is_found_with_its_first_position(
    copy: Path,
    statements: Sequence[str],
    first: int | None,
    kinds: set[str],
) -> None:
    tampered(copy, *statements)
    before = contents(copy)
    found = run(copy, "log", "verify", "--format", "json")
    assert (found.status, found.json["ok"]) == (1, False)
    assert found.json["first_bad_position"] == first
    assert {p["kind"] for p in found.json["problems"]} == kinds
    assert contents(copy) == before
    for lang in ("zh", "en"):
        shown = run(copy, "log", "verify", "--lang", lang)
        assert (shown.status, shown.err) == (1, "")
        assert first is None or f"{first:,}" in shown.text


@pytest.mark.parametrize(
    ("statements", "kind"),
    [
        (["UPDATE stored_events SET topic='benefits.PersonDied.v1' WHERE rowid=9"], "columns"),
        (
            [
                "UPDATE stored_events SET originator_id='x' WHERE rowid=9",
            ],
            "columns",
        ),
        (["INSERT INTO tiles VALUES (3, 0, zeroblob(32))"], "tile-stray"),
        (["DELETE FROM stored_events WHERE rowid=9"], "versions"),
        (["UPDATE stored_events SET state=CAST(state AS TEXT) WHERE rowid=9"], "columns"),
        (["UPDATE stored_events SET state=x'C3'||state WHERE rowid=9"], "unreadable"),
        (["UPDATE sequence SET length=length-5"], "tree-size"),
        (["UPDATE sequence SET first_position=first_position+1"], "run"),
        (["UPDATE sequence SET length=-1"], "run"),
        (["UPDATE sequence SET length=1000000000000"], "tree-size"),
        (["UPDATE stored_events SET state=NULL WHERE rowid=9"], "columns"),
    ],
)
def test_fsck_finds_what_the_events_bytes_do_not_show(
    copy: Path,
    statements: Sequence[str],
    kind: str,
) -> None:
    ok(copy, "log", "fsck")
    tampered(copy, *statements)
    found = run(copy, "log", "fsck", "--format", "json")
    assert (found.status, found.json["ok"]) == (1, False)
    assert kind in {p["kind"] for p in found.json["problems"]}


def test_an_event_rewritten_with_its_leaf_is_narrowed_down_by_the_level_above(
    tmp_path: Path,
) -> None:
    store = SQLiteStore(tmp_path / "ledger.db")
    store.append(people(*(f"p{n}" for n in range(600))))
    Log(store).size()
    (raw,), tile = store.states(301, 301), Log(store).tiles.tile(0, 1)
    other = raw.replace(b"p300", b"p999")
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        db.execute("UPDATE stored_events SET state=? WHERE rowid=301", (other,))
        hashes = tile[: 44 * 32] + leaf_hash(other) + tile[45 * 32 :]
        db.execute("UPDATE tiles SET hashes=? WHERE level=0 AND number=1", (hashes,))
    db.close()
    assert verify(store).problems == [Problem("tile-differs", None, "tile 1/0: 256–511")]
    store.close()


def test_the_first_position_is_told_however_much_is_wrong_behind_it(tmp_path: Path) -> None:
    """All of it is read in one piece, and what is missing is seen before what is changed."""
    store = SQLiteStore(tmp_path / "ledger.db")
    store.append(people(*(f"p{n}" for n in range(700))))
    Log(store).size()
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        db.execute("DELETE FROM stored_events WHERE rowid BETWEEN 401 AND 550")
        db.execute("UPDATE stored_events SET state=x'00' WHERE rowid IN (6, 601)")
    db.close()
    found = verify(store).problems
    assert [p.position for p in found if p.kind == "event-differs"] == [5, 600]
    assert found[0].position == 5
    assert len(found) == 2 + 100, "no more than so many of one kind"
    store.close()


def test_an_event_slipped_in_behind_the_sequencer_is_found(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "ledger.db")
    store.append(moves("p1", 20))
    Sequencer(store).advance()
    raw = store.stream("p1")[0]
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        db.execute(
            "INSERT INTO stored_events (rowid, originator_id, originator_version, topic, "
            "state) VALUES (-5, 'q', 1, 't', ?)",
            (raw,),
        )
    db.close()
    assert {p.kind for p in examine(store).problems} == {"count", "columns"}
    store.close()


def test_an_empty_log_has_no_head_and_nothing_to_find(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "ledger.db")
    assert Log(store).size() == 0
    assert verify(store) == examine(store) == (0, None, [])
    store.close()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Any]:
    """A store of 600 events, and its bytes and tiles as they were."""
    store = SQLiteStore(tmp_path / "ledger.db")
    store.append(people(*(f"p{n}" for n in range(600))))
    Log(store).size()
    db = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    yield store, db
    db.close()
    store.close()


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example puts it back
)
@given(data=st.data())
def test_any_bit_of_any_event_or_tile_counts(kept: Any, data: st.DataObject) -> None:
    store, db = kept
    table = data.draw(st.sampled_from(["stored_events", "tiles"]))
    if table == "tiles":
        level, number, raw = data.draw(
            st.sampled_from(db.execute("SELECT level, number, hashes FROM tiles").fetchall())
        )
        change = ("UPDATE tiles SET hashes=? WHERE level=? AND number=?", (level, number))
    else:
        row = data.draw(st.integers(1, 600))
        (raw,) = db.execute("SELECT state FROM stored_events WHERE rowid=?", (row,)).fetchone()
        change = ("UPDATE stored_events SET state=? WHERE rowid=?", (row,))
    at_bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    turned = bytearray(raw)
    turned[at_bit // 8] ^= 1 << at_bit % 8
    try:
        db.execute(change[0], (bytes(turned), *change[1]))
        found = verify(store).problems
    finally:
        db.execute(change[0], (raw, *change[1]))
    if table == "stored_events":
        assert found == [Problem("event-differs", row - 1, f"tile 0/{(row - 1) // 256}")]
    else:
        assert found
    assert verify(store).problems == []
