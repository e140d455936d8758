"""The export is read back by whoever knows the specification, and is never mixed or put back."""

import shutil
from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.log.fsck import examine
from ledger.log.merkle_log import Log
from ledger.log.sequencer import Sequencer
from ledger.store.sqlite import SQLiteStore
from ledger.verify.merkle import Frontier, leaf_hash
from ops.tlog_tiles import export
from tests import naive_tree
from tests.integration.cli import ok, run
from tests.integration.tlog import checkpoint, events, note_of, signing
from tests.store_conformance import at, people

__all__ = ["checkpoint", "signing"]


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
    assert (ended.status, "file-unusable" in ended.err) == (2, True)


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
