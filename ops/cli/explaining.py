"""``explain``: the events behind a figure, a balance, an entitlement in a month, or a program."""

from typing import Annotated, Any

import msgspec
import typer

from ledger.domain.errors import InvalidValue, NotFound
from ledger.domain.month import first_day, parse_month
from ledger.domain.payrun import LeftOut, read_document
from ledger.domain.refusals import UnknownProgram
from ledger.domain.stream import enrollment_id, program_id
from ledger.domain.words import REASONS
from ledger.log.feed import Record
from ops.cli.output import yuan
from ops.cli.session import Session, command, year_of
from ops.cli.streams import Streams
from ops.cli.usage import OptionNeeded
from ops.home import Home
from ops.texts.words import AMOUNTS, FLAGS, PERIODS, SOURCES
from projections.engine import Projector
from projections.explain import BalanceExplanation, Entry, explain_balance
from projections.explain_figure import FigureExplanation, explain_figure, explain_program
from projections.explain_month import EntitlementExplanation, explain_entitlement
from projections.figures import load_figures
from projections.views.registry import facts_on

app = typer.Typer()

NUMBERS = "--figure / --program"
"""One of the two says what is to be explained."""
ROWS = 20
"""Events of a table unless more are asked for."""


@command(
    app,
    "explain",
    help="说明一项数字、余额或某月待遇的依据 | The events behind a number, a balance, a month",
)
def explain(
    session: Session,
    *,
    figure: Annotated[str | None, typer.Option(help="指标编号 | Figure id")] = None,
    person: Annotated[str | None, typer.Option(help="人员编号 | Beneficiary")] = None,
    program: Annotated[str | None, typer.Option(help="项目代码 | Program")] = None,
    month: Annotated[str | None, typer.Option(help="月份 YYYY-MM | Month")] = None,
    year: Annotated[int | None, typer.Option(help="年度 | Fiscal year")] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="列出的事件数;位置总是全部 | Events listed; positions all"),
    ] = None,
) -> None:
    """One of: --figure; --person and --program; with --month; --program alone.

    A year is a figure's: all else is told over every year.
    """
    if figure is not None and (person or program or month):
        raise InvalidValue(field="--figure", value="--person/--program/--month")
    if figure is None and program is None:
        given = "--person" if person else "--month" if month else "explain"
        raise OptionNeeded(field=given, value="--program" if person or month else NUMBERS)
    if month is not None and person is None:
        raise OptionNeeded(field="--month", value="--person")
    if year is not None and figure is None:
        raise OptionNeeded(field="--year", value="--figure")
    with session.opened() as home:
        if figure is not None:
            _figure(session, home, figure, year, limit)
        elif person is None:
            _program(session, home, program or "", limit)
        elif month is None:
            _balance(session, home, person, program or "", limit)
        else:
            _month(
                session,
                home,
                person=person,
                program=program or "",
                month=parse_month(month),
                limit=limit,
            )


def _figure(session: Session, home: Home, figure: str, year: int | None, limit: int | None) -> None:
    published = load_figures(year_of(home, year))
    found = published.by_id().get(figure)
    if found is None:
        raise NotFound(what=figure)
    made = explain_figure(home.feed.read(0), found, published.fiscal_year, home.discarded())
    if session.json:
        cut = made.events[:limit]
        session.out.document(msgspec.structs.replace(made, events=cut))
        return
    session.out.line(_sentence(session, made))
    for rule in made.rules:
        source = session.word(SOURCES, rule.source)
        session.out.line(
            f"  {rule.valid_from} {rule.document} ({source}) {session.half(rule.note)}"
        )
    money = made.measure in ("amount", "rate", "cap")
    _entries(session, made.events, limit, "amount" if money else "value")


def _sentence(session: Session, made: FigureExplanation) -> str:
    total: Any = f"{made.total:,}"
    if made.measure in ("amount", "rate", "cap"):
        total = yuan(made.total)
    elif made.target is not None:
        total = f"{made.total:,} / {made.target:,}"
    rule = session.pick(made.rule_zh, made.rule_en)
    n = f"{len(made.events):,}"
    return session.say("explained", zh=made.zh, en=made.en, total=total, n=n, rule=rule)


