"""The poverty register by what its events say, for the :mod:`auditor <tests.oracle>`."""

from collections import defaultdict
from typing import Any

from ledger.domain.city_time import day_of
from ledger.domain.events import Event
from ledger.domain.events import household as hh
from tests.oracle_months import need

STEPS = {
    hh.ExitProposed: (("registered",), "proposed"),
    hh.ExitVerified: (("proposed",), "verified"),
    hh.HouseholdConfirmed: (("verified",), "confirmed"),
    hh.ExitNoticed: (("confirmed",), "noticed"),
    hh.ExitObjected: (("noticed",), "noticed"),
    hh.ExitDecided: (("noticed",), "exited"),
    hh.ExitRevoked: (("exited",), "registered"),
    hh.RelapseRecorded: (("exited",), "registered"),
}


class Register:
    """Households in one order of steps only."""

    def __init__(self) -> None:
        self.homes: dict[str, dict[str, Any]] = defaultdict(
            lambda: {"status": "none", "open": set()}
        )

    def read(self, event: Event[Any], d: Any) -> None:
        home = self.homes[event.stream]
        match d:
            case hh.PovertyRegistered():
                need(home["status"] == "none", event, "a household is registered once")
                home["status"] = "registered"
            case hh.ExitProposed():
                home["by"] = event.actor
                need(d.votes_for * 2 > d.attendees, event, "the review was carried")
            case hh.HouseholdConfirmed():
                home["since"] = event.effective
            case hh.ExitNoticed():
                need(d.notice_from >= home["since"], event, "the household had agreed")
                home["until"] = d.notice_until
                days = (d.notice_until - d.notice_from).days + 1
                need(days >= 7, event, "an exit is on notice for seven days")
            case hh.ExitObjected():
                home["open"].add(d.objection)
            case hh.ExitObjectionResolved():
                home["open"].remove(d.objection)
                if d.upheld:
                    home["status"] = "registered"
            case hh.ExitDecided():
                need(not home["open"], event, "no objection is open at the exit")
                need(event.actor != home["by"], event, "proposer and decider differ")
                over = min(event.effective, day_of(event.time)) > home["until"]
                need(over, event, "the notice is over")
        if type(d) in STEPS:
            before, after = STEPS[type(d)]
            need(home["status"] in before, event, "the steps of an exit are in order")
            home["status"] = after
