"""The archive: exact bytes in segments that don't change, and damage named where it is."""

import fcntl
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.verify.merkle import leaf_hash
from projections.archive.asking import Archive, opened
from projections.archive.columns import NAMES, derived
from projections.archive.errors import (
    ArchiveBusy,
    ArchiveDamaged,
    ArchiveHeadDiffers,
    ArchiveMissing,
    ArchiveOfAnotherLog,
    QueryRefused,
    QueryTooLong,
)
from projections.archive.manifest import FILE, read_manifest, text_of, write_manifest
from projections.archive.signed import Head, Signed, require_continued
from projections.archive.verifying import compare_with_log, verify
from projections.archive.writing import extend
from tests.archives import ORIGIN, SIZE, archived, changed, told
from tests.bundles import MemoryLog
from tests.golden.make import GOLDEN
from tests.histories import ListFeed
from tests.naive_tree import head

LENGTH = len(told().records)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("events-*.parquet")}


# --- writing


def test_the_archive_holds_the_exact_bytes_in_position_order(tmp_path: Path) -> None:
    made = told()
    with opened(archived(tmp_path)) as archive:
        rows = archive.ask("SELECT position, bytes, leaf_hash FROM archived ORDER BY 1").rows
    assert [(p, raw) for p, raw, _ in rows] == made.records
    assert all(leaf == leaf_hash(raw) for _, raw, leaf in rows)


