"""The projector: exactly once in effect, rebuilt beside the live rows, asked about the past."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ledger.domain.events import enrollment as en
from ledger.domain.events.case import CaseClosed
from ledger.log.errors import FeedGap
from ledger.log.feed import Record
from ledger.store.errors import StoreBusy, StoreDamaged
from ops.home import views_url
from projections.database import ViewDatabase
from projections.engine import Projector
from projections.errors import ProjectionFailed, ViewUnknown
from projections.fold import Fold, Moved
from projections.rows import TableDef
from projections.view import View
from projections.views import ALL_VIEWS
from projections.views.balances import Balances
from tests.feed_conformance import FeedConformance, MakeFeed
from tests.histories import RATE, History, ListFeed, enrollment_of, history

Open = Callable[..., Projector]
DAY = "2017-03-01"


@pytest.fixture(params=["sqlite", "postgres"])
def opened(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens projectors on one view database (or another, by name), on both kinds of database."""
    made: list[Projector] = []
    if request.param == "postgres":
        url_of = cache(lambda _: views_url(request.getfixturevalue("new_ledger_url")(), "views"))
    else:
        url_of = cache(lambda name: f"sqlite:///{tmp_path / name}.db")

    def make(told: History | ListFeed, name: str = "views", **rest: Any) -> Projector:
        feed = told.feed() if isinstance(told, History) else told
        made.append(Projector(url_of(name), feed, **rest))
        return made[-1]

    yield make
    for projector in made:
        projector.close()


def a_year() -> History:
    """Three people, two of them paid for three months, one of those once in error."""
    told = history().program().rule("2016-01-01").fund(1_000_000)
    told.enrolled("p1", "p2", "p3").poor("h1", "p1")
    for month in ("2017-01", "2017-02", "2017-03"):
        for who in ("p1", "p2"):
            told.granted(who, month)
        told.settled("p1", month).returned("p2", month)
    return told.died("p1", "2017-02-10").overpaid("p1", "2017-03").recovered("p1")


def plain_digests(projector: Projector) -> dict[str, str]:
    return {name: d.digest for name, d in projector.digests().items()}


class TestListFeed(FeedConformance):
    @pytest.fixture
    def make_feed(self) -> MakeFeed:
        return lambda events: ListFeed(list(enumerate(events)), batch=4)


def test_catching_up_reaches_the_end_and_goes_on_from_there(opened: Open) -> None:
    told = history().enrolled("p1")
    views = opened(told)
    assert views.catch_up() == 3
    assert views.catch_up() == 3
    told.granted("p1", "2017-01")
    assert views.catch_up() == 4
    assert [r.granted_fen for r in views.rows("balances")] == [RATE]


def test_another_process_goes_on_from_the_stored_position(opened: Open) -> None:
    told = history().enrolled("p1").granted("p1", "2017-01")
    opened(told).catch_up()
    told.settled("p1", "2017-01").granted("p1", "2017-02")
    again = opened(told)
    again.catch_up()
    (balance,) = again.rows("balances")
    assert (balance.granted_fen, balance.settled_fen, balance.grants) == (2 * RATE, RATE, 2)


def test_two_projectors_by_turns_count_everything_once(opened: Open) -> None:
    told = history().enrolled("p1")
    one, two = opened(told), opened(told)
    for turn, month in enumerate(("2017-01", "2017-02", "2017-03", "2017-04")):
        told.granted("p1", month)
        (one, two)[turn % 2].catch_up()
    clean = opened(told, "clean")
    clean.catch_up()
    assert plain_digests(two) == plain_digests(clean)


def test_a_projector_overtaken_in_mid_fold_starts_over_from_what_is_stored(opened: Open) -> None:
    told = a_year()
    slow, fast = opened(told), opened(told)
    slow.catch_up()
    told.granted("p1", "2017-04")

    class Overtaking(ListFeed):
        def read(self, start: int, stop: int | None = None) -> Iterator[Sequence[Record]]:
            for batch in super().read(start, stop):
                fast.catch_up()
                yield batch

    slow.feed = Overtaking(told.records)
    assert slow.catch_up() == len(told.records)
    clean = opened(told, "clean")
    clean.catch_up()
    assert plain_digests(slow) == plain_digests(clean)


