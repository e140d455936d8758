"""Verifying the archive: damage is named where it is, and the signed heads are held against it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.verify.merkle import leaf_hash
from projections.archive.asking import opened
from projections.archive.columns import NAMES, derived
from projections.archive.errors import ArchiveDamaged, ArchiveHeadDiffers, ArchiveMissing
from projections.archive.manifest import FILE, read_manifest, text_of, write_manifest
from projections.archive.signed import Head, Signed, require_continued
from projections.archive.verifying import verify
from projections.archive.writing import extend
from tests.archives import LENGTH, ORIGIN, SIZE, archived, changed, told
from tests.bundles import MemoryLog
from tests.golden.make import GOLDEN
from tests.histories import ListFeed
from tests.naive_tree import head

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
