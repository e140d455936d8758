"""Whatever the log says and however it is delivered, the views come out the same, and balance."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any
from unittest.mock import patch

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from ledger.codec import decode
from ledger.domain.events import EVENT_TYPES
from ledger.domain.postings import postings
from ledger.log.feed import Feed, Record
from projections.contributions import RULES, contributions, disbursed_fen
from projections.database import ViewDatabase
from projections.engine import Projector
from projections.views import ALL_VIEWS
from tests.any_history import DAYS, SUBJECTS, any_history
from tests.histories import History, ListFeed
from tests.view_databases import Place, in_a_file

FEWER = settings(max_examples=max(settings().max_examples // 3, 10))
"""Each example opens several databases."""
SIZES = st.integers(1, 12)


@contextmanager
def folded(feed: Feed, place: Place = in_a_file, **rest: Any) -> Iterator[Projector]:
    """Views over a feed, caught up."""
    with place() as url, closing(Projector(url, feed, **rest)) as projector:
        projector.catch_up()
        yield projector


def address(projector: Projector) -> str:
    """Where another process finds the same views."""
    return projector.database.engine.url.render_as_string(hide_password=False)


def contents(projector: Projector) -> dict[str, str]:
    return {name: d.digest for name, d in projector.digests().items()}


def clean(told: History, length: int | None = None) -> dict[str, str]:
    """The digests of one fold of the first ``length`` events."""
    with closing(Projector("sqlite://", ListFeed(told.records[:length]))) as projector:
        projector.catch_up()
        return contents(projector)


@FEWER
@given(told=any_history(), batch=SIZES, flush=SIZES)
def test_batches_and_flushes_leave_no_trace(
    place: Place, told: History, batch: int, flush: int
) -> None:
    with folded(told.feed(batch=batch), place, flush_events=flush) as projector:
        assert contents(projector) == clean(told)


@FEWER
@given(told=any_history(), data=st.data())
def test_stopping_and_starting_leaves_no_trace(
    place: Place, told: History, data: st.DataObject
) -> None:
    stops = sorted(data.draw(st.lists(st.integers(0, len(told.records)), max_size=4)))
    grown = ListFeed([], batch=3)
    with folded(grown, place) as first:
        for stop in [*stops, len(told.records)]:
            grown.records = told.records[:stop]
            with ExitStack() as another:
                projector = first
                if data.draw(st.booleans()):  # another process, with nothing in memory
                    projector = another.enter_context(closing(Projector(address(first), grown)))
                projector.catch_up()
                assert contents(projector) == clean(told, stop)


@FEWER
@given(told=any_history(), data=st.data())
def test_whatever_is_delivered_twice_counts_once(told: History, data: st.DataObject) -> None:
    class Repeating(ListFeed):
        def read(self, start: int, stop: int | None = None) -> Iterator[Sequence[Record]]:
            for batch in super().read(start, stop):
                yield batch
                again = data.draw(st.integers(0, batch[-1][0]))
                yield self.records[again : batch[-1][0] + 1]

    with folded(Repeating(told.records, batch=5)) as projector:
        assert contents(projector) == clean(told)


@FEWER
@given(told=any_history(), data=st.data())
def test_dying_in_a_flush_again_and_again_leaves_no_trace(
    place: Place, told: History, data: st.DataObject
) -> None:
    deaths = data.draw(st.lists(st.sampled_from(["positions", "advance"]), max_size=4))
    with folded(ListFeed([]), place) as projector:
        projector.feed = told.feed(batch=4)
        projector._flush_events = 6
        real = {name: getattr(ViewDatabase, name) for name in ("positions", "advance")}
        for step in deaths:
            left = data.draw(st.integers(0, 3))

            def die(*args: Any, step: str = step, **rest: Any) -> Any:
                nonlocal left
                left -= 1
                if left < 0:
                    raise KeyboardInterrupt
                return real[step](*args, **rest)

            with patch.object(ViewDatabase, step, die), suppress(KeyboardInterrupt):
                projector.catch_up()
        projector.catch_up()
        assert contents(projector) == clean(told)


@FEWER
@given(told=any_history())
def test_a_rebuild_is_what_it_replaces(place: Place, told: History) -> None:
    with folded(told.feed(batch=7), place, flush_events=3) as projector:
        assert all(rebuilt.same for rebuilt in projector.rebuild())


@FEWER
@given(told=any_history(), data=st.data())
def test_as_of_a_position_is_the_fold_of_that_prefix(told: History, data: st.DataObject) -> None:
    length = data.draw(st.integers(0, len(told.records)))
    with folded(told.feed(batch=6)) as projector:
        past = projector.as_of(position=length)
        assert contents(past) == clean(told, length)
        past.close()


@FEWER
@given(told=any_history(), day=DAYS)
def test_as_of_an_effective_date_is_the_fold_of_what_held_by_then(told: History, day: Any) -> None:
    kept = [raw for _, raw in told.records if decode(raw).effective <= day]
    with folded(told.feed()) as projector, folded(ListFeed(list(enumerate(kept)))) as of_kept:
        past = projector.as_of(effective=day)
        for table in ("balances", "entitlements", "persons", "trial_balance", "households"):
            assert past.rows(table) == of_kept.rows(table)
        past.close()


@FEWER
@given(told=any_history(), subject=st.sampled_from(SUBJECTS))
def test_as_of_for_one_subject_is_that_subjects_part(told: History, subject: str) -> None:
    with folded(told.feed()) as projector:
        past = projector.as_of(subjects=[subject])
        assert past.rows("balances") == projector.select("balances", {"beneficiary": subject})
        past.close()


@FEWER
@given(told=any_history(), pace=SIZES)
def test_every_prefix_balances_and_the_trial_balance_is_the_postings(
    told: History, pace: int
) -> None:
    expected: dict[tuple[str, str, str, str], int] = {}
    grown = ListFeed([])
    with folded(grown) as projector:
        for length, (_, raw) in enumerate(told.records, 1):
            for p in postings(decode(raw)):
                key = (p.account, p.fund or "", p.program or "", p.division)
                expected[key] = expected.get(key, 0) + p.amount_fen
            if length % pace and length != len(told.records):
                continue
            grown.records = told.records[:length]
            projector.catch_up()
            rows = projector.rows("trial_balance")
            found = {(r.account, r.fund, r.program, r.division): r.balance_fen for r in rows}
            assert found == expected
            assert sum(found.values()) == 0
            assert sum(r.debit_fen for r in rows) == sum(r.credit_fen for r in rows)


@FEWER
@given(told=any_history())
def test_what_contributes_is_what_the_postings_disburse(told: History) -> None:
    for _, raw in told.records:
        event = decode(raw)
        amounts = [c.amount_fen for c in contributions(event) if c.measure == "amount"]
        disbursed = disbursed_fen(event)
        assert sum(amounts) == disbursed
        if disbursed:
            assert type(event.data) in RULES


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_every_type_is_taken_in_by_some_view(name: str) -> None:
    kind = EVENT_TYPES[name]
    assert any(
        kind in getattr(member, "kinds", ()) for view in ALL_VIEWS for member in vars(view).values()
    )