def test_the_manifest_binds_each_segment_to_the_log(tmp_path: Path) -> None:
    raws = [raw for _, raw in told().records]
    manifest = read_manifest(archived(tmp_path))
    assert (manifest.origin, manifest.end) == (ORIGIN, LENGTH)
    assert [s.count for s in manifest.segments[:-1]] == [SIZE] * (LENGTH // SIZE)
    for s in manifest.segments:
        assert s.root == text_of(head(raws[s.first : s.last + 1]))
        assert (s.tree.size, s.tree.root) == (s.last + 1, text_of(head(raws[: s.last + 1])))
        assert s.sha256 == hashlib.sha256((tmp_path / s.file).read_bytes()).hexdigest()


@pytest.mark.parametrize("first", [1, SIZE, SIZE + 1, LENGTH])
def test_a_grown_archive_is_the_one_made_at_once(tmp_path: Path, first: int) -> None:
    grown = archived(tmp_path / "grown", first)
    sealed = {n: raw for n, raw in files(grown).items() if n in _full(grown)}
    archived(grown)
    once = archived(tmp_path / "once")
    assert files(grown).items() >= sealed.items()
    assert [msgspec.structs.replace(s, sha256="") for s in read_manifest(grown).segments] == [
        msgspec.structs.replace(s, sha256="") for s in read_manifest(once).segments
    ]
    assert verify(grown) == verify(once)
    assert files(grown).keys() == files(once).keys(), "the short segment is gone"


def _full(folder: Path) -> set[str]:
    return {s.file for s in read_manifest(folder).segments if s.count == SIZE}


def test_with_nothing_new_nothing_is_written(tmp_path: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in archived(tmp_path).iterdir() if p.name != ".lock"}
    archived(tmp_path)
    assert before == {p: p.stat().st_mtime_ns for p in tmp_path.iterdir() if p.name != ".lock"}


def test_what_a_dead_writer_left_is_swept_away(tmp_path: Path) -> None:
    archived(tmp_path, 15)
    (tmp_path / "events-000000000010-000000000019.parquet").write_bytes(b"never named")
    (tmp_path / "stage-10.partial").write_bytes(b"half")
    (tmp_path / "film.partial").write_bytes(b"somebody's")
    archived(tmp_path)
    assert verify(tmp_path).events == LENGTH
    assert [path.name for path in tmp_path.glob("*.partial")] == ["film.partial"]


def test_every_event_type_can_be_archived(tmp_path: Path) -> None:
    lines = GOLDEN.read_bytes().splitlines()
    extend(tmp_path, ListFeed(list(enumerate(lines))), ORIGIN)
    assert verify(tmp_path).events == len(lines)


def _shorter(records: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    return records[:-1]


def _other_at(position: int) -> Callable[[list[tuple[int, bytes]]], list[tuple[int, bytes]]]:
    def change(records: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
        raw = records[position][1].replace(b"clerk-1", b"clerk-2")
        raw = raw if raw != records[position][1] else raw.replace(b'"role":"', b'"role":"x')
        return [*records[:position], (position, raw), *records[position + 1 :]]

    return change


@pytest.mark.parametrize(
    ("archived_first", "change"),
    [(LENGTH, _shorter), (25, _other_at(24)), (25, _other_at(21)), (20, _other_at(19))],
    ids=["shorter", "another last event", "another event of the short one", "of the full one"],
)
def test_another_log_is_refused_and_the_archive_stays(
    tmp_path: Path, archived_first: int, change: Callable[..., list[tuple[int, bytes]]]
) -> None:
    archived(tmp_path, archived_first)
    before = read_manifest(tmp_path)
    with pytest.raises(ArchiveOfAnotherLog):
        extend(tmp_path, ListFeed(change(told().records)), ORIGIN)
    assert read_manifest(tmp_path) == before
    assert verify(tmp_path).events == archived_first


def test_a_log_that_differs_within_a_sealed_segment_is_found_by_comparing(tmp_path: Path) -> None:
    archived(tmp_path)
    compare_with_log(tmp_path, told().feed(), ORIGIN)
    with pytest.raises(ArchiveOfAnotherLog):
        compare_with_log(tmp_path, told().feed(), "urn:benefits-ledger:220300")
    with pytest.raises(ArchiveOfAnotherLog) as refused:
        compare_with_log(tmp_path, ListFeed(_other_at(13)(told().records)), ORIGIN)
    assert refused.value.fields["what"] == "events-000000000010-000000000019.parquet"


def test_segments_whose_manifest_is_gone_are_not_written_anew(tmp_path: Path) -> None:
    archived(tmp_path)
    (tmp_path / "manifest.json").unlink()
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(ArchiveDamaged):
        extend(tmp_path, told().feed(), ORIGIN)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_last_segment_that_is_no_parquet_is_damage(tmp_path: Path) -> None:
    archived(tmp_path)
    (tmp_path / read_manifest(tmp_path).segments[-1].file).write_bytes(b"x" * 1_000)
    with pytest.raises(ArchiveDamaged):
        extend(tmp_path, told().feed(), ORIGIN)


def test_origin_and_size_are_said_once(tmp_path: Path) -> None:
    archived(tmp_path)
    with pytest.raises(ArchiveOfAnotherLog):
        extend(tmp_path, told().feed(), "urn:benefits-ledger:220300")
    with pytest.raises(ArchiveOfAnotherLog):
        extend(tmp_path, told().feed(), ORIGIN, segment_size=SIZE + 1)


def test_there_is_one_writer_at_a_time(tmp_path: Path) -> None:
    archived(tmp_path, 5)
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ArchiveBusy):
            archived(tmp_path)
    archived(tmp_path)


# --- verifying


Rows = list[dict[str, Any]]


def _bytes(rows: Rows) -> None:
    rows[3]["bytes"] = rows[3]["bytes"].replace(b'"program"', b'"programs"')


def _leaf_too(rows: Rows) -> None:
    _bytes(rows)
    rows[3]["leaf_hash"] = leaf_hash(rows[3]["bytes"])


def _swapped(rows: Rows) -> None:
    rows[3], rows[4] = rows[4], rows[3]


def _swapped_with_positions(rows: Rows) -> None:
    _swapped(rows)
    for at in (3, 4):
        rows[at]["position"] = 10 + at


def _column(name: str, value: Any) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        assert rows[3][name] != value
        rows[3][name] = value

    return change


DAMAGE: list[tuple[str, Callable[[Rows], Any], int, str]] = [
    ("bytes", _bytes, 13, "leaf hash"),
    ("bytes and leaf", _leaf_too, 13, "column"),
    ("deleted", lambda rows: rows.pop(3), 13, "position 14"),
    ("doubled", lambda rows: rows.insert(3, rows[3]), 14, "position 13"),
    ("swapped", _swapped, 13, "position 14"),
    ("swapped with positions", _swapped_with_positions, 10, "root over the segment"),
    ("truncated", lambda rows: rows.pop(), 19, "10 events expected"),
    ("amount", _column("amount_fen", 1), 13, "column amount_fen"),
    ("subject", _column("subject", "p9"), 13, "column subject"),
    ("nothing", _column("actor", None), 13, "column actor"),
    ("no bytes", _column("bytes", None), 13, "no bytes"),
    ("no leaf", _column("leaf_hash", None), 13, "leaf hash"),
    ("endless bytes", _column("bytes", b"x" * 65_536), 13, "more than an event"),
    ("endless leaf", _column("leaf_hash", b"x" * 65_536), 13, "leaf hash"),
    ("endless text", _column("program", "x" * 65_536), 13, "column program is '…'"),
    ("nested", _column("bytes", b'{"data":' + b"[" * 50_000), 13, "leaf hash"),
]


@pytest.mark.parametrize(("change", "position", "what"), [d[1:] for d in DAMAGE], ids=lambda x: "")
def test_damage_is_named_by_its_first_position(
    tmp_path: Path, change: Callable[[Rows], Any], position: int, what: str
) -> None:
    changed(archived(tmp_path), 1, change)
    with pytest.raises(ArchiveDamaged) as found:
        verify(tmp_path)
    fields = found.value.fields
    assert (fields["segment"][:19], fields["position"]) == ("events-000000000010", position)
    assert what in fields["what"]


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ("* REPLACE (decode(bytes) AS bytes)", "bytes VARCHAR, not bytes BLOB"),
        ("* REPLACE (amount_fen::DOUBLE AS amount_fen)", "amount_fen DOUBLE"),
        ("* REPLACE (after_settlement::INTEGER AS after_settlement)", "after_settlement INTEGER"),
        ("*, 1 AS more", "more INTEGER, not - -"),
        ("* EXCLUDE (bytes)", "- -, not bytes BLOB"),
    ],
)
def test_columns_are_of_their_types_and_no_others(tmp_path: Path, columns: str, what: str) -> None:
    """The values can be equal all the same: 1.0 is 1, and true is 1."""
    changed(archived(tmp_path), 1, lambda rows: None, columns=columns)
    with pytest.raises(ArchiveDamaged) as found:
        verify(tmp_path)
    assert found.value.fields["position"] == SIZE
    assert what in found.value.fields["what"]


