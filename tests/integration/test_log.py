"""The log's tree from the command line: proofs that others verify, an export that others read, and
checks that name what was done to the file.
"""

import shutil
import sqlite3
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.commands.log_key import AdoptLogKey
from ledger.log.fsck import Problem, examine, verify
from ledger.log.keys import SigningKey
from ledger.log.merkle_log import Log
from ledger.log.sequencer import Sequencer
from ledger.store.sqlite import SQLiteStore
from ledger.verify.checkpoint import Checkpoint
from ledger.verify.merkle import Frontier, leaf_hash, verify_consistency, verify_inclusion
from ledger.verify.note import LOG_SIGNATURE
from ledger.work import Context
from ops.home import opened
from ops.tlog_tiles import export
from tests import naive_tree
from tests.integration.cli import _simulated, city, contents, copy, ok, run
from tests.store_conformance import at, moves, people

__all__ = ["city", "copy"]

ORIGIN = "urn:benefits-ledger:220200"


KEY = SigningKey.of(ORIGIN, LOG_SIGNATURE, bytes(range(32)))
ANOTHER = SigningKey.of(ORIGIN, LOG_SIGNATURE, bytes(32))


def note_of(size: int, root: bytes, key: SigningKey = KEY) -> bytes:
    """A checkpoint of the city's log."""
    text = Checkpoint(ORIGIN, size, root).text()
    return text + b"\n" + key.sign(text)


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated city, which has taken a key into use."""
    path = Path(shutil.copytree(_simulated(), tmp_path_factory.mktemp("signing") / "home"))
    with opened(path) as home:
        home.keys.write(KEY)
        by = Context(
            actor="officer-1", role="director", division="220200", effective=date(2018, 1, 2)
        )
        home.ledger().execute(AdoptLogKey(vkey=str(KEY.verifier)), by, key="key")
    return path


@pytest.fixture
def checkpoint(signing: Path, tmp_path: Path) -> Callable[[int], str]:
    """Gives the file of a signed checkpoint of the city's first so many events."""

    def write(size: int) -> str:
        head = ok(signing, "log", "head", "--size", str(size), "--format", "json").json
        file = tmp_path / f"checkpoint-{size}"
        file.write_bytes(note_of(size, b64decode(head["root"])))
        return str(file)

    return write


def events(home: Path) -> list[bytes]:
    return ok(home, "events", "--format", "ndjson").out.splitlines()


# --- proofs


def test_the_head_is_that_of_the_events_as_they_are_printed(signing: Path) -> None:
    frontier, printed = Frontier(), events(signing)
    frontier.extend(map(leaf_hash, printed))
    head = ok(signing, "log", "head", "--format", "json").json
    assert (head["size"], head["origin"]) == (len(printed), ORIGIN)
    assert b64decode(head["root"]) == bytes.fromhex(head["hex"]) == frontier.root()
    assert ok(signing, "log", "head").text.split() == [str(len(printed)), head["root"]]


def test_an_inclusion_proof_is_verified_by_what_it_says(signing: Path) -> None:
    printed = events(signing)
    for position, size in ((0, 1), (77, 300), (300, len(printed)), (len(printed) - 1, None)):
        asked = ("--size", str(size)) if size else ()
        found = ok(signing, "log", "prove", "--position", str(position), *asked).json
        leaf = b64decode(found["leaf_hash"])
        assert leaf == sha256(b"\0" + printed[position]).digest()
        assert (found["index"], found["size"]) == (position, size or len(printed))
        proof = [b64decode(h) for h in found["proof"]]
        verify_inclusion(leaf, position, found["size"], proof, b64decode(found["root"]))


def test_a_consistency_proof_is_verified_by_what_it_says(signing: Path) -> None:
    for old, new in ((1, 2), (255, 257), (4_096, 10_000), (5_000, 5_000)):
        found = ok(signing, "log", "prove", "--from", str(old), "--to", str(new)).json
        roots = b64decode(found["old_root"]), b64decode(found["new_root"])
        assert (found["old_size"], found["new_size"]) == (old, new)
        verify_consistency(old, new, *roots, [b64decode(h) for h in found["proof"]])


