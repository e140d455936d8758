"""``diff``: two moments, and what changed between them: figures, whose money, by which events."""

import re
from contextlib import ExitStack
from typing import Annotated, Any, NamedTuple

import msgspec
import typer

from ledger.domain.errors import InvalidValue
from ops.cli.moments import EffectiveOn, parse_date
from ops.cli.output import yuan
from ops.cli.queries import report_of
from ops.cli.session import Session, command, year_of
from ops.home import Home
from ops.texts.words import UNITS
from projections import differences
from projections import report as reports
from projections.differences import Causes, Differences, Look, Moment
from projections.engine import Projector
from projections.figures import load_figures

app = typer.Typer()

ROWS = 100
"""Rows of a table unless more are asked for; JSON has them all."""
SHOWN = 5
"""Positions in a table's cell."""

MOMENT = "N, DATE, TIME, now, known=…,effective=…,position=…"


_POSITION = re.compile(r"[0-9]{1,18}")


class Asked(NamedTuple):
    """A moment as the options of other commands would say it."""

    position: int | None = None
    known_on: str | None = None
    effective_on: str | None = None


def moment(text: str, effective_on: str | None) -> Asked:
    """A number is a position, a day or time what was known then; parts with names combine.

    ``effective_on`` bounds a moment that says no effective date. Raises :class:`InvalidValue`.
    """
    found: dict[str, Any] = {"effective_on": effective_on}
    for part in text.split(","):
        name, _, value = part.rpartition("=")
        match name:
            case "" if value == "now":
                pass
            case "" | "position" if _POSITION.fullmatch(value):
                found["position"] = int(value)
            case "" | "known":
                found["known_on"] = value
            case "effective":
                found["effective_on"] = value
            case _:
                raise InvalidValue(field="--between", value=text)
    return Asked(**found)


@command(
    app,
    "diff",
    help="比较两个时点:指标、收支与事件 | What changed between two moments, and by which events",
)
def diff(
    session: Session,
    *,
    between: Annotated[
        tuple[str, str],
        typer.Option(metavar="A B", help=f"两个时点({MOMENT})| Two moments ({MOMENT})"),
    ],
    effective_on: EffectiveOn = None,
    person: Annotated[str | None, typer.Option(help="只看此人 | One person only")] = None,
    year: Annotated[int | None, typer.Option(help="年度 | Fiscal year")] = None,
    limit: Annotated[int, typer.Option(min=1, help="表中最多几行 | Rows of a table")] = ROWS,
) -> None:
    """With ``--person`` only that person's money is compared, which takes a moment less."""
    asked = [moment(text, effective_on) for text in between]
    with session.opened() as home, ExitStack() as stack:
        views = ("balances",) if person else (*reports.VIEWS, "balances")
        looks = [
            stack.enter_context(
                session.looking(home, *a, views=views, subjects=[person] if person else None)
            )
            for a in asked
        ]
        found = _compared(home, looks, asked, person, year)
    if session.json:
        session.out.document(
            {"between": [a._asdict() for a in asked], **msgspec.to_builtins(found)}
        )
    else:
        _print(session, found, limit)


def _compared(
    home: Home, looks: list[Projector], asked: list[Asked], person: str | None, year: int | None
) -> Differences:
    year = year_of(home, year)
    published = load_figures(year)
    looked = []
    for projector, a in zip(looks, asked, strict=True):
        effective = parse_date(a.effective_on) if a.effective_on is not None else None
        looked.append(
            Look(
                Moment(projector.position(), effective),
                projector.select("balances", {"beneficiary": person} if person else None),
                None if person else report_of(home, projector, published),
            )
        )
    one, other = looked
    moments = one.moment, other.moment
    end = max(one.moment.position, other.moment.position)
    batches = home.feed.read(differences.first_between(*moments), end)
    records = differences.between(batches, *moments, person)
    return differences.differences(
        one, other, records, published.figures, year, passed=home.discarded()
    )


def _print(session: Session, found: Differences, limit: int) -> None:
    out = session.out
    out.line(session.say("diff-events", n=found.events))
    if not found.figures and not found.money:
        out.line(session.say("diff-none"))
    if found.figures:
        out.table(
            session.say("diff-figures"),
            ("figure", "name", "unit", ">before", ">after", ">events", "what"),
            [
                (
                    f.id,
                    session.pick(f.zh, f.en),
                    session.word(UNITS, f.unit),
                    f.before,
                    f.after,
                    *_causes(f.causes),
                )
                for f in found.figures
            ],
        )
    if found.money:
        out.table(
            session.say("diff-money", n=len(found.money)),
            ("beneficiary", "program", ">granted", ">settled", ">owed", ">events", "what"),
            [
                (
                    m.beneficiary,
                    m.program,
                    *(_change(pair) for pair in (m.granted_fen, m.settled_fen, m.owed_fen)),
                    *_causes(m.causes),
                )
                for m in found.money[:limit]
            ],
        )
        if len(found.money) > limit:
            out.note(session.say("more-rows", n=limit))


def _change(pair: tuple[int, int]) -> str:
    before, after = pair
    return yuan(before) if before == after else f"{yuan(before)} → {yuan(after)}"


def _causes(causes: Causes) -> tuple[int, str]:
    types = " ".join(f"{kind} {n:,}" for kind, n in causes.types.items())
    shown = " ".join(f"#{position}" for position in causes.positions[:SHOWN])
    more = " …" if causes.events > SHOWN else ""
    return causes.events, f"{types} ({shown}{more})" if causes.events else ""