@pytest.mark.parametrize("raw", [b'{"data":' + b"[" * 50_000, None])
def test_bytes_that_no_reader_takes_in_are_damage(tmp_path: Path, raw: bytes | None) -> None:
    """Nested beyond what is read, or with a sum beyond 64 bits; their leaf hash is right."""
    if raw is None:
        raw = told().records[13][1].replace(b'"data":{', b'"data":{"by_division":{"x":%d},' % 2**70)

    def change(rows: Rows) -> None:
        rows[3].update(bytes=raw, leaf_hash=leaf_hash(raw))

    changed(archived(tmp_path), 1, change)
    with pytest.raises(ArchiveDamaged) as found:
        verify(tmp_path)
    assert found.value.fields["position"] == 13


@pytest.mark.parametrize("at", range(0, 4_000, 571))
def test_a_flipped_bit_anywhere_in_a_file_is_found(tmp_path: Path, at: int) -> None:
    path = archived(tmp_path) / read_manifest(tmp_path).segments[1].file
    raw = bytearray(path.read_bytes())
    raw[at % len(raw)] ^= 0x10
    path.chmod(0o644)
    path.write_bytes(raw)
    with pytest.raises(ArchiveDamaged) as found:
        verify(tmp_path)
    assert found.value.fields["segment"] == path.name


def _manifest(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    document = json.loads((folder / FILE).read_bytes())
    change(document)
    (folder / FILE).write_text(json.dumps(document))


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["segments"].pop(1),
        lambda m: m["segments"].pop(0),
        lambda m: m["segments"].reverse(),
        lambda m: m["segments"][1].update(root=m["segments"][0]["root"]),
        lambda m: m["segments"][1]["tree"].update(root=m["segments"][0]["root"]),
        lambda m: m["segments"][1].update(file="../elsewhere.parquet"),
        lambda m: m["segments"][1].update(count=9),
        lambda m: m.update(format="other/1"),
        lambda m: m.pop("origin"),
    ],
)
def test_a_manifest_that_says_otherwise_is_damage(
    tmp_path: Path, change: Callable[[dict[str, Any]], Any]
) -> None:
    _manifest(archived(tmp_path), change)
    with pytest.raises(ArchiveDamaged):
        verify(tmp_path)


def test_what_a_damaged_archive_says_does_nothing_to_the_screen(tmp_path: Path) -> None:
    folder = archived(tmp_path)
    spoof = "x\x1b[2J\x9b31m\u202e\nVERIFIED"
    changed(folder, 1, lambda rows: rows[3].update(program=spoof), columns=f'*, 1 AS "{spoof}"')
    with pytest.raises(ArchiveDamaged) as columns:
        verify(folder)
    _manifest(folder, lambda m: m["segments"][1].update(file=spoof))
    with pytest.raises(ArchiveDamaged) as named:
        verify(folder)
    for found in (columns, named):
        for lang in ("zh", "en"):
            assert found.value.message(lang).isprintable()
            assert "VERIFIED" in found.value.message(lang)


