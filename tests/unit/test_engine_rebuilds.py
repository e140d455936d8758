"""Rebuilding views: beside the live rows, compared with them, and whatever becomes of a rebuild."""

from typing import Any

import pytest
import sqlalchemy as sa

from ledger.store.errors import StoreBusy
from projections.database import ViewDatabase
from projections.fold import Fold, Moved
from projections.views import ALL_VIEWS
from projections.views.balances import Balances
from tests.projecting import Open, a_year, opened, plain_digests

__all__ = ["opened"]


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
