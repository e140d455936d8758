"""Asking the projector: of the past in any combination, and by filter and order."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.domain.events import enrollment as en
from ledger.domain.events.case import CaseClosed
from ledger.store.errors import StoreDamaged
from projections.engine import Projector
from projections.errors import ViewUnknown
from projections.rows import TableDef
from projections.view import View
from projections.views import ALL_VIEWS
from tests.histories import ListFeed, enrollment_of, history
from tests.projecting import DAY, Open, a_year, opened, plain_digests

__all__ = ["opened"]


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
