"""A row of a roster of persons: who, where, which certificate, which account, which facts. Pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial

from ledger.commands.certificate import IssueCertificate
from ledger.commands.person import (
    ChangeBankAccount,
    RecognizeHardship,
    RecordLifeFact,
    RegisterPerson,
)
from ledger.commands.roster import EnterPerson
from ledger.domain.division import Division
from ledger.domain.errors import UnknownDivision
from ledger.domain.events.person import HardshipKind
from ledger.domain.identity import Identity
from ops.roster import cells
from ops.roster.cells import Cell
from ops.roster.errors import CellsDisagree, CellUnclear, Problem
from ops.roster.fields import Entry, Fields, Reference, certified_class, identity_of
from ops.roster.headings import columns, words

KIND = "persons"

HARDSHIPS: dict[str, HardshipKind] = {
    "low_income": "low-income",
    "extreme_poverty": "extreme-poverty",
}

_ACCOUNT = re.compile(r"[0-9]{8,32}")
_PROVINCE = re.compile(r"^.{2,3}(省|自治区)")


def read(row: Mapping[str, Cell], reference: Reference) -> tuple[Entry | None, list[Problem]]:
    """The entry that a row makes, or all that is wrong with it."""
    fields = Fields(KIND, row)
    identity, number = identity_of(fields, reference.today)
    name = fields.need("name", cells.name)
    _compare(fields, identity, reference.epoch)
    division = fields.need("division", partial(residence, divisions=reference.divisions))
    urban = fields.need("urban", partial(cells.word, words=words("urban")))
    phone = fields.take("phone", cells.text)
    category, grade = _class(fields, number)
    expires_on = fields.take("expires_on", partial(cells.day, epoch=reference.epoch))
    account, bank, holder = _account(fields)
    flags = {fact: fields.flag(fact) for fact in (*HARDSHIPS, "needs_care")}
    if fields.problems or identity is None or name is None or division is None:
        return None, fields.problems
    who, document = reference.person_id(identity.number), reference.document
    registration = RegisterPerson(
        id_number=identity.number,
        name=name,
        birth_date=identity.birth_date,
        phone=phone or "",
        division=division,
        urban=urban == "true",
    )
    certificate = changed = None
    if number is not None:
        certificate = IssueCertificate(
            person=who,
            number=number,
            id_number=identity.number,
            category=category,
            grade=grade,
            expires_on=expires_on,
        )
    if account is not None and bank is not None:
        changed = ChangeBankAccount(person=who, account=account, bank=bank, holder=holder or name)
    command = EnterPerson(
        registration=registration,
        certificate=certificate,
        account=changed,
        hardships=[
            RecognizeHardship(person=who, kind=kind, document=document)
            for fact, kind in HARDSHIPS.items()
            if flags[fact]
        ],
        life_facts=list(_life_facts(who, document, flags)),
        denied=[HARDSHIPS.get(fact) or fact for fact, held in flags.items() if held is False],
    )
    return Entry(identity.number, command), []


def _life_facts(
    who: str, document: str, flags: Mapping[str, bool | None]
) -> Iterator[RecordLifeFact]:
    if flags["needs_care"]:
        yield RecordLifeFact(person=who, fact="needs_care", value=True, document=document)


def _compare(fields: Fields, identity: Identity | None, epoch: date) -> None:
    """Birth date and sex, where they are given, are those of the identity number."""
    birth_date = fields.take("birth_date", partial(cells.day, epoch=epoch))
    sex = fields.word("sex", "sex")
    other = columns(KIND)["id_number"].heading
    if identity is None:
        return
    if birth_date not in (None, identity.birth_date):
        fields.wrong("birth_date", CellsDisagree(other=other))
    if sex not in (None, identity.sex):
        fields.wrong("sex", CellsDisagree(other=other))


def _class(fields: Fields, number: str | None) -> tuple[int, int]:
    """Category and grade by the certificate's number; columns that are filled must agree."""
    held = certified_class(number) if number is not None else (0, 0)
    other = columns(KIND)["certificate"].heading
    for name, stated in zip(("category", "grade"), held, strict=True):
        given = fields.word(name, name)
        if given is None:
            continue
        if fields.row.get("certificate") is None:
            fields.missing("certificate")
        elif number is not None and int(given) != stated:
            fields.wrong(name, CellsDisagree(other=other))
    return held


def _account(fields: Fields) -> tuple[str | None, str | None, str | None]:
    """Account number, bank and holder: the first two go together."""
    account = fields.take("account", _account_number)
    bank = fields.take("bank", cells.text)
    holder = fields.take("holder", cells.name)
    filled = {name for name in ("account", "bank") if fields.row.get(name) is not None}
    if len(filled) == 1:
        fields.missing("bank" if "account" in filled else "account")
    return account, bank, holder


def _account_number(cell: Cell) -> str | None:
    found = cells.digits(cell)
    if found is not None and not _ACCOUNT.fullmatch(found):
        raise CellUnclear(value=found)
    return found


def residence(cell: Cell, divisions: Mapping[str, Division]) -> str | None:
    """The code of a district or county, by its code or its name, with or without those above it.

    Raises :class:`UnknownDivision`; a city is no residence.
    """
    found = cells.name(cell)
    if found is None:
        return None
    name = _PROVINCE.sub("", found)
    for code, division in divisions.items():
        above = divisions.get(division.parent or "")
        if above is None:
            continue
        if name in (code, division.zh, division.zh[:-1], above.zh + division.zh):
            return code
    raise UnknownDivision(division=found)
