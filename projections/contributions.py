"""What an event contributes to the counted measures of programs: one pure function.

The totals view sums what :func:`contributions` yields, and an explanation runs it over the log
again to list the positions behind a figure; neither knows more about events than this module.

Measures. Summed, with no key: ``amount`` (fen disbursed, net of what came back: minus the
event's postings on disbursing accounts that name a program), ``events`` (occurrences),
``quantity``. Counted by distinct key: ``persons``, ``households``, ``organizations`` and ``cases``
(ids), ``kinds`` (items or device classes), ``classes``, ``sessions`` and other forms of activity
(streams), ``medals`` (competition and color; ``count`` is how many), ``rank`` (competition and
discipline; the quantity is the rank), ``registered`` and ``exited`` (persons of the poverty
register), ``exit-undone`` (households), ``target`` (the year; the quantity is the target).

``persons`` are those a program reached, by whatever event shows it: a payment settled or a
premium paid, a service delivered, a device fitted, an operation, a pass, a training completed,
goods handed over, an employment started (its verification months later changes no count). The
calendar year and month of a contribution are those of the event's effective date.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from ledger.domain.events import EventData, activity, case, enrollment, household, organization
from ledger.domain.events.envelope import Event
from ledger.domain.events.program import TargetSet
from ledger.domain.postings import DISBURSING, postings

POVERTY_REGISTER = "poverty-register"
"""The program that events of the poverty register count for; they name none themselves."""


class Contribution(NamedTuple):
    """One event's part in one measure. ``key`` is what counts once; None where all is summed."""

    program: str
    measure: str
    key: str | None
    quantity: int = 1
    amount_fen: int = 0


Contributions = tuple[Contribution, ...]
Rule = Callable[[Event[Any]], Contributions]


def contributions(event: Event[Any]) -> Contributions:
    """What the event contributes; empty for most events."""
    rule = RULES.get(type(event.data))
    return rule(event) if rule is not None else ()


def disbursed_fen(event: Event[Any]) -> int:
    """What the event took out of cash and goods for a program; negative when it came back."""
    return -sum(p.amount_fen for p in postings(event) if p.account in DISBURSING and p.program)


def medal_key(competition: str, medal: str) -> str:
    """The key of medals of one color in one competition."""
    return f"{competition}/{medal}"


def rank_key(competition: str, discipline: str) -> str:
    """The key of a rank."""
    return f"{competition}/{discipline}"


def _amount(event: Event[Any]) -> Contributions:
    amount = disbursed_fen(event)
    return (Contribution(event.data.program, "amount", None, 1, amount),) if amount else ()


def _paid(event: Event[Any]) -> Contributions:
    """A third of all events: the amount is what :func:`disbursed_fen` gives, and tested to be."""
    d = event.data
    program = d.program
    return (
        Contribution(program, "amount", None, 1, d.amount_fen),
        Contribution(program, "persons", event.subject, 1, 0),
    )


def _person(event: Event[Any]) -> Contributions:
    return (Contribution(event.data.program, "persons", event.subject),)


def _served(event: Event[enrollment.ServiceDelivered]) -> Contributions:
    d = event.data
    return (
        Contribution(d.program, "persons", event.subject),
        Contribution(d.program, "kinds", d.item, d.quantity),
        Contribution(d.program, "quantity", None, d.quantity),
    )


def _fitted(event: Event[enrollment.DeviceFitted]) -> Contributions:
    d = event.data
    return (
        Contribution(d.program, "persons", event.subject),
        Contribution(d.program, "kinds", d.device_class, d.quantity),
        Contribution(d.program, "quantity", None, d.quantity),
        Contribution(d.program, "events", None),
        *_amount(event),
    )


def _operated(event: Event[enrollment.SurgeryCompleted]) -> Contributions:
    return (*_person(event), Contribution(event.data.program, "events", None))


def _given(event: Event[enrollment.GoodsDistributed]) -> Contributions:
    d = event.data
    return (*_person(event), Contribution(d.program, "quantity", None, d.quantity), *_amount(event))


def _accepted(event: Event[enrollment.WorksAccepted]) -> Contributions:
    return (Contribution(event.data.program, "households", event.subject),)


def _recognized(event: Event[organization.OrganizationRecognized]) -> Contributions:
    return (Contribution(event.data.program, "organizations", event.subject),)


def _received(event: Event[case.CaseReceived]) -> Contributions:
    d = event.data
    return (
        Contribution(d.program, "cases", event.stream),
        Contribution(d.program, "events", None),
        Contribution(d.program, "quantity", None, d.visitors),
    )


_FORMS = {
    "class": "classes",
    "session": "sessions",
    "seminar": "seminars",
    "contest": "contests",
    "show": "shows",
    "exhibition": "exhibitions",
    "outreach": "outreaches",
    "policy": "policies",
}


def _held(event: Event[activity.ActivityHeld]) -> Contributions:
    d = event.data
    return (Contribution(d.program, _FORMS[d.form], event.stream),)


def _published(event: Event[Any]) -> Contributions:
    return (Contribution(event.data.program, "events", None),)


def _result(event: Event[activity.ResultRecorded]) -> Contributions:
    d = event.data
    found: list[Contribution] = []
    if d.medal is not None:
        found.append(Contribution(d.program, "medals", medal_key(d.competition, d.medal)))
    if d.rank is not None:
        found.append(Contribution(d.program, "rank", rank_key(d.competition, d.discipline), d.rank))
    return tuple(found)


def _registered(event: Event[household.PovertyRegistered]) -> Contributions:
    return tuple(Contribution(POVERTY_REGISTER, "registered", p) for p in event.data.members)


def _exited(event: Event[household.ExitDecided]) -> Contributions:
    return tuple(Contribution(POVERTY_REGISTER, "exited", p) for p in event.data.members)


def _exit_undone(event: Event[Any]) -> Contributions:
    return (Contribution(POVERTY_REGISTER, "exit-undone", event.subject),)


def _target(event: Event[TargetSet]) -> Contributions:
    d = event.data
    return (Contribution(d.program, "target", str(d.year), d.target),)


RULES: dict[type[EventData], Rule] = {
    enrollment.PaymentSettled: _paid,
    enrollment.ContributionPaid: _paid,
    enrollment.PaymentReturned: _amount,
    enrollment.RecoveryCollected: _amount,
    enrollment.ServiceDelivered: _served,
    enrollment.DeviceFitted: _fitted,
    enrollment.SurgeryCompleted: _operated,
    enrollment.GoodsDistributed: _given,
    enrollment.PassIssued: _person,
    enrollment.PassRecharged: _person,
    enrollment.TrainingCompleted: _person,
    enrollment.EmploymentStarted: _person,
    enrollment.WorksAccepted: _accepted,
    organization.OrganizationRecognized: _recognized,
    case.CaseReceived: _received,
    activity.ActivityHeld: _held,
    activity.ItemPublished: _published,
    activity.EpisodeAired: _published,
    activity.ResultRecorded: _result,
    household.PovertyRegistered: _registered,
    household.ExitDecided: _exited,
    household.ExitRevoked: _exit_undone,
    household.RelapseRecorded: _exit_undone,
    TargetSet: _target,
}
"""Event type to its rule: every type that contributes to anything."""
