"""Every reading of sealed data is recorded: one person's on the person, a run's on the run."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.commands.access import RecordAccess, RecordRunAccess
from ledger.domain.errors import InvalidValue, LedgerError, NotFound
from ledger.domain.payrun import OpenedPerson, to_document
from ledger.domain.refusals import OutsideDivision
from tests.office import CITY, Office, by


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path / "home")
    yield it
    it.close()


def reading(office: Office, run: str, *people: str) -> RecordRunAccess:
    persons = office.home.documents.put(to_document([OpenedPerson(person=p) for p in people]))
    return RecordRunAccess(payrun=run, purpose="public-notice", fields=["name"], persons=persons)


def test_a_single_reading_is_an_event_of_the_person(office: Office) -> None:
    who = office.person(1)
    read = RecordAccess(person=who, purpose="inquiry", fields=["phone"])
    office.do(read, by("clerk-1", "2016-12-01"))
    event = office.log()[-1]
    assert (type(event.data).__name__, event.subject) == ("PersonDataAccessed", who)
    with pytest.raises(NotFound):
        office.do(
            RecordAccess(person=office.vault_id(2), purpose="p", fields=[]), by("c", "2016-12-01")
        )


def test_a_runs_reading_is_one_event_that_binds_the_list_of_those_who_were_read(
    office: Office,
) -> None:
    one, two = office.enrolled(1), office.enrolled(2)
    run = office.compute("2017-01")
    before = office.length()
    office.do(reading(office, run, one, two), by("accountant-1", "2017-01-17", CITY))
    (event,) = office.events(before)
    assert (event.stream, event.actor, event.data.count) == (run, "accountant-1", 2)
    listed = office.home.documents.get(event.data.persons)
    assert hashlib.sha256(listed).hexdigest() == event.data.persons
    assert one.encode() in listed
    assert two.encode() in listed
    office.home.projector.catch_up()
    (row,) = office.home.projector.select("payruns", {"payrun": run})
    assert (row.data_accesses, row.version, row.status) == (1, event.version, "computed")


def test_a_runs_reading_is_of_persons_on_its_lines_and_by_the_citys_officers(
    office: Office,
) -> None:
    who, stranger = office.enrolled(1), office.person(2)
    run = office.compute("2017-01")
    accountant = by("accountant-1", "2017-01-17", CITY)
    refusals: list[tuple[type[LedgerError], RecordRunAccess]] = [
        (NotFound, reading(office, run, who, stranger)),
        (NotFound, reading(office, "payrun-none", who)),
        (InvalidValue, reading(office, run)),
        (InvalidValue, reading(office, run, who, who)),
    ]
    before = office.length()
    for error, command in refusals:
        with pytest.raises(error):
            office.do(command, accountant)
    with pytest.raises(OutsideDivision):
        office.do(reading(office, run, who), by("clerk-1", "2017-01-17"))
    assert office.length() == before
