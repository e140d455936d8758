"""``report``, ``balance`` and ``entitlements``: what the views say, now or as of the past."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import typer

from ledger.catalog.loader import load_divisions
from ledger.domain.city_time import day_of
from ledger.domain.division import covers
from ledger.domain.errors import NotFound, UnknownDivision
from ledger.domain.month import last_day, month_of, parse_month
from ledger.domain.refusals import UnknownProgram
from ledger.domain.rules import Rule
from ledger.domain.words import REASONS, STATES
from ops.cli.moments import AsOfPosition, EffectiveOn, KnownOn, parse_date, recorded_by, today
from ops.cli.output import yuan
from ops.cli.session import Session, command, year_of
from ops.home import Home
from ops.texts.words import STREAMS, UNITS
from projections import report as reports
from projections.engine import Projector
from projections.figures import PublishedFigures, load_figures
from projections.views.entitlements import (
    Entitlement,
    active_in,
    division_on,
    is_granted,
    payable_in,
)
from projections.views.programs import Program, rule_on

app = typer.Typer()

ROWS = 100
"""Rows of a table unless more are asked for; JSON has them all."""


@command(app, "report", help="年度报告:公布数与重放数对照 | Published figures beside replayed ones")
def report(
    session: Session,
    year: Annotated[int | None, typer.Option(help="年度 | Fiscal year")] = None,
    as_of_position: AsOfPosition = None,
    known_on: KnownOn = None,
    effective_on: EffectiveOn = None,
) -> int:
    """Exit status 1 when a figure does not match or the trial balance is not zero."""
    with session.opened() as home:
        published = load_figures(year_of(home, year))
        bounds = (as_of_position, known_on, effective_on)
        with session.looking(home, *bounds, views=reports.VIEWS) as projector:
            made = report_of(home, projector, published)
    if session.json:
        session.out.document(made)
    else:
        print_report(session, made)
    return 0 if made.agrees else 1


def report_of(home: Home, projector: Projector, published: PublishedFigures) -> reports.Report:
    """The report of a home; a simulated city is compared at its own size."""
    return reports.make_report(projector, published, home.info.share)


def print_report(session: Session, made: reports.Report) -> None:
    """The tables of a report."""
    out, scaled = session.out, made.scale != "1"
    title = session.say("report-title", city=made.city, year=made.year, scale=made.scale)
    columns = ["figure", "name", "unit", ">printed", ">actual", "matches"]
    if scaled:
        columns.insert(4, ">expected")
    rows = []
    for f in made.figures:
        row: list[Any] = [
            f.id,
            session.pick(f.zh, f.en),
            _unit(session, f),
            f.printed,
            f.actual,
            f.matches,
        ]
        if scaled:
            row[4:5] = [f.expected, f.actual_value]
        rows.append(row)
    out.table(title, columns, rows)
    out.line(session.say("matching", n=made.matching, total=made.total))
    money = made.money
    out.line(
        session.say(
            "money",
            published=_grouped(money.published_net_yuan),
            replayed=_grouped(money.replayed_net_yuan),
        )
    )
    print_trial_balance(session, made.trial_balance)
    out.table(
        session.say("unquantified"),
        ("program", "name", ">events", "what"),
        [
            (
                u.program,
                u.zh,
                u.events,
                " ".join(f"{session.word(STREAMS, k)} {n:,}" for k, n in u.by.items()),
            )
            for u in made.unquantified
        ],
    )
    out.line(session.say("notes"))
    for note in made.notes:
        out.line(f"  · {session.pick(note.zh, note.en)}")


def print_trial_balance(session: Session, balance: reports.TrialBalanceLine) -> None:
    """Account by account, and their sum."""
    rows = [
        (a.account, yuan(a.debit_fen), yuan(a.credit_fen), yuan(a.balance_fen))
        for a in balance.accounts
    ]
    rows.append((session.say("sum"), "", "", yuan(balance.balance_fen)))
    session.out.table(
        session.say("trial-balance"), ("account", ">debit", ">credit", ">balance"), rows
    )


def _unit(session: Session, f: reports.FigureLine) -> str:
    units = {1: "", 10_000: session.say("ten-thousand")}
    return units.get(f.scale, f"x{f.scale} ") + session.word(UNITS, f.unit)


def _grouped(amount: str) -> str:
    return f"{Decimal(amount):,.2f}"


@command(app, "balance", help="某人在各项目的收支余额 | A person's balances by program")
def balance(
    session: Session,
    *,
    person: Annotated[str, typer.Argument(help="人员编号 person-… | Beneficiary's stream id")],
    program: Annotated[str | None, typer.Option(help="项目代码 | Program")] = None,
    as_of_position: AsOfPosition = None,
    known_on: KnownOn = None,
    effective_on: EffectiveOn = None,
) -> None:
    bounds = (as_of_position, known_on, effective_on)
    views = ("programs", "registry", "balances", "entitlements")
    with (
        session.opened() as home,
        session.looking(home, *bounds, views=views, subjects=[person]) as projector,
    ):
        must_know_program(projector, program)
        where = {"beneficiary": person, **({"program": program} if program else {})}
        must_know_beneficiary(projector, person)
        rows = projector.select("balances", where)
        position = projector.position()
    if session.json:
        found = msgspec.to_builtins(rows)
        session.out.document({"beneficiary": person, "position": position, "balances": found})
        return
    shown = ("granted", "settled", "returned", "in_transit", "payable", "overpaid", "owed")
    session.out.table(
        session.say("balance-title", person=person),
        ("program", *(f">{name}" for name in shown), "last-month"),
        [
            (r.program, *(yuan(getattr(r, f"{n}_fen")) for n in shown), r.last_settled_month)
            for r in rows
        ],
    )


@command(app, "entitlements", help="谁享受什么,按当时有效的标准 | Who is entitled to what")
def entitlements(
    session: Session,
    *,
    person: Annotated[str | None, typer.Option(help="人员编号 | Beneficiary")] = None,
    program: Annotated[str | None, typer.Option(help="项目代码 | Program")] = None,
    month: Annotated[str | None, typer.Option(help="月份 YYYY-MM | Month")] = None,
    division: Annotated[
        str | None, typer.Option(help="行政区划(含下级)| Division, and those below")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, max=10_000_000, help="最多几行 | At most")
    ] = None,
    as_of_position: AsOfPosition = None,
    known_on: KnownOn = None,
    effective_on: EffectiveOn = None,
) -> None:
    """Amounts are those of the rule in force in the month, or on the day that is asked about.

    A division stands for those below it too.
    """
    bounds = (as_of_position, known_on, effective_on)
    wanted = {"beneficiary": person, "program": program}
    where = {name: value for name, value in wanted.items() if value is not None}
    asked = parse_month(month) if month else None
    with (
        session.opened() as home,
        session.looking(
            home,
            *bounds,
            views=("programs", "entitlements", *(("registry",) if person else ())),
            subjects=[person] if person else None,
        ) as projector,
    ):
        must_know_program(projector, program)
        must_know_division(home, division)
        if person is not None:
            must_know_beneficiary(projector, person)
        day = last_day(asked) if asked else _day(home, known_on, effective_on)
        programs = {p.program: p for p in projector.rows("programs")}
        most = limit or (None if session.json else ROWS + 1)
        if division is None:
            rows = projector.select("entitlements", where, limit=most)
        else:
            every = projector.select("entitlements", where)
            rows = [row for row in every if covers(division, division_on(row, day))][:most]
        position = projector.position()
    lines = [_entitled(row, programs.get(row.program), day, asked) for row in rows]
    if session.json:
        head = {"position": position, "day": day.isoformat(), "month": asked}
        session.out.document({**head, "entitlements": lines})
    else:
        _print_entitlements(session, lines, limit)


def _entitled(
    row: Entitlement, program: Program | None, day: date, month: str | None
) -> dict[str, Any]:
    rule = rule_on(program, day) if program is not None else None
    asked = month or month_of(day)
    period = _period(rule, asked)
    reason = payable_in(row, asked, period)
    return {
        "enrollment": row.enrollment,
        "beneficiary": row.beneficiary,
        "program": row.program,
        "division": division_on(row, day),
        "status": row.status,
        "start_month": row.start_month,
        "end_month": row.end_month,
        "month": asked,
        "amount_fen": row.amount_fen or (rule.rate_fen if rule else None),
        "cap_fen": rule.cap_fen if rule else None,
        "period": rule.period if rule else None,
        "rule": rule.valid_from.isoformat() if rule else None,
        "active": active_in(row, asked),
        "granted": is_granted(row, period),
        "reason": reason,
    }


def _period(rule: Rule | None, month: str) -> str:
    match rule.period if rule else "month":
        case "year":
            return month[:4]
        case "once":
            return "once"
        case _:
            return month


def _print_entitlements(session: Session, lines: list[dict[str, Any]], limit: int | None) -> None:
    shown = lines if limit else lines[:ROWS]
    session.out.table(
        None,
        ("beneficiary", "program", "division", "status", "start-month", ">amount", "month", "why"),
        [
            (
                x["beneficiary"],
                x["program"],
                x["division"],
                session.word(STATES, x["status"]),
                x["start_month"],
                yuan(x["amount_fen"]),
                x["month"],
                session.pick(*REASONS[x["reason"]]) if x["reason"] else session.say("payable"),
            )
            for x in shown
        ],
    )
    if len(lines) > len(shown):
        session.out.note(session.say("more-rows", n=len(shown)))


def _day(home: Home, known_on: str | None, effective_on: str | None) -> date:
    """The day asked about: as given, else a simulated city's last day, else today."""
    if effective_on:
        return parse_date(effective_on)
    if known_on:
        return day_of(recorded_by(known_on) or "")
    return date(home.info.year, 12, 31) if home.info.year else today()


def must_know_beneficiary(projector: Projector, beneficiary: str) -> None:
    """NotFound for whom neither the register nor any enrollment knows: nobody's answer would look
    like one of somebody who has nothing."""
    for table, column in (("entitlements", "beneficiary"), ("persons", "person")):
        if projector.select(table, {column: beneficiary}, limit=1):
            return
    raise NotFound(what=beneficiary)


def must_know_division(home: Home, division: str | None) -> None:
    """UnknownDivision: for a misspelled code, too, nothing would be found."""
    if division is not None and division not in {*load_divisions(), home.info.operator}:
        raise UnknownDivision(division=division)


def must_know_program(projector: Projector, program: str | None) -> None:
    """Refuse a program that was never adopted."""
    if program is not None and not projector.select("programs", {"program": program}):
        raise UnknownProgram(program=program)


__all__ = ["app", "print_report", "print_trial_balance", "report_of"]