def test_the_texts_are_those_of_the_specifications(
    signing: Path,
    checkpoint: Callable[[int], str],
) -> None:
    file = checkpoint(1_000)
    proof = ("log", "prove", "--position", "7", "--checkpoint", file)
    document = ok(signing, *proof).json
    head, _, note = ok(signing, *proof, "--format", "c2sp").out.partition(b"\n\n")
    lines = head.decode().split("\n")
    assert lines == ["c2sp.org/tlog-proof@v1", "index 7", *document["proof"]]
    assert (document["size"], note) == (1_000, Path(file).read_bytes())

    grown = ("log", "prove", "--from", "300", "--checkpoint", file, "--format", "c2sp")
    head, _, note = ok(signing, *grown).out.partition(b"\n\n")
    hashes = ok(signing, "log", "prove", "--from", "300", "--to", "1000").json["proof"]
    assert head.decode().split("\n") == ["old 300", *hashes]
    assert note == Path(file).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        (("prove",), "invalid-value", 2),
        (("prove", "--position", "1", "--from", "1"), "invalid-value", 2),
        (("prove", "--from", "1", "--size", "3"), "invalid-value", 2),
        (("prove", "--position", "99999999"), "outside-log", 2),
        (("prove", "--position", "-1"), "outside-log", 2),
        (("prove", "--position", "5", "--size", "5"), "outside-log", 2),
        (("prove", "--from", "0"), "outside-log", 2),
        (("prove", "--from", "9", "--to", "8"), "outside-log", 2),
        (("prove", "--position", "1", "--format", "c2sp"), "checkpoint-needed", 2),
        (("prove", "--position", "1", "--checkpoint", "nowhere"), "not-found", 2),
        (("head", "--size", "0"), "outside-log", 2),
        (("export", "somewhere"), "checkpoint-needed", 2),
        (("verify", "--checkpoint", "nowhere"), "not-found", 2),
    ],
)
def test_what_cannot_be_proved_is_refused(
    signing: Path,
    arguments: tuple[str, ...],
    code: str,
    status: int,
) -> None:
    for lang in ("zh", "en"):
        ended = run(signing, "log", *arguments, "--lang", lang)
        assert (ended.status, ended.out) == (status, b"")
        assert f" {code}: " in ended.err


def test_only_a_checkpoint_of_this_log_by_its_own_key_counts(
    signing: Path, tmp_path: Path, checkpoint: Callable[[int], str]
) -> None:
    good = Path(checkpoint(10)).read_bytes()
    root = Checkpoint.parse(good.partition(b"\n\n")[0] + b"\n").root
    for name, note, code, status in (
        ("forked", note_of(10, bytes(32)), "checkpoint-differs", 3),
        ("longer", note_of(10**8, root), "outside-log", 2),
        ("stranger", note_of(10, root, ANOTHER), "checkpoint-refused", 2),
        ("touched", good.replace(b"\n10\n", b"\n11\n"), "checkpoint-refused", 2),
        ("cut", good[:40], "checkpoint-refused", 2),
        ("empty", b"", "checkpoint-refused", 2),
    ):
        file = tmp_path / name
        file.write_bytes(note)
        for command in (("prove", "--position", "1"), ("export", str(tmp_path / "out"))):
            ended = run(signing, "log", *command, "--checkpoint", str(file))
            assert (ended.status, f" {code}: " in ended.err) == (status, True)
        checked = run(signing, "log", "verify", "--checkpoint", str(file), "--format", "json")
        if code == "checkpoint-refused":
            assert (checked.status, code in checked.err) == (2, True)
        else:
            assert checked.status == 1
            assert [p["kind"] for p in checked.json["problems"]] == ["checkpoint"]
    assert not (tmp_path / "out").exists()
    checked = ok(signing, "log", "verify", "--checkpoint", checkpoint(10), "--format", "json")
    assert [c["size"] for c in checked.json["checkpoints"]] == [10]
    other_size = run(
        signing, "log", "prove", "--position", "1", "--size", "9", "--checkpoint", checkpoint(10)
    )
    assert (other_size.status, "10" in other_size.err) == (2, True)


