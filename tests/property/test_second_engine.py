"""Two engines over any history: the views' folds in Python, and SQL over the archive."""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from hypothesis import given, settings

from ledger.codec import decode
from ledger.domain.events.discard import ParkedEventDiscarded
from projections.archive.asking import Archive, opened
from projections.archive.errors import ArchiveOfAnotherLog
from projections.archive.recomputing import TABLES, VIEWS, Difference, recompute
from projections.archive.verifying import verify
from projections.archive.writing import extend
from projections.engine import Projector
from tests.any_history import DAYS, any_history
from tests.archives import ORIGIN
from tests.golden.make import GOLDEN
from tests.histories import History, history

FEWER = settings(max_examples=max(settings().max_examples // 6, 10))


@contextmanager
def both(told: History, **rest: object) -> Iterator[tuple[Archive, Projector]]:
    """The archive of a history, and its views, caught up."""
    with tempfile.TemporaryDirectory() as folder:
        extend(Path(folder) / "archive", told.feed(), ORIGIN)
        verify(Path(folder) / "archive")
        projector = Projector(f"sqlite:///{folder}/views.db", told.feed(), **rest)  # type: ignore[arg-type]
        with closing(projector), opened(Path(folder) / "archive") as archive:
            projector.catch_up()
            yield archive, projector


@FEWER
@given(told=any_history().filter(lambda told: told.records))
def test_the_engines_agree_on_any_history(told: History) -> None:
    with both(told) as (archive, projector):
        assert recompute(archive, projector).differences == []
        unbalanced = "SELECT position FROM postings GROUP BY position HAVING sum(amount_fen) <> 0"
        assert archive.ask(unbalanced).rows == []


@FEWER
@given(
    told=any_history().filter(lambda told: told.records),
    data=st.data(),
    effective=st.none() | DAYS,
)
def test_the_engines_agree_as_of_any_moment(
    told: History, data: st.DataObject, effective: date | None
) -> None:
    times = sorted({decode(raw).time for _, raw in told.records})
    position = data.draw(st.none() | st.integers(0, len(told.records)))
    known = data.draw(st.none() | st.sampled_from(times))
    with both(told) as (archive, projector):
        past = projector.as_of(position, known, effective)
        try:
            found = recompute(archive, past, position=position, known=known, effective=effective)
        finally:
            past.close()
        assert found.differences == []


def test_the_engines_agree_on_every_type_of_event_and_on_each_day() -> None:
    told = history()
    told.records.extend(enumerate(GOLDEN.read_bytes().splitlines()))
    days = {decode(raw).effective for _, raw in told.records}
    with both(told) as (archive, projector):
        assert recompute(archive, projector).differences == []
        for day in sorted(days):
            past = projector.as_of(effective=day, views=VIEWS)
            assert recompute(archive, past, effective=day).differences == []
            past.close()


def some() -> History:
    return (
        history()
        .enrolled("p1")
        .granted("p1", "2017-02")
        .settled("p1", "2017-02")
        .enrolled("p2")
        .granted("p2", "2017-02")
        .returned("p2", "2017-02")
    )


@pytest.mark.parametrize("table", [t.name for t in TABLES if t.name != "funds"])
def test_a_row_that_was_tampered_with_is_listed(table: str) -> None:
    (known,) = (t for t in TABLES if t.name == table)
    with both(some()) as (archive, projector):
        live, row = projector.table(table), projector.select(table, known.where)[0]
        mine = [live.c[key] == getattr(row, key) for key in known.key]

        def add(column: str, amount: int) -> None:
            changed = sa.update(live).where(*mine).values({column: live.c[column] + amount})
            with projector.database.write() as connection:
                connection.execute(changed)

        for column in known.columns:
            if column.startswith("last_"):
                continue
            add(column, 1)
            (found,) = recompute(archive, projector).differences
            assert (found.table, found.column) == (table, column)
            assert found.view == (found.sql or 0) + 1
            add(column, -1)
        assert recompute(archive, projector).differences == []


def test_a_row_that_was_removed_or_made_up_is_listed() -> None:
    with both(some()) as (archive, projector):
        live = projector.table("balances")
        with projector.database.write() as connection:
            connection.execute(
                sa.update(live).where(live.c.beneficiary == "p1").values(beneficiary="p3")
            )
        found = recompute(archive, projector).differences
        assert {d.key[0] for d in found} == {"p1", "p3"}
        granted = [d for d in found if d.column == "granted_fen"]
        assert [(d.key[0], bool(d.view), bool(d.sql)) for d in granted] == [
            ("p1", False, True),
            ("p3", True, False),
        ]
        assert all(isinstance(d, Difference) for d in found)


def test_what_a_view_passes_over_the_second_engine_passes_over() -> None:
    told = some()
    at = next(p for p, raw in told.records if b"PaymentSettled" in raw)
    data = ParkedEventDiscarded(view="balances", position=at, event="e", reason="r")
    told.event(data, "discards-1", subject="p1")
    with both(told, discarded=lambda: {at: frozenset({"balances"})}) as (archive, projector):
        assert recompute(archive, projector).differences == []
        (settled,) = archive.ask("SELECT sum(settled_fen) FROM balances").rows
        (posted,) = archive.ask("SELECT count(*) FROM postings WHERE position = $1", [at]).rows
        assert (settled, posted) == ((0,), (2,))


def test_an_archive_that_ends_before_the_views_is_refused() -> None:
    with both(some()) as (archive, projector):
        told = some().granted("p1", "2017-03")
        projector.feed = told.feed()
        projector.catch_up()
        with pytest.raises(ArchiveOfAnotherLog):
            recompute(archive, projector)


def test_a_day_of_the_city_ends_at_sixteen_hours_utc() -> None:
    with both(some()) as (archive, _):
        query = "SELECT recorded_before($1)::VARCHAR"
        asked = ["2017-04-13", "2017-04-13T08:00:00Z", "2017-04-13T08:00:00.000001"]
        assert [archive.ask(query, [known]).rows[0][0] for known in asked] == [
            "2017-04-13 16:00:00",
            "2017-04-13 08:00:00.000001",
            "2017-04-13 08:00:00.000002",
        ]


def test_what_is_recorded_later_is_not_yet_known() -> None:
    told = some()
    first = date.fromisoformat(decode(told.records[0][1]).time[:10]) - timedelta(days=1)
    with both(told) as (archive, _):
        query = "SELECT count(*) FROM events_as_of(known := $1)"
        assert archive.ask(query, [first.isoformat()]).rows == [(0,)]
        assert archive.ask(query, ["2100-01-01"]).rows == [(len(told.records),)]
