"""Events that the claimed figures leave out, since an officer let their view pass over them.

A view that cannot process an event may do without it: the log then has an event saying so, and
what the view shows differs from what the events yield by exactly what it passed over. That is no
false claim where the bundle names each such event with the one that allows it; both are proven to
be in the log like any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.verify.refusal import Refused
from ledger.verify.sums import Sums

DISCARD = "benefits.ParkedEventDiscarded.v1"
VIEWS = {"balances": "balances", "disbursed_fen": "program_totals"}
"""The view that each kind of claim is of."""


@dataclass(frozen=True, slots=True)
class Passed:
    """``view`` passed over the event at ``position``, as the one at ``discard`` says."""

    view: str
    position: int
    discard: int


class PassedOver:
    """What the claims say that they leave out, held against the events as they are read."""

    def __init__(self, claims: Mapping[str, Any]) -> None:
        """Raises :class:`Refused` for what is no list of them, or names one twice."""
        self.listed = _listed(claims.get("passed_over", []))
        self._wanted: dict[int, list[Passed]] = {}
        for x in self.listed:
            self._wanted.setdefault(x.position, []).append(x)
        self._discards = {x.discard for x in self.listed}
        self._ids: dict[int, str] = {}
        self._said: dict[int, tuple[object, object, object]] = {}
        self._sums = {view: Sums() for view in VIEWS.values()}

    def allows(self, position: int, event: Mapping[str, Any]) -> bool:
        """Whether an event belongs to any bundle that leaves out what it discards."""
        return position in self._discards and event["type"] == DISCARD

    def take(self, position: int, event: Mapping[str, Any]) -> None:
        """Take in an event of the bundle. Raises :class:`Refused` for one that is malformed."""
        if wanted := self._wanted.get(position):
            self._ids[position] = event["id"]
            for each in wanted:
                self._sums[each.view].take(position, event)
        if self.allows(position, event):
            d = event["data"]
            self._said[position] = (d.get("view"), d.get("position"), d.get("event"))

    def check(self) -> None:
        """Raise :class:`Refused` for an event that no discard in the bundle allows to leave out."""
        for x in self.listed:
            event = self._ids.get(x.position)
            if event is None or self._said.get(x.discard) != (x.view, x.position, event):
                raise Refused("claim-left-out", position=x.position, view=x.view)

    def left_out(self, claim: str) -> Sums:
        """What the events yield that a kind of claim leaves out."""
        return self._sums[VIEWS[claim]]


def _listed(said: object) -> list[Passed]:
    if not isinstance(said, list):
        raise _malformed(said)
    found = []
    for each in said:
        if not isinstance(each, dict) or set(each) != {"view", "position", "discard"}:
            raise _malformed(each)
        view, places = each["view"], (each["position"], each["discard"])
        if view not in VIEWS.values() or any(type(n) is not int for n in places):
            raise _malformed(each)
        found.append(Passed(view, *places))
    if len({(x.view, x.position) for x in found}) < len(found):
        raise _malformed(said)
    return found


def _malformed(said: object) -> Refused:
    return Refused("part-malformed", part="claims.json", reason=f"passed_over: {said!r:.40}")
