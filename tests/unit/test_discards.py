"""An officer lets a view do without one event: once, with a reason, and in any fold."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.commands.discard import DiscardParkedEvent
from ledger.domain.discard import DISCARDS_ID
from ledger.domain.events import enrollment as en
from projections.engine import Projector
from projections.errors import ProjectionFailed
from projections.view import View
from projections.views import ALL_VIEWS
from tests.brittle import Brittle, suspensions
from tests.ledgers import City, refused, small_city

VIEWS: tuple[type[View], ...] = (*ALL_VIEWS, Brittle)


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with small_city(tmp_path) as city:
        yield city


def test_a_discard_names_an_event_of_the_log_once_and_says_why(city: City) -> None:
    event = city.register() + "/1"
    discard = DiscardParkedEvent(view="registry", position=7, event=event, reason="误录")
    assert city.do(discard, "02-01") == DISCARDS_ID
    assert city.told(DISCARDS_ID) == ["ParkedEventDiscarded"]
    with refused("already-exists"):
        city.do(discard, "02-01")
    other = {"view": "balances", "position": 7}
    with refused("invalid-value"):
        city.do(DiscardParkedEvent(**other, event=event, reason=" "), "02-01")
    for unknown in ("person-x/1", event[:-1] + "99", "nothing", event[:-1] + "0"):
        with refused("not-found"):
            city.do(DiscardParkedEvent(**other, event=unknown, reason="误录"), "02-01")
    city.do(DiscardParkedEvent(**other, event=event, reason="误录"), "02-01")


def test_a_projector_passes_over_what_was_discarded_and_only_that() -> None:
    told = suspensions()
    suspended = [p for p, raw in told.records if b"EnrollmentSuspended" in raw]
    with pytest.raises(ProjectionFailed):
        Projector("sqlite://", told.feed(), VIEWS).catch_up()
    assert Brittle.broken == (en.EnrollmentSuspended,)
    passed = dict.fromkeys(suspended, frozenset({"brittle"}))
    some = Projector("sqlite://", told.feed(), VIEWS, discarded=lambda: passed)
    assert some.catch_up() == len(told.records)
    assert {r.subject: r.steps for r in some.rows("seen")} == {
        f"p{n}": 3 if n % 3 == 0 else 2 for n in range(8)
    }
    whole = Projector("sqlite://", told.feed())
    whole.catch_up()
    mine = some.digests()
    assert all(mine[name] == digest for name, digest in whole.digests().items())
    past = some.as_of(position=len(told.records))
    assert past.digests()["brittle"].digest == mine["brittle"].digest
    assert all(rebuilt.same for rebuilt in some.rebuild())
    past.close()
