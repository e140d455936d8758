"""Commands about readings of sealed data, each recorded before anything is opened.

A reading of one person's data is an event of that person. A pay run reads tens of thousands for
one purpose: that is one event of the run, with the list of those whose data are opened as a
document named by its digest, so that it stays provable who was read.
"""

from ledger.application import Command, handles
from ledger.domain.case import CASE
from ledger.domain.errors import InvalidValue, NotFound
from ledger.domain.events import payrun as pr
from ledger.domain.events import person as pe
from ledger.domain.finding import is_finding_id
from ledger.domain.payrun import PAYRUN, Line, OpenedPerson, read_document
from ledger.domain.person import PERSON, must_exist
from ledger.work import Work


class RecordAccess(Command, frozen=True, kw_only=True):
    """Sealed fields of a person are about to be opened.

    ``case`` is what it is done for, where there is one: a case by its stream id, or a finding of an
    audit by its id. Purposes that need none are an audit's parameter.
    """

    person: str
    purpose: str
    fields: list[str]
    case: str | None = None


class RecordRunAccess(Command, frozen=True, kw_only=True):
    """Sealed fields of persons of a pay run are about to be opened.

    ``persons`` is the digest of a document of :class:`OpenedPerson`, each of them on the run's
    lines.
    """

    payrun: str
    purpose: str
    fields: list[str]
    persons: str


@handles(RecordAccess)
def record_access(work: Work, c: RecordAccess) -> str:
    """Raises NotFound for a person who was never registered or a case that was never received,
    InvalidValue for a blank purpose or for what is neither a case nor a finding."""
    person = work.load(PERSON, c.person)
    must_exist(person)
    _must_say_why(c.purpose)
    if c.case is not None and not is_finding_id(c.case):
        if not c.case.startswith("case-"):
            raise InvalidValue(field="case", value=c.case)
        if not work.peek(CASE, c.case).version:
            raise NotFound(what=c.case)
    accessed = pe.PersonDataAccessed(purpose=c.purpose, fields=c.fields, case=c.case)
    division = person.on("division", work.context.effective) or work.operator
    work.record(PERSON, person, accessed, subject=person.id, division=division)
    return person.id


@handles(RecordRunAccess)
def record_run_access(work: Work, c: RecordRunAccess) -> str:
    """By an officer of the city; InvalidValue for an empty list, a repeated person or no purpose.

    Raises NotFound for a run without lines, or a person who is not on them.
    """
    _must_say_why(c.purpose)
    run = work.load(PAYRUN, c.payrun)
    if not run.lines:
        raise NotFound(what=c.payrun)
    opened = [x.person for x in read_document(work.documents.get(c.persons), OpenedPerson)]
    if not opened or len(set(opened)) < len(opened):
        raise InvalidValue(field="persons", value=c.persons)
    listed = read_document(work.documents.get(run.lines), Line)
    if strangers := set(opened) - {line.beneficiary for line in listed}:
        raise NotFound(what=min(strangers))
    accessed = pr.PayRunDataAccessed(
        program=run.program,
        month=run.month,
        purpose=c.purpose,
        fields=c.fields,
        count=len(opened),
        persons=c.persons,
    )
    work.record(PAYRUN, run, accessed, subject=run.id, division=work.operator)
    return run.id


def _must_say_why(purpose: str) -> None:
    if not purpose.strip():
        raise InvalidValue(field="purpose", value=purpose or "-")
