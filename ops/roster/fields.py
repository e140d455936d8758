"""The cells of a row by field, taken one after the other while everything wrong is noted. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from ledger.application import Command
from ledger.domain.division import Division
from ledger.domain.errors import LedgerError
from ledger.domain.identity import Identity, check_certificate, parse_identity
from ledger.domain.rules import ProgramDefinition
from ops.roster import cells
from ops.roster.cells import Cell
from ops.roster.errors import CellMissing, Problem
from ops.roster.headings import columns, words

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reference:
    """What rows are read against. ``person_id`` gives the person's stream of an identity number.

    ``document`` is named as the ground of facts; ``program`` stands for a column that is missing.
    """

    today: date
    divisions: Mapping[str, Division]
    programs: Mapping[str, ProgramDefinition]
    person_id: Callable[[str], str]
    document: str
    program: str | None = None
    epoch: date = date(1899, 12, 30)


@dataclass(frozen=True, slots=True)
class Entry:
    """A good row: what it asks for. Two rows of one ``key`` are about the same thing.

    ``effective`` is the day of the row where it states one.
    """

    key: str
    command: Command
    effective: date | None = None


@dataclass(slots=True)
class Fields:
    """A row being read. A cell that is wrong is None from then on, and noted."""

    kind: str
    row: Mapping[str, Cell]
    problems: list[Problem] = field(default_factory=list)

    def take(self, name: str, clean: Callable[[Cell], T | None]) -> T | None:
        """The cell's meaning; None where it is empty, has no column, or is wrong."""
        try:
            return clean(self.row.get(name))
        except LedgerError as error:
            self.wrong(name, error)
            return None

    def need(self, name: str, clean: Callable[[Cell], T | None]) -> T | None:
        """As :meth:`take`, for a cell that may not be empty."""
        found = self.take(name, clean)
        if found is None:
            self.missing(name)
        return found

    def word(self, name: str, of: str) -> str | None:
        """The meaning of one of the words of the list ``of``."""
        return self.take(name, lambda cell: cells.word(cell, words(of)))

    def flag(self, name: str) -> bool | None:
        """Yes or no."""
        found = self.word(name, "yes_no")
        return None if found is None else found == "true"

    def missing(self, name: str) -> None:
        """Note an empty cell, unless something is noted there already."""
        if columns(self.kind)[name].heading not in {p.heading for p in self.problems}:
            self.wrong(name, CellMissing())

    def wrong(self, name: str, error: LedgerError) -> None:
        """Note a problem at a field's heading."""
        self.problems.append(Problem(columns(self.kind)[name].heading, error))


def identity_of(fields: Fields, today: date) -> tuple[Identity | None, str | None]:
    """Who the row is about, and the certificate's number, where it gives one.

    A certificate's number begins with its holder's, so either column will do.
    """
    number = fields.take("id_number", cells.digits)
    certificate = fields.take("certificate", cells.digits)
    identity = None
    if number is not None:
        identity = _parsed(fields, "id_number", number, today)
    elif fields.problems:
        pass  # the number is there and unreadable: who it is stays open
    elif certificate is None:
        fields.wrong("id_number", CellMissing())
    else:
        identity = _parsed(fields, "certificate", certificate[:18], today)
    if certificate is not None:
        holder = identity.number if identity is not None else certificate[:18]
        try:
            certificate = check_certificate(certificate, holder, *certified_class(certificate))
        except LedgerError as error:
            fields.wrong("certificate", error)
            certificate = None
    return identity, certificate


def certified_class(certificate: str) -> tuple[int, int]:
    """Category and grade as a certificate's number states them; 0 where it has none."""
    category, grade = (
        c if c.isascii() and c.isdigit() else "0" for c in f"{certificate:\0<20}"[18:20]
    )
    return int(category), int(grade)


def _parsed(fields: Fields, name: str, number: str, today: date) -> Identity | None:
    try:
        return parse_identity(number, today=today)
    except LedgerError as error:
        fields.wrong(name, error)
        return None