def test_a_record_delivered_again_changes_nothing(opened: Open) -> None:
    told = a_year()

    class Repeating(ListFeed):
        def read(self, start: int, stop: int | None = None) -> Iterator[Sequence[Record]]:
            for batch in super().read(start, stop):
                yield batch
                yield self.records[max(0, batch[0][0] - 3) : batch[-1][0] + 1]

    clean, twice = opened(told, "clean"), opened(Repeating(told.records, batch=4), "twice")
    clean.catch_up()
    twice.catch_up()
    assert plain_digests(twice) == plain_digests(clean)


def test_a_missing_record_is_an_error_and_nothing_after_it_counts(opened: Open) -> None:
    told = a_year()
    del told.records[5]
    views = opened(told)
    with pytest.raises(FeedGap) as caught:
        views.catch_up()
    assert caught.value.fields == {"expected": 5, "found": 6}
    assert views.position() == 0


def test_a_log_shorter_than_what_was_folded_is_an_error(opened: Open) -> None:
    told = a_year()
    opened(told).catch_up()
    with pytest.raises(FeedGap):
        opened(ListFeed(told.records[:4])).catch_up()


def test_bytes_that_are_no_event_stop_the_fold_at_their_position(opened: Open) -> None:
    told = history().enrolled("p1")
    told.records.append((3, b'{"type":"benefits.Unheard.v1"}'))
    with pytest.raises(ProjectionFailed) as caught:
        opened(told).catch_up()
    assert caught.value.fields["position"] == 3
    assert caught.value.fields["type"] == "benefits.Unheard.v1"


