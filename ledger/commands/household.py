"""Commands about a household: its members, the poverty register, and each step of leaving it."""

from datetime import date

from ledger.application import Command, handles
from ledger.commands.enrollment import open_program
from ledger.domain import household as rules
from ledger.domain.errors import AlreadyExists
from ledger.domain.events.envelope import EventData
from ledger.domain.household import HOUSEHOLD, Household, household_id
from ledger.domain.person import PERSON, Person, division_on, must_exist, must_live
from ledger.domain.program import must_be_of, rule_on
from ledger.work import Work

POVERTY_REGISTER = "poverty-register"


class RegisterHousehold(Command, frozen=True, kw_only=True):
    """The household's id follows from ``head``; ``members`` may name the head again or not."""

    head: str
    members: list[str]
    urban: bool


class HouseholdCommand(Command, frozen=True, kw_only=True):
    household: str


class AddMember(HouseholdCommand, frozen=True, kw_only=True):
    person: str
    relation: str


class RemoveMember(HouseholdCommand, frozen=True, kw_only=True):
    person: str
    reason: str


class RegisterPoverty(HouseholdCommand, frozen=True, kw_only=True):
    cause: str
    document: str


class ProposeExit(HouseholdCommand, frozen=True, kw_only=True):
    """What the democratic review found; ``income_fen`` is yearly income a head."""

    reviewed_on: date
    attendees: int
    votes_for: int
    income_fen: int


class VerifyExit(HouseholdCommand, frozen=True, kw_only=True):
    village: str
    resident_team: str


class ConfirmExit(HouseholdCommand, frozen=True, kw_only=True):
    signer: str


class NoticeExit(HouseholdCommand, frozen=True, kw_only=True):
    notice_from: date
    notice_until: date
    place: str


class ObjectToExit(HouseholdCommand, frozen=True, kw_only=True):
    objection: str
    ground: str


class ResolveExitObjection(HouseholdCommand, frozen=True, kw_only=True):
    objection: str
    upheld: bool
    reason: str


class DecideExit(HouseholdCommand, frozen=True, kw_only=True):
    document: str


class RevokeExit(HouseholdCommand, frozen=True, kw_only=True):
    reason: str
    document: str


class RecordRelapse(HouseholdCommand, frozen=True, kw_only=True):
    reason: str
    document: str


@handles(RegisterHousehold)
def register(work: Work, c: RegisterHousehold) -> str:
    """Refuses persons who are not registered, dead, or members of another household."""
    h = work.load(HOUSEHOLD, household_id(c.head))
    head = work.load(PERSON, c.head)
    for each in (c.head, *c.members):
        _may_join(work, h, each)
    data = rules.register(h, head=c.head, members=c.members, urban=c.urban)
    return _record(work, h, data, division_on(head, work.context.effective))


@handles(AddMember)
def add_member(work: Work, c: AddMember) -> str:
    h = work.load(HOUSEHOLD, c.household)
    data = rules.add_member(h, person=c.person, relation=c.relation)
    _may_join(work, h, c.person)
    return _record(work, h, data)


@handles(RemoveMember)
def remove_member(work: Work, c: RemoveMember) -> str:
    h = work.load(HOUSEHOLD, c.household)
    return _record(work, h, rules.remove_member(h, person=c.person, reason=c.reason))


@handles(RegisterPoverty)
def register_poverty(work: Work, c: RegisterPoverty) -> str:
    """Only members who are alive enter the register."""
    must_be_of(open_program(work, POVERTY_REGISTER), "poverty")
    h = work.load(HOUSEHOLD, c.household)
    data = rules.register_poverty(h, living=_living(work, h), cause=c.cause, document=c.document)
    return _record(work, h, data)


@handles(ProposeExit)
def propose_exit(work: Work, c: ProposeExit) -> str:
    h = work.load(HOUSEHOLD, c.household)
    data = rules.propose_exit(
        h,
        day=work.context.effective,
        reviewed_on=c.reviewed_on,
        attendees=c.attendees,
        votes_for=c.votes_for,
        income_fen=c.income_fen,
    )
    return _record(work, h, data)


@handles(VerifyExit)
def verify_exit(work: Work, c: VerifyExit) -> str:
    h = work.load(HOUSEHOLD, c.household)
    data = rules.verify_exit(
        h, day=work.context.effective, village=c.village, resident_team=c.resident_team
    )
    return _record(work, h, data)


@handles(ConfirmExit)
def confirm_exit(work: Work, c: ConfirmExit) -> str:
    h = work.load(HOUSEHOLD, c.household)
    data = rules.confirm_exit(h, day=work.context.effective, signer=c.signer)
    must_live(work.load(PERSON, c.signer))
    return _record(work, h, data)


@handles(NoticeExit)
def notice_exit(work: Work, c: NoticeExit) -> str:
    """For as many days as the register's rule in force asks."""
    rule = rule_on(open_program(work, POVERTY_REGISTER), work.context.effective)
    h = work.load(HOUSEHOLD, c.household)
    data = rules.notice_exit(
        h,
        day=work.context.effective,
        days=rule.notice_days,
        start=c.notice_from,
        until=c.notice_until,
        place=c.place,
    )
    return _record(work, h, data)


@handles(ObjectToExit)
def object_to_exit(work: Work, c: ObjectToExit) -> str:
    h = work.load(HOUSEHOLD, c.household)
    return _record(work, h, rules.object_to_exit(h, objection=c.objection, ground=c.ground))


@handles(ResolveExitObjection)
def resolve_exit_objection(work: Work, c: ResolveExitObjection) -> str:
    h = work.load(HOUSEHOLD, c.household)
    data = rules.resolve_exit_objection(h, objection=c.objection, upheld=c.upheld, reason=c.reason)
    return _record(work, h, data)


@handles(DecideExit)
def decide_exit(work: Work, c: DecideExit) -> str:
    """The notice must be over on the day of the decision and on the day of its recording."""
    h = work.load(HOUSEHOLD, c.household)
    data = rules.decide_exit(
        h,
        day=min(work.context.effective, work.today),
        living=_living(work, h),
        actor=work.context.actor,
        document=c.document,
    )
    return _record(work, h, data)


@handles(RevokeExit)
def revoke_exit(work: Work, c: RevokeExit) -> str:
    h = work.load(HOUSEHOLD, c.household)
    data = rules.revoke_exit(h, day=work.context.effective, reason=c.reason, document=c.document)
    return _record(work, h, data)


@handles(RecordRelapse)
def record_relapse(work: Work, c: RecordRelapse) -> str:
    h = work.load(HOUSEHOLD, c.household)
    data = rules.record_relapse(h, day=work.context.effective, reason=c.reason, document=c.document)
    return _record(work, h, data)


def _may_join(work: Work, h: Household, person_id: str) -> None:
    """A living person, who by their own record is in no other household."""
    person = work.load(PERSON, person_id)
    must_live(person)
    if person.household not in (None, h.id):
        other = work.load(HOUSEHOLD, str(person.household))
        if person_id in other.members:
            raise AlreadyExists(what=f"{other.id} / {person_id}")


def _living(work: Work, h: Household) -> list[str]:
    day = work.context.effective
    return sorted(m for m in h.members if _lives(work.load(PERSON, m), day))


def _lives(person: Person, day: date) -> bool:
    must_exist(person)
    return person.died_on is None or day <= person.died_on


def _record(work: Work, h: Household, data: EventData, division: str | None = None) -> str:
    work.record(HOUSEHOLD, h, data, subject=h.id, division=division or h.division)
    return h.id
