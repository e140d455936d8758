"""What the steps of a pay run share: the officer who takes one, its key, and how a run is named.

A run is named by its stream id or as ``program/month`` or ``program/month/batch``. Each step has an
idempotency key: the one given, or a random one that is shown on standard error, so that a step
whose end was not seen can be sent again.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import uuid4

import typer

from ledger.application import Command
from ledger.domain.errors import InvalidValue, NotFound
from ledger.domain.month import parse_month
from ledger.domain.payment import REASONS
from ledger.domain.stream import payrun_id
from ledger.work import Context
from ops.cli.output import yuan
from ops.cli.session import Session, command, parse_date, today
from ops.home import Home
from projections.views.payruns import PayRun

Run = Annotated[str, typer.Argument(help="编号或 项目/月份(/批次) | Id, or program/month(/batch)")]

_TEXT = str | None
_OFFICER: dict[str, Any] = {
    "officer": Annotated[str, typer.Option("--as", help="经办人 | The officer who decides")],
    "role": Annotated[str, typer.Option("--role", help="角色 | The officer's role")],
    "division": Annotated[
        _TEXT, typer.Option("--in", help="经办人辖区,缺省为全市 | The officer's division")
    ],
    "effective": Annotated[
        _TEXT, typer.Option("--effective", help="生效日,缺省为今天 | Effective date, or today")
    ],
    "key": Annotated[_TEXT, typer.Option("--key", help="幂等键 | Idempotency key")],
}
"""The options that say who takes a step."""


@dataclass(frozen=True, slots=True)
class Officer:
    """Who takes a step, from when it holds, and under which key."""

    officer: str
    role: str
    division: str | None
    effective: str | None
    key: str

    def context(self, home: Home) -> Context:
        day = parse_date(self.effective) if self.effective else today()
        division = self.division or home.info.operator
        return Context(actor=self.officer, role=self.role, division=division, effective=day)


def step(
    app: typer.Typer, name: str, *, help: str, role: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a step: a command whose second parameter is the :class:`Officer` taking it."""

    def register(run: Callable[..., None]) -> Callable[..., None]:
        session, _, *own = inspect.signature(run, eval_str=True).parameters.values()
        options = []
        for field, annotation in _OFFICER.items():
            default = {"officer": inspect.Parameter.empty, "role": role}.get(field)
            options.append(
                inspect.Parameter(
                    field, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
                )
            )

        @functools.wraps(run)
        def taken(session: Session, **given: Any) -> None:
            who = {field: given.pop(field) for field in _OFFICER}
            if who["key"] is None:
                who["key"] = str(uuid4())
                session.out.note(session.say("key", id=who["key"]))
            run(session, Officer(**who), **given)

        taken.__dict__["__signature__"] = inspect.Signature([session, *own, *options])
        return command(app, name, help=help)(taken)

    return register


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
    total = yuan(run.total_fen)
    session.out.line(
        session.say("payrun-is", payrun=run.payrun, status=run.status, count=run.count, total=total)
    )
    for reason, count in sorted({**run.left_out, **run.dropped}.items()):
        session.out.line(f"  {session.say('left-out')} {reason_text(session, reason)} {count:,}")


def reason_text(session: Session, reason: str) -> str:
    """A reason's code in words."""
    return session.pick(*REASONS.get(reason, (reason, reason)))