def test_without_a_file_it_is_the_head_that_this_home_signed(signing: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(signing, tmp_path / "home"))
    with opened(home) as it:
        note = it.signer().sign().head.note
    text = ok(home, "log", "prove", "--position", "7", "--format", "c2sp").out
    assert text.endswith(note)
    grown = ok(home, "log", "prove", "--from", "7", "--format", "c2sp").out
    assert grown.endswith(note)
    ok(home, "log", "export", str(tmp_path / "out"))
    assert (tmp_path / "out" / "checkpoint").read_bytes() == note
    checked = ok(home, "log", "verify", "--format", "json").json
    assert [c["size"] for c in checked["checkpoints"]] == [checked["size"]]
    assert (
        run(home, "log", "prove", "--position", "7", "--size", "9", "--format", "c2sp").status == 2
    )


def test_a_log_rewritten_with_all_its_tiles_is_not_the_one_that_was_signed(
    signing: Path, tmp_path: Path
) -> None:
    home = Path(shutil.copytree(signing, tmp_path / "home"))
    with opened(home) as it:
        it.signer().sign()
    tampered(
        home,
        "UPDATE stored_events SET state=CAST(replace(CAST(state AS TEXT), '2017', '2016') AS BLOB) "
        "WHERE rowid=3",
        "DELETE FROM tiles",
    )
    for checks in ("verify", "fsck"):
        found = run(home, "log", checks, "--format", "json")
        assert found.status == 1
        assert [p["kind"] for p in found.json["problems"]] == ["checkpoint"]


# --- the export