def test_a_missing_segment_is_damage(tmp_path: Path) -> None:
    name = read_manifest(archived(tmp_path)).segments[2].file
    (tmp_path / name).unlink()
    with pytest.raises(ArchiveDamaged) as found:
        verify(tmp_path)
    assert found.value.fields["segment"] == name
    with pytest.raises(ArchiveDamaged), opened(tmp_path):
        pass


@pytest.mark.parametrize("make", ["nothing", "no segments", "an empty file"])
def test_nothing_is_never_whole(tmp_path: Path, make: str) -> None:
    if make == "no segments":
        archived(tmp_path, 0)
        manifest = read_manifest(archived(tmp_path / "full"))
        write_manifest(tmp_path, msgspec.structs.replace(manifest, segments=[]))
    elif make == "an empty file":
        (tmp_path / FILE).write_bytes(b"")
    for look in (verify, lambda folder: opened(folder).__enter__()):
        with pytest.raises((ArchiveMissing, ArchiveDamaged)):
            look(tmp_path)


def test_columns_are_told_twice_and_alike(tmp_path: Path) -> None:
    lines = GOLDEN.read_bytes().splitlines()
    extend(tmp_path, ListFeed(list(enumerate(lines))), ORIGIN)
    for raw in lines:
        event = json.loads(raw)
        found = dict(zip(NAMES[1:-2], derived(raw), strict=True))
        assert event["id"] == f"{found['stream']}/{found['version']}"
        assert event["type"] == f"benefits.{found['type']}.v{found['schema_version']}"
        assert found["amount_fen"] == event["data"].get("amount_fen")


# --- what was signed


def leaves(length: int = LENGTH) -> list[bytes]:
    return [raw for _, raw in told().records[:length]]


def signed(size: int, *, final: bool = False) -> Head:
    return Head(size, head(leaves(size)), final)


def test_an_archive_is_under_the_heads_that_were_signed_of_its_log(tmp_path: Path) -> None:
    """Of every size, those at a segment's end and those beyond the archive among them."""
    folder = archived(tmp_path)
    assert verify(folder).signed == Signed(0, 0)
    assert Signed(0, 0).status == "unsigned"
    every = [signed(size, final=size <= 7) for size in range(1, LENGTH + 1)]
    found = verify(folder, heads=every).signed
    assert (found, found.status) == (Signed(LENGTH, 7), "pending")
    beyond = Head(LENGTH + 1, bytes(32), True)
    found = verify(folder, heads=[beyond, signed(SIZE, final=True)]).signed
    assert (found, found.status) == (Signed(SIZE, SIZE), "final")


@pytest.mark.parametrize("size", [1, SIZE, SIZE + 3, LENGTH])
def test_an_archive_that_is_not_the_signed_log_is_named(tmp_path: Path, size: int) -> None:
    folder = archived(tmp_path)
    other = [raw + b" " for raw in leaves(size)]
    heads = [signed(LENGTH), Head(size, head(other), True), signed(2)]
    with pytest.raises(ArchiveHeadDiffers) as ended:
        verify(folder, heads=heads)
    assert ended.value.fields["size"] == size
    assert ended.value.fields["archive"] == text_of(head(leaves(size)))
    tree = MemoryLog(told().records).tree()
    with pytest.raises(ArchiveHeadDiffers):
        require_continued(heads, LENGTH, tree.root(), tree.consistency_proof)
    require_continued([heads[0], heads[2]], LENGTH, tree.root(), tree.consistency_proof)


def test_damage_is_told_before_a_head_that_differs(tmp_path: Path) -> None:
    folder = archived(tmp_path)
    changed(folder, 1, lambda rows: rows[3].update(bytes=b"{}"))
    with pytest.raises(ArchiveDamaged):
        verify(folder, heads=[Head(5, bytes(32), True)])


# --- asking


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with opened(archived(tmp_path_factory.mktemp("archive"))) as it:
        yield it


REFUSED = [
    "COPY events TO 'out.csv'",
    "COPY (SELECT 1) TO '{segment}' (FORMAT parquet)",
    "SELECT * FROM read_text('{outside}')",
    "SELECT * FROM read_csv('{outside}')",
    "FROM '{outside}'",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM read_parquet('https://example.org/x.parquet')",
    "INSTALL httpfs",
    "LOAD httpfs",
    "ATTACH '{folder}/x.db'",
    "EXPORT DATABASE '{folder}/x'",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "PRAGMA enable_external_access",
    "CREATE TABLE x AS SELECT 1",
    "DROP VIEW events",
    "DELETE FROM posting_rules",
    "SELECT 1; SELECT 2",
    "",
    "SELEC 1",
    "SELECT nothing FROM events",
]


