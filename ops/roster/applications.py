"""A row of a roster of applications: who applies for which program, and when. Pure."""

from collections.abc import Mapping
from functools import partial

from ledger.commands.roster import EnterApplication
from ledger.domain.refusals import UnknownProgram, WrongKind
from ledger.domain.rules import ProgramDefinition
from ops.roster import cells
from ops.roster.cells import Cell
from ops.roster.errors import CellUnclear, Problem
from ops.roster.fields import Entry, Fields, Reference, identity_of

KIND = "applications"


def read(row: Mapping[str, Cell], reference: Reference) -> tuple[Entry | None, list[Problem]]:
    """The entry that a row makes, or all that is wrong with it."""
    fields = Fields(KIND, row)
    identity, _ = identity_of(fields, reference.today)
    name = fields.take("name", cells.name)
    named = partial(program_of, programs=reference.programs)
    if reference.program is not None and fields.row.get("program") is None:
        program: str | None = reference.program
    else:
        program = fields.need("program", named)
    applied_on = fields.need("applied_on", partial(cells.day, epoch=reference.epoch))
    if applied_on is not None and applied_on > reference.today:
        fields.wrong("applied_on", CellUnclear(value=applied_on.isoformat()))
    documents = fields.take("documents", cells.listed) or []
    kin = fields.take("kin", cells.listed) or []
    if fields.problems or identity is None or program is None:
        return None, fields.problems
    command = EnterApplication(
        program=program,
        id_number=identity.number,
        name=name or "",
        kin=kin,
        documents=documents,
    )
    return Entry(f"{identity.number} {program}", command, applied_on), []


def program_of(cell: Cell, programs: Mapping[str, ProgramDefinition]) -> str | None:
    """A program's code, by its code or its Chinese name.

    Raises :class:`UnknownProgram`, and WrongKind where not persons apply but others.
    """
    found = cells.text(cell)
    if found is None:
        return None
    for code, program in programs.items():
        if found.lower() == code or "".join(found.split()) == program.zh:
            if program.beneficiary != "person":
                raise WrongKind(program=code, kind=program.kind)
            return code
    raise UnknownProgram(program=found)
