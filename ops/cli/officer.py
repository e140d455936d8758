"""Steps that an officer takes: who decides, from when it holds, and the step's idempotency key.

The key is the one given, or a random one that is shown on standard error, so that a step whose end
was not seen can be sent again.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import uuid4

import typer

from ledger.work import Context
from ops.cli.moments import parse_date, today
from ops.cli.session import Session, command
from ops.home import Home

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
    """Who takes a step, from when it holds, and under which key; empty for a step without one."""

    officer: str
    role: str
    division: str | None
    effective: str | None
    key: str

    def context(self, home: Home) -> Context:
        day = parse_date(self.effective) if self.effective is not None else today()
        division = self.division or home.info.operator
        return Context(actor=self.officer, role=self.role, division=division, effective=day)


def step(
    app: typer.Typer, name: str, *, help: str, role: str, without: frozenset[str] = frozenset()
) -> Callable[[Callable[..., int | None]], Callable[..., None]]:
    """Register a step: a command whose second parameter is the :class:`Officer` taking it.

    ``without`` names options that the step has no use for: a key, or an effective date.
    """

    def register(run: Callable[..., int | None]) -> Callable[..., None]:
        session, _, *own = inspect.signature(run, eval_str=True).parameters.values()
        options = []
        for field, annotation in _OFFICER.items():
            if field in without:
                continue
            default = {"officer": inspect.Parameter.empty, "role": role}.get(field)
            options.append(
                inspect.Parameter(
                    field, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
                )
            )

        @functools.wraps(run)
        def taken(session: Session, **given: Any) -> int | None:
            who = {field: given.pop(field, None) for field in _OFFICER}
            if who["key"] is None and "key" not in without:
                who["key"] = str(uuid4())
                session.out.note(session.say("key", id=who["key"]))
            return run(session, Officer(**who), **given)

        taken.__dict__["__signature__"] = inspect.Signature([session, *own, *options])
        return command(app, name, help=help)(taken)

    return register
