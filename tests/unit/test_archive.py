"""Writing the archive: exact bytes in segments that don't change, of one log and by one writer."""

import fcntl
import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from ledger.verify.merkle import leaf_hash
from projections.archive.asking import opened
from projections.archive.errors import ArchiveBusy, ArchiveDamaged, ArchiveOfAnotherLog
from projections.archive.manifest import read_manifest, text_of
from projections.archive.verifying import compare_with_log, verify
from projections.archive.writing import extend
from tests.archives import LENGTH, ORIGIN, SIZE, archived, told
from tests.golden.make import GOLDEN
from tests.histories import ListFeed
from tests.naive_tree import head


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("events-*.parquet")}


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
