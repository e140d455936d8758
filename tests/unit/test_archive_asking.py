"""Asking the archive: reading and nothing else, bounded, from wherever it lies."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from projections.archive.asking import Archive, opened
from projections.archive.errors import ArchiveDamaged, QueryRefused, QueryTooLong
from projections.archive.manifest import read_manifest
from projections.archive.verifying import verify
from tests.archives import LENGTH, archived, changed

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
