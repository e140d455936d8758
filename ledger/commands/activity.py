"""Commands about public activity. The context's effective date is the day it took place."""

from ledger.application import Command, handles
from ledger.commands.enrollment import open_program
from ledger.domain import activity as rules
from ledger.domain.activity import ACTIVITY, HOLDING, Activity, Form, Medium
from ledger.domain.events.activity import Medal
from ledger.domain.events.envelope import EventData
from ledger.domain.program import must_be_of
from ledger.work import Work


class ActivityCommand(Command, frozen=True, kw_only=True):
    """``division`` is whose activity it is."""

    program: str
    division: str


class HoldActivity(ActivityCommand, frozen=True, kw_only=True):
    """``reference`` is unique in the program: a class number, a document number."""

    reference: str
    form: Form
    title: str
    attendees: int | None = None
    document: str | None = None


class PublishItem(ActivityCommand, frozen=True, kw_only=True):
    """``reference`` is unique in the outlet: an address, an issue and page, a slot."""

    medium: Medium
    outlet: str
    reference: str
    title: str


class AirEpisode(ActivityCommand, frozen=True, kw_only=True):
    """``episode`` is its number in the calendar year of the effective date."""

    channel: str
    episode: int


class RecordResult(ActivityCommand, frozen=True, kw_only=True):
    """Either ``medal`` or ``rank``; ``discipline`` is unique in the competition."""

    competition: str
    discipline: str
    medal: Medal | None = None
    rank: int | None = None


@handles(HoldActivity)
def hold(work: Work, c: HoldActivity) -> str:
    a = _of(work, c, rules.held_id(c.program, c.reference), *_holding(c.form))
    held = rules.hold(
        a,
        program=c.program,
        form=c.form,
        title=c.title,
        attendees=c.attendees,
        document=c.document,
    )
    return _record(work, a, c, held)


@handles(PublishItem)
def publish(work: Work, c: PublishItem) -> str:
    a = _of(work, c, rules.item_id(c.medium, c.outlet, c.reference), "activity")
    published = rules.publish(a, program=c.program, medium=c.medium, outlet=c.outlet, title=c.title)
    return _record(work, a, c, published)


@handles(AirEpisode)
def air(work: Work, c: AirEpisode) -> str:
    year = work.context.effective.year
    a = _of(work, c, rules.episode_id(c.program, year, c.episode), "activity")
    return _record(
        work, a, c, rules.air(a, program=c.program, channel=c.channel, episode=c.episode)
    )


@handles(RecordResult)
def record_result(work: Work, c: RecordResult) -> str:
    a = _of(work, c, rules.result_id(c.competition, c.discipline), "activity")
    recorded = rules.record_result(
        a,
        program=c.program,
        competition=c.competition,
        discipline=c.discipline,
        medal=c.medal,
        rank=c.rank,
    )
    return _record(work, a, c, recorded)


def _holding(form: Form) -> tuple[str, ...]:
    return ("policy",) if form == "policy" else HOLDING


def _of(work: Work, c: ActivityCommand, stream: str, *kinds: str) -> Activity:
    """The occurrence's stream, of a program that is open and of one of the kinds."""
    must_be_of(open_program(work, c.program), *kinds)
    return work.load(ACTIVITY, stream)


def _record(work: Work, a: Activity, c: ActivityCommand, data: EventData) -> str:
    work.record(ACTIVITY, a, data, subject=a.id, division=c.division)
    return a.id