def read_tlog(folder: Path) -> tuple[int, bytes, list[bytes]]:
    """Size, root and entries of a tlog-tiles directory, by the specification and nothing of ours.

    Every entry is hashed into its level 0 tile, every full tile into the one above it.
    """
    _, size_line, root_line = (folder / "checkpoint").read_text().split("\n")[:3]
    size, entries = int(size_line), []
    level, hashes = 0, []
    for number in range((size + 255) // 256):
        bundle = at_path(folder / "tile/entries", number, size)
        found = []
        while bundle:
            length = int.from_bytes(bundle[:2], "big")
            found.append(bundle[2 : 2 + length])
            bundle = bundle[2 + length :]
        entries += found
        hashes += [sha256(b"\0" + e).digest() for e in found]
    assert len(entries) == size
    while hashes:
        for number in range((len(hashes) + 255) // 256):
            expected = b"".join(hashes[number * 256 : number * 256 + 256])
            assert at_path(folder / f"tile/{level}", number, len(hashes)) == expected
        full = range(len(hashes) // 256)
        hashes = [naive_root(hashes[n * 256 : n * 256 + 256]) for n in full]
        level += 1
    return size, b64decode(root_line), entries


def at_path(folder: Path, number: int, width: int) -> bytes:
    digits = f"{number:03d}" if number < 1_000 else f"x{number // 1000:03d}/{number % 1000:03d}"
    rest = min(256, width - number * 256)
    return (folder / (digits if rest == 256 else f"{digits}.p/{rest}")).read_bytes()


def naive_root(hashes: list[bytes]) -> bytes:
    half = len(hashes) // 2
    if not half:
        return hashes[0]
    return sha256(b"\1" + naive_root(hashes[:half]) + naive_root(hashes[half:])).digest()


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(f.relative_to(folder)): (f.stat().st_mtime_ns, f.read_bytes())
        for f in folder.rglob("*")
        if f.is_file()
    }


def test_an_export_is_read_back_by_whoever_knows_the_specification(
    signing: Path,
    tmp_path: Path,
    checkpoint: Callable[[int], str],
) -> None:
    out, printed = tmp_path / "out", events(signing)
    before: dict[str, tuple[int, bytes]] = {}
    for size in (1, 255, 256, 257, 300, 2_048, len(printed)):
        file = checkpoint(size)
        ok(signing, "log", "export", str(out), "--checkpoint", file)
        assert (out / "checkpoint").read_bytes() == Path(file).read_bytes()
        frontier = Frontier()
        frontier.extend(map(leaf_hash, printed[:size]))
        assert read_tlog(out) == (size, frontier.root(), printed[:size])
        after = files(out)
        assert not [name for name in after if "partial" in name]
        for name, content in before.items():
            if name != "checkpoint" and ".p/" not in name:
                assert after[name] == content, "a full tile is never written again"
        before = after
    again = ok(
        signing, "log", "export", str(out), "--checkpoint", checkpoint(size), "--format", "json"
    )
    assert again.json == {"folder": str(out), "size": size, "before": size, "files": 1}


def test_an_export_that_was_killed_is_taken_up(
    signing: Path,
    tmp_path: Path,
    checkpoint: Callable[[int], str],
) -> None:
    """What is missing is written, what is there is compared."""
    whole, half = tmp_path / "whole", tmp_path / "half"
    ok(signing, "log", "export", str(whole), "--checkpoint", checkpoint(3_000))
    shutil.copytree(whole, half)
    for name in list(files(half))[::2]:
        (half / name).unlink()
    (half / "checkpoint").unlink(missing_ok=True)
    ok(signing, "log", "export", str(half), "--checkpoint", checkpoint(3_000))
    assert {n: c for n, (_, c) in files(half).items()} == {
        n: c for n, (_, c) in files(whole).items()
    }


def test_an_export_is_not_mixed_with_another_log_or_put_back(
    signing: Path,
    tmp_path: Path,
    checkpoint: Callable[[int], str],
) -> None:
    out, small = tmp_path / "out", checkpoint(600)
    ok(signing, "log", "export", str(out), "--checkpoint", checkpoint(700))
    behind = run(signing, "log", "export", str(out), "--checkpoint", small)
    assert (behind.status, "export-ahead" in behind.err) == (3, True)
    for name, content in (
        ("checkpoint", note_of(700, bytes(32))),
        ("checkpoint", note_of(10**8, bytes(32))),
        ("tile/0/001", bytes(8_192)),
        ("tile/entries/000", b""),
    ):
        other = tmp_path / "other"
        ok(signing, "log", "export", str(other), "--checkpoint", small)
        if name != "checkpoint":
            (other / "checkpoint").unlink()
        (other / name).write_bytes(content)
        before = files(other)
        refused = run(signing, "log", "export", str(other), "--checkpoint", checkpoint(900))
        assert (refused.status, "export-differs" in refused.err) == (3, True)
        assert files(other).items() >= before.items(), "nothing of it was changed"
        shutil.rmtree(other)


def test_an_export_nowhere_is_refused(
    signing: Path,
    tmp_path: Path,
    checkpoint: Callable[[int], str],
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    ended = run(signing, "log", "export", str(taken / "in"), "--checkpoint", checkpoint(10))
    assert (ended.status, "invalid-value" in ended.err) == (2, True)


# --- the checks


def tampered(home: Path, *statements: str) -> None:
    with sqlite3.connect(home / "ledger.db") as db:
        for statement in statements:
            db.execute(statement)
    db.close()


SWAP = (
    "UPDATE stored_events SET rowid=-1 WHERE rowid=401",
    "UPDATE stored_events SET rowid=401 WHERE rowid=501",
    "UPDATE stored_events SET rowid=501 WHERE rowid=-1",
)

LONGER = ("UPDATE tiles SET hashes=CAST(hashes||zeroblob(32) AS BLOB) WHERE level=0 AND number=1",)


@pytest.mark.parametrize(
    ("statements", "first", "kinds"),
    [
        (
            ["UPDATE stored_events SET state=CAST(state||' ' AS BLOB) WHERE rowid=301"],
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


@settings(max_examples=25)
@given(sizes=st.lists(st.integers(1, 400), min_size=1, max_size=4), step=st.integers(1, 500))
def test_however_it_grew_the_export_is_that_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], step: int
) -> None:
    folder = tmp_path_factory.mktemp("grown")
    store, total = SQLiteStore(folder / "ledger.db"), 0
    try:
        for n, size in enumerate(sizes):
            store.append(
                at(people(*(f"{n}-{i}" for i in range(size))), "2017-05-01T00:00:00.000000Z")
            )
            total += size
            assert Sequencer(store, step=step).advance() == total
            kept = [row.state for row in store.scan()]
            root = naive_tree.head(kept)
            export(Log(store), folder / "out", note_of(total, root))
            assert read_tlog(folder / "out") == (total, root, kept)
        assert examine(store).problems == []
    finally:
        store.close()