def _entries(session: Session, events: list[Entry], limit: int | None, value: str | None) -> None:
    most = limit or ROWS
    columns = [">position", "type", "effective", "subject", "event"]
    columns += [f">{value}"] if value else []
    rows = []
    for e in events[:most]:
        row: list[Any] = [e.position, e.type.split(".")[1], e.effective, e.subject, e.id]
        if value == "change":
            moved = (
                (session.word(AMOUNTS, k.removesuffix("_fen")), v) for k, v in e.change.items()
            )
            row.append(" ".join(f"{name} {yuan(fen)}" for name, fen in moved))
        elif value is not None:
            row.append(yuan(e.value) if value == "amount" else e.value)
        rows.append([*row, session.pick(e.zh or "", e.en or "")])
    session.out.table(None, (*columns, "why"), rows)
    if len(events) > most:
        session.out.note(session.say("more-rows", n=most))


def _program(session: Session, home: Home, program: str, limit: int | None) -> None:
    _must_be_adopted(Streams(home), program)
    events = explain_program(home.feed.read(0), program)
    if session.json:
        positions = [e.position for e in events]
        session.out.document({"program": program, "positions": positions, "events": events[:limit]})
    else:
        _entries(session, events, limit, None)


def _must_be_adopted(streams: Streams, program: str) -> list[Record]:
    """The program's events; UnknownProgram where there are none."""
    records = streams.records(program_id(program))
    if not records:
        raise UnknownProgram(program=program)
    return records


def _balance(session: Session, home: Home, person: str, program: str, limit: int | None) -> None:
    streams = Streams(home)
    _must_be_adopted(streams, program)
    records = streams.records(enrollment_id(person, program))
    if not records:
        raise NotFound(what=f"{person} / {program}")
    made: BalanceExplanation = explain_balance(records, person, program, home.discarded())
    if session.json:
        session.out.document(msgspec.structs.replace(made, events=made.events[:limit]))
        return
    moved = {k: v for k, v in made.balance.items() if k.endswith("_fen") and v}
    session.out.line(session.say("balance-title", person=person) + f" / {program}")
    for name, fen in moved.items():
        named = session.word(AMOUNTS, name.removesuffix("_fen"))
        session.out.line(f"  {named}: {yuan(fen)}")
    _entries(session, made.events, limit, "change")


def _month(
    session: Session, home: Home, *, person: str, program: str, month: str, limit: int | None
) -> None:
    projector, streams = session.caught_up(home), Streams(home)
    rules = _must_be_adopted(streams, program)
    enrolled = streams.records(enrollment_id(person, program))
    persons = projector.select("persons", {"person": person})
    if not persons and not enrolled:
        raise NotFound(what=person)
    made: EntitlementExplanation = explain_entitlement(
        enrolled,
        rules,
        beneficiary=person,
        code=program,
        month=month,
        account=persons[0].account if persons else person,
        facts=facts_on(persons[0], first_day(month)) if persons else {},
        left_out=_left_out(home, projector, person, program, month),
        causes=streams.event,
    )
    if session.json:
        session.out.document(msgspec.structs.replace(made, events=made.events[:limit]))
    else:
        _print_month(session, made, limit)


def _left_out(
    home: Home, projector: Projector, person: str, program: str, month: str
) -> list[dict[str, str]]:
    """What the month's pay runs said of the person."""
    found = []
    for run in projector.select("payruns", {"program": program, "month": month}):
        if run.left_out_lines is None:
            continue
        for line in read_document(home.documents.get(run.left_out_lines), LeftOut):
            if line.beneficiary == person:
                zh, en = REASONS.get(line.reason, (line.reason, line.reason))
                found.append({"payrun": run.payrun, "reason": line.reason, "zh": zh, "en": en})
    return found


def _print_month(session: Session, made: EntitlementExplanation, limit: int | None) -> None:
    out = session.out
    amount = f" {yuan(made.amount_fen)}" if made.amount_fen else ""
    if made.overpaid_fen:
        amount += f" ({session.say('overpaid')} {yuan(made.overpaid_fen)})"
    out.line(f"{made.program} {made.month}: {session.pick(made.zh, made.en)}{amount}")
    rule = made.rule
    if rule is not None:
        rate = yuan(rule.rate_fen) or f"≤ {yuan(rule.cap_fen)}"
        period, source = session.word(PERIODS, rule.period), session.word(SOURCES, rule.source)
        out.line(
            f"{session.say('rule')} {rule.valid_from} {rate} / {period} "
            f"{rule.document} ({source}) #{made.rule_position}"
        )
    out.table(
        None,
        ("rule", "found", "holds"),
        [
            (session.pick(f.zh, f.en), session.word(FLAGS, str(f.found)), f.holds)
            for f in made.trace
        ],
    )
    for line in made.left_out:
        text = session.pick(line["zh"], line["en"])
        out.line(f"{session.say('left-out')} {line['payrun']} {text}")
    _entries(session, made.events, limit, None)
