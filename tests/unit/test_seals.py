"""What is sealed at a period's end, once, and what the log is found to yield afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from ledger.domain.errors import InvalidMonth
from ledger.domain.events.seal import ProjectionSealed, SealedIndex, SealedView
from ledger.domain.refusals import PeriodNotOver, SealDiffers
from ledger.domain.seal import GRACE, SEAL, differences, period_end, seal, seal_id
from ledger.log.completeness import Chains
from projections.discards import nothing_discarded
from projections.engine import Projector
from projections.errors import NothingToSeal
from projections.figures import load_figures
from projections.sealing import amounted, position_at_end
from tests.bundles import told_city
from tests.histories import History, ListFeed, history
from tests.view_databases import in_a_file

DIGEST = "0" * 64
VIEW = SealedView(version=1, rows=2, digest=DIGEST)


def content(**changed: Any) -> ProjectionSealed:
    said: dict[str, Any] = {
        "period": "2017-03",
        "position": 7,
        "index": SealedIndex(subjects=2, root=DIGEST),
        "views": {"balances": VIEW},
        "figures": {"a": "1"},
    }
    return ProjectionSealed(**(said | changed))


AFTER = datetime(2017, 4, 1, tzinfo=UTC)


@dataclass
class ListLog:
    """As much of a log as a position is sought in."""

    told: History

    def size(self) -> int:
        return len(self.told.records)

    def entry(self, position: int) -> bytes:
        return self.told.records[position][1]


def test_a_period_ends_with_its_last_day_in_the_city() -> None:
    assert period_end("2017-03") == datetime(2017, 3, 31, 16, tzinfo=UTC)
    assert period_end("2017") == period_end("2017-12") == datetime(2017, 12, 31, 16, tzinfo=UTC)
    for bad in ("17", "2017-13", "2017-3", "abcd", "", "2017-03-01"):
        with pytest.raises(InvalidMonth):
            period_end(bad)


def test_nothing_is_sealed_before_it_is_over() -> None:
    state = SEAL.new(seal_id("2017-03"))
    end = period_end("2017-03")
    for early in (end - timedelta(days=1), end, end + GRACE - timedelta(seconds=1)):
        with pytest.raises(PeriodNotOver):
            seal(state, content(), now=early)
    assert seal(state, content(), now=end + GRACE) == content()


def test_what_is_sealed_stays_and_the_same_again_adds_nothing() -> None:
    state = SEAL.new(seal_id("2017-03"))
    state.sealed = content()
    assert seal(state, content(), now=AFTER) is None
    more = content(views={"balances": VIEW, "new": VIEW}, figures={"a": "1", "b": "2"})
    assert seal(state, more, now=AFTER) is None
    other = SealedView(version=1, rows=2, digest="1" * 64)
    for changed, what in (
        ({"position": 8}, "position"),
        ({"index": SealedIndex(subjects=3, root=DIGEST)}, "index"),
        ({"views": {"balances": other}}, "view balances"),
        ({"views": {}}, "view balances"),
        ({"figures": {"a": "2"}}, "figure a"),
    ):
        assert differences(content(), content(**changed)) == [what]
        with pytest.raises(SealDiffers):
            seal(state, content(**changed), now=AFTER)


def test_a_position_is_how_many_were_recorded_before_the_end() -> None:
    told = history()  # an event is recorded a second after "at"
    for at in ("03-31T15:59:58", "03-31T15:59:58.999999", "03-31T15:59:59", "05-01T00:00:00"):
        told.event(content(), "seal", at=f"2017-{at}+00:00")
    log: Any = ListLog(told)
    assert position_at_end(log, "2017-03") == 2
    assert position_at_end(log, "2017-04") == 3
    assert position_at_end(log, "2017") == 4
    with pytest.raises(NothingToSeal):
        position_at_end(log, "2017-02")


def digests(told: History, length: int) -> dict[str, str]:
    """What the views are after the first events, folded for themselves."""
    with in_a_file() as url:
        projector = Projector(url, ListFeed(told.records[:length]))
        projector.catch_up()
        found = {name: d.digest for name, d in projector.digests().items()}
        projector.close()
    return found


@settings(max_examples=8)
@given(places=st.lists(st.integers(1, 37), min_size=1, max_size=4))
def test_several_positions_in_one_pass_are_each_what_a_fold_to_there_is(
    places: Sequence[int],
) -> None:
    told = told_city()
    wanted = [("2017", place) for place in sorted(places)]
    published = {"2017": load_figures(2017)}
    made = list(amounted(told.feed(batch=5), nothing_discarded, wanted, published))
    for (_, place), each in zip(wanted, made, strict=True):
        chains = Chains()
        chains.take(told.records[:place])
        assert each.content.position == place
        assert each.content.index.root == chains.index().root.hex() == each.index.root.hex()
        assert {n: v.digest for n, v in each.content.views.items()} == digests(told, place)
        assert len(each.content.figures) == 60