def test_a_flush_that_dies_half_way_leaves_nothing(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = a_year()
    views = opened(told)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(views.database, "advance", die)
        with pytest.raises(KeyboardInterrupt):
            views.catch_up()
    assert views.position() == 0
    assert views.rows("balances") == []
    views.catch_up()
    clean = opened(told, "clean")
    clean.catch_up()
    assert plain_digests(views) == plain_digests(clean)


def test_progress_is_told_and_ends_at_the_end(opened: Open) -> None:
    told: list[tuple[int, int]] = []
    opened(a_year().feed(batch=5)).catch_up(lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1] == len(a_year().records)


# --- rebuilding


def test_a_rebuild_gives_the_same_digests_in_new_tables(opened: Open) -> None:
    views = opened(a_year())
    views.catch_up()
    before, table = plain_digests(views), views.table("balances").name
    assert all(rebuilt.same for rebuilt in views.rebuild())
    assert plain_digests(views) == before
    assert views.table("balances").name != table


def test_the_replaced_tables_are_gone(opened: Open) -> None:
    views = opened(a_year())
    views.catch_up()
    old = views.table("balances").name
    views.rebuild()
    with views.connection() as c:
        assert old not in sa.inspect(c).get_table_names()


def test_a_rebuild_tells_rows_that_were_tampered_with_and_puts_them_right(opened: Open) -> None:
    views = opened(a_year())
    views.catch_up()
    clean = plain_digests(views)
    table = views.table("balances").name
    with views.database.write() as c:
        c.exec_driver_sql(f"UPDATE {table} SET granted_fen = 1")
    wrong = [rebuilt.view for rebuilt in views.rebuild() if not rebuilt.same]
    assert wrong == ["balances"]
    assert plain_digests(views) == clean


def test_the_live_rows_serve_while_a_rebuild_is_under_way(opened: Open) -> None:
    told = a_year()
    views = opened(told)
    views.catch_up()
    seen: list[int] = []
    views.rebuild(lambda done, total: seen.append(len(opened(told).rows("balances"))))
    assert seen
    assert set(seen) == {2}


def test_a_rebuild_that_died_is_cleared_away_by_the_next(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = opened(a_year())
    views.catch_up()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("projections.rebuild.switch", die)
        with pytest.raises(KeyboardInterrupt):
            views.rebuild()
    assert all(rebuilt.same for rebuilt in views.rebuild())
    with views.database.read() as c:
        assert all(g.live for g in views.database.generations(c))


def test_what_a_rebuild_could_not_drop_takes_nothing_in_and_goes_with_the_next(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has it in memory writes nothing, and goes on with what took its place."""
    told = a_year()
    views, other = opened(told), opened(told)
    views.catch_up()
    other.catch_up()

    with other.database.read() as c:
        fold = Fold(other.database, other.views, list(other.database.live(c).values()))

    def busy(_database: ViewDatabase) -> None:
        raise StoreBusy(reason="as a test has it")

    def cannot(database: ViewDatabase, retired: Any) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(ViewDatabase, "write", busy)
            clear(database, retired)

    clear = ViewDatabase.clear
    with monkeypatch.context() as patched:
        patched.setattr(ViewDatabase, "clear", cannot)
        assert all(rebuilt.same for rebuilt in views.rebuild())
    told.granted("p1", "2017-04")
    fold.apply(told.records[-1:])
    with pytest.raises(Moved):
        fold.flush()
    assert other.catch_up() == len(told.records)
    with views.database.read() as c:
        left = [g for g in views.database.generations(c) if not g.live]
    assert {g.view for g in left} == {v.name for v in ALL_VIEWS}
    assert all(rebuilt.same for rebuilt in views.rebuild())
    with views.database.read() as c:
        assert all(g.live for g in views.database.generations(c))


def test_a_rebuild_follows_live_rows_that_move_on_meanwhile(opened: Open) -> None:
    told = a_year()
    views, other = opened(told), opened(told)
    views.catch_up()
    told_more = False

    def meanwhile(_done: int, _total: int) -> None:
        nonlocal told_more
        if not told_more:
            told_more = True
            told.granted("p1", "2017-04")
            other.catch_up()

    assert all(rebuilt.same for rebuilt in views.rebuild(meanwhile))
    assert views.position() == len(told.records)


def test_a_rebuild_compares_though_the_log_grows_meanwhile(opened: Open) -> None:
    told = a_year()
    views = opened(told)
    views.catch_up()
    assert all(
        rebuilt.same
        for rebuilt in views.rebuild(lambda done, total: told.granted("p1", "2017-04") and None)
    )


class BalancesTwo(Balances):
    """The balances by new code."""

    version = 2

    def handlers(self) -> Any:
        return Balances(self._source).handlers()

    def __init__(self, rows: Any) -> None:
        self._source = rows
        super().__init__(rows)


def test_rows_of_another_version_are_rebuilt_by_the_next_catch_up(opened: Open) -> None:
    told = a_year()
    old = opened(told)
    old.catch_up()
    told.granted("p1", "2017-04")
    views = tuple(BalancesTwo if v is Balances else v for v in ALL_VIEWS)
    new = opened(told, views=views)
    assert new.catch_up() == len(told.records)
    clean = opened(told, "clean")
    clean.catch_up()
    assert plain_digests(new) == plain_digests(clean)


def test_views_at_different_positions_are_brought_together(opened: Open) -> None:
    told = a_year()
    opened(told, views=(Balances,)).catch_up()
    told.granted("p1", "2017-04")
    every = opened(told)
    every.catch_up()
    clean = opened(told, "clean")
    clean.catch_up()
    assert plain_digests(every) == plain_digests(clean)


# --- the past


def test_as_of_a_position_is_the_fold_of_so_many_events(opened: Open) -> None:
    told = a_year()
    views = opened(told)
    views.catch_up()
    clean = opened(ListFeed(told.records[:15]), "clean")
    clean.catch_up()
    past = views.as_of(position=15)
    assert past.position() == 15
    assert plain_digests(past) == plain_digests(clean)
    past.close()


def test_as_of_a_recorded_time_ends_with_what_was_known_then(opened: Open) -> None:
    told = history().enrolled("p1").granted("p1", "2017-01")
    told.event(CaseClosed(program="complaint"), "case-1", at="2017-05-01T00:00:00+00:00")
    told.granted("p1", "2017-02")
    past = opened(told).as_of(recorded="2017-04-30T23:59:59.999999Z")
    assert [r.grants for r in past.rows("balances")] == [1]
    assert past.position() == 4
    past.close()


def test_as_of_an_effective_date_takes_late_knowledge_to_its_place(opened: Open) -> None:
    told = history().person("p1").certified("p1", 3, on="2016-01-01")
    told.regraded("p1", 1, on="2017-06-01").regraded("p1", 2, on="2017-03-01")
    views = opened(told)
    views.catch_up()
    assert [p.grade for p in views.rows("persons")] == [1]
    past = views.as_of(effective=date(2017, 4, 1))
    assert [p.grade for p in past.rows("persons")] == [2]
    past.close()


def test_as_of_for_one_person_holds_that_person_and_the_programs(opened: Open) -> None:
    told = a_year()
    past = opened(told).as_of(subjects=["p2"])
    assert [r.beneficiary for r in past.rows("balances")] == ["p2"]
    assert [r.program for r in past.rows("programs")] == ["living-subsidy"]
    assert past.position() == len(told.records)
    past.close()


def test_as_of_leaves_the_live_views_alone(opened: Open) -> None:
    views = opened(a_year())
    views.catch_up()
    before = plain_digests(views)
    views.as_of(position=3).close()
    assert plain_digests(views) == before


def test_a_subject_named_in_an_events_text_is_not_its_subject(opened: Open) -> None:
    told = history().enrolled("p1")
    told.step("p2", en.EmploymentEnded(program="x", employer="o", reason='"subject":"p1"'), on=DAY)
    past = opened(told).as_of(subjects=["p1"])
    assert [r.beneficiary for r in past.rows("entitlements")] == ["p1"]
    past.close()


def test_bounds_combine(opened: Open) -> None:
    told = history().enrolled("p1", "p2").granted("p1", "2017-01").granted("p2", "2017-01")
    told.event(CaseClosed(program="complaint"), "case-1", at="2017-05-01T00:00:00+00:00")
    told.granted("p1", "2017-02")
    past = opened(told).as_of(
        position=9, recorded="2017-04-30T00:00:00Z", effective=date(2017, 3, 1), subjects=["p1"]
    )
    assert [r.grants for r in past.rows("balances")] == [1]
    assert past.position() == 8
    past.close()


# --- reading


def test_select_filters_orders_and_limits(opened: Open) -> None:
    views = opened(a_year())
    views.catch_up()
    found = views.select("entitlements", {"beneficiary": ["p1", "p2"]}, order=["beneficiary"])
    assert [r.enrollment for r in found] == [enrollment_of("p1"), enrollment_of("p2")]
    assert len(views.select("persons", {"deceased_on": None}, limit=1)) == 1


def test_an_unknown_table_is_named(opened: Open) -> None:
    with pytest.raises(ViewUnknown):
        opened(a_year()).select("nothing")


def test_a_file_that_is_no_database_is_damage(tmp_path: Path) -> None:
    (tmp_path / "views.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreDamaged):
        Projector(f"sqlite:///{tmp_path / 'views.db'}", a_year().feed())


def test_tables_and_views_have_one_name_each() -> None:
    tables: list[TableDef[Any]] = [t for view in ALL_VIEWS for t in view.tables]
    assert len({t.name for t in tables}) == len(tables)
    assert len({view.name for view in ALL_VIEWS}) == len(ALL_VIEWS)
    assert all(issubclass(view, View) for view in ALL_VIEWS)