@pytest.mark.parametrize("query", REFUSED)
def test_a_query_that_does_more_than_read_the_archive_is_refused(
    tmp_path: Path, archive: Archive, query: str
) -> None:
    folder = archive.folder
    outside = tmp_path / "outside.csv"
    outside.write_text("a,b\n1,2\n")
    segment = folder / read_manifest(folder).segments[0].file
    before = sorted(p.name for p in tmp_path.rglob("*")), segment.read_bytes()
    with pytest.raises(QueryRefused):
        archive.ask(query.format(outside=outside, folder=tmp_path, segment=segment))
    assert (sorted(p.name for p in tmp_path.rglob("*")), segment.read_bytes()) == before


@pytest.mark.parametrize("part", [0.1, 0.4, 0.7])
def test_damage_is_no_fault_of_the_question(tmp_path: Path, part: float) -> None:
    """While the archive is open or before; a right question or a wrong one."""
    folder = archived(tmp_path)
    segment = read_manifest(folder).segments[1]
    path = folder / segment.file
    whole = path.read_bytes()
    at = int(len(whole) * part)
    path.chmod(0o644)
    with opened(folder) as asked:
        path.write_bytes(whole[:at] + bytes(len(whole) - at))
        for query in (
            "SELECT sum(octet_length(bytes)) FROM archived",
            "SELECT nothing FROM events",
        ):
            with pytest.raises(ArchiveDamaged) as ended:
                asked.ask(query)
            assert ended.value.fields["segment"] == segment.file
            assert ended.value.fields["position"] == segment.first
        with pytest.raises(QueryRefused):
            asked.ask("DELETE FROM events")
    path.write_bytes(whole[:at])
    with pytest.raises(ArchiveDamaged) as ended:
        Archive(folder).ask("SELECT max(bytes) FROM archived")
    assert ended.value.fields["segment"] == segment.file


def test_rows_and_time_are_bounded(archive: Archive) -> None:
    answer = archive.ask("SELECT position FROM events ORDER BY 1", limit=3)
    assert (answer.rows, answer.more) == ([(0,), (1,), (2,)], True)
    assert not archive.ask("SELECT 1", limit=1).more
    endless = "SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000000) c"
    with pytest.raises(QueryTooLong):
        archive.ask(endless, timeout_s=0.2)
    assert archive.ask("SELECT 1").rows == [(1,)]


def test_nothing_is_drawn_over_the_answer(archive: Archive) -> None:
    """DuckDB's progress bar goes to standard output once a query has taken two seconds."""
    shown = archive.ask("SELECT current_setting('enable_progress_bar')")
    assert shown.rows == [(False,)]


def test_every_view_is_documented_in_both_languages_and_can_be_asked(archive: Archive) -> None:
    views = archive.views()
    assert {"events", "postings", "balances", "grants", "payments", "debts"} <= {
        v.name for v in views
    }
    undocumented = archive.ask(
        "SELECT view_name FROM duckdb_views() WHERE NOT internal AND comment IS NULL"
    )
    assert undocumented.rows == [("archived",)]
    for view in views:
        zh, bar, en = view.about.partition("|")
        assert bar
        assert not zh.isascii()
        assert en.isascii()
        assert archive.ask(f"SELECT * FROM {view.name}").columns == list(view.columns)


# --- where it lies


PATTERNS = ["ar[1]", "ar*", "ar?", "it's", "{a,b}"]


@pytest.mark.parametrize("name", PATTERNS)
def test_a_folder_whose_name_is_a_pattern_is_itself_and_no_other(tmp_path: Path, name: str) -> None:
    """The archive beside it is the one that the pattern would find first."""
    beside, folder = archived(tmp_path / "ar1"), archived(tmp_path / name, 15)
    archived(folder)
    changed(beside, 0, lambda rows: rows[0].update(amount_fen=1))
    assert verify(folder).events == LENGTH
    changed(folder, 0, lambda rows: rows[0].update(amount_fen=2))
    with pytest.raises(ArchiveDamaged):
        verify(folder)
    with opened(folder) as asked:
        assert asked.ask("SELECT amount_fen FROM events WHERE position = 0").rows == [(2,)]


def test_a_folder_whose_name_says_key_and_value_changes_no_column(tmp_path: Path) -> None:
    folder = archived(tmp_path / "amount_fen=1" / "subject=x")
    assert verify(folder).events == LENGTH
    with opened(folder) as asked, opened(archived(tmp_path / "plain")) as plain:
        query = "SELECT sum(amount_fen), min(subject), max(subject) FROM events"
        assert asked.ask(query) == plain.ask(query)
