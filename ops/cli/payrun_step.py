"""What the steps of a pay run share: how a run is named, and what is shown of it.

A run is named by its stream id or as ``program/month`` or ``program/month/batch``.
"""

from typing import Annotated

import typer

from ledger.application import Command
from ledger.domain.errors import InvalidValue, NotFound
from ledger.domain.month import parse_month
from ledger.domain.stream import payrun_id
from ledger.domain.words import REASONS, STATES
from ops.cli.officer import Officer
from ops.cli.output import yuan
from ops.cli.session import Session
from ops.home import Home
from projections.views.payruns import PayRun

Run = Annotated[str, typer.Argument(help="编号或 项目/月份(/批次) | Id, or program/month(/batch)")]


def take(session: Session, home: Home, officer: Officer, wanted: Command) -> PayRun:
    """Carry out a step and bring the views up to it; the run as it is then."""
    result = home.ledger().execute(wanted, officer.context(home), key=officer.key)
    if result.repeated:
        session.out.note(session.say("repeated-key"))
    return find(session, home, result.stream)


def take_and_print(session: Session, officer: Officer, wanted: Command) -> None:
    """A step whose answer is the run as it is then."""
    with session.opened() as home:
        run = take(session, home, officer, wanted)
    print_run(session, run)


def find(session: Session, home: Home, run: str) -> PayRun:
    """The run as the views show it; NotFound."""
    found = session.caught_up(home).select("payruns", {"payrun": resolved(run)})
    if not found:
        raise NotFound(what=run)
    row: PayRun = found[0]
    return row


def resolved(run: str) -> str:
    """The stream id behind ``program/month[/batch]``."""
    if run.startswith("payrun-"):
        return run
    parts = run.split("/")
    if len(parts) not in (2, 3) or (len(parts) == 3 and not parts[2].isdecimal()):
        raise InvalidValue(field="payrun", value=run)
    return payrun_id(parts[0], parse_month(parts[1]), int(parts[2]) if len(parts) == 3 else 1)


def print_run(session: Session, run: PayRun) -> None:
    """A run in a line, and who is left out by reason."""
    if session.json:
        session.out.document(run)
        return
    total, status = yuan(run.total_fen), session.word(STATES, run.status)
    session.out.line(
        session.say("payrun-is", payrun=run.payrun, status=status, count=run.count, total=total)
    )
    for reason, count in sorted({**run.left_out, **run.dropped}.items()):
        session.out.line(f"  {session.say('left-out')} {reason_text(session, reason)} {count:,}")


def reason_text(session: Session, reason: str) -> str:
    """A reason's code in words."""
    return session.pick(*REASONS.get(reason, (reason, reason)))
