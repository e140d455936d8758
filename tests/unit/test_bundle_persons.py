"""Who a person's bundle is about: one human being, under every id and in every household."""

import pytest

from ledger.domain.events.person import PersonsMerged
from ops.bundling import person_scope
from tests.folding import Folded, folded
from tests.histories import History, history

__all__ = ["folded"]


def merged(told: History, who: str, into: str) -> History:
    return told.event(PersonsMerged(into=into, reason="one person"), who)


@pytest.mark.parametrize("asked", ["p1", "p2", "p3"])
def test_a_person_is_under_every_id_that_was_merged(folded: Folded, asked: str) -> None:
    """What was paid to a duplicate was paid to the person, whichever id is asked for."""
    told = history()
    for who in ("p1", "p2", "p3", "p4"):
        told.person(who)
    told.poor("h1", "p1").poor("h3", "p3", "p4").poor("h4", "p4")
    merged(merged(told, "p3", "p2"), "p2", "p1")
    scope = person_scope(folded(told), asked)
    assert (scope.value, scope.subjects[0]) == (asked, asked)
    assert sorted(scope.subjects) == ["h1", "h3", "p1", "p2", "p3"]


def test_nobody_else_is(folded: Folded) -> None:
    told = history().person("p1").person("p4").poor("h4", "p4")
    assert person_scope(folded(told), "p4").subjects == ("p4", "h4")
    assert person_scope(folded(told), "nobody").subjects == ("nobody",)
