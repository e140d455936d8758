"""The report of a fiscal year: every published figure beside the one the events yield.

Pure but for reading views: the actual numbers come from program totals, the poverty register,
programs and results, and from nowhere else. Amounts are net of returns and recoveries, by the
calendar year of the effective date. Rates and caps are those of the last rule in force in the
year. The trial balance is over the whole log, as far as the views have come.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from math import floor
from typing import Any

import msgspec
import sqlalchemy as sa

from projections.engine import Projector
from projections.figures import Figure, PublishedFigures, matches, medals_match
from projections.year import COLORS, EXITED, REGISTERED, YearTotals

VIEWS = (
    "programs",
    "households",
    "program_totals",
    "funds",
    "activities",
    "entitlements",
    "cases",
    "organizations",
    "payruns",
)
"""The views that a report reads; a projector of the past needs no others."""


class FigureLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One figure, published and replayed.

    ``printed`` and ``actual`` are digits in printed units (``scale`` of ``unit``), the actual one
    rounded half up to the printed decimals. ``actual_value`` is exact, in ``unit``: a whole number,
    yuan with two decimals for money, or six decimals where the number has no end (a completion in
    percent). ``actual_fen`` is set for money, ``expected`` (in ``unit``) is the figure's share in a
    city of another size, ``medals`` counts by color.
    """

    id: str
    program: str
    zh: str
    en: str
    measure: str
    unit: str
    printed: str
    scale: int
    match: str
    actual: str
    actual_value: str
    matches: bool
    expected: str | None = None
    actual_fen: int | None = None
    medals: dict[str, int] | None = None


class UnquantifiedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A program named without a number; ``events`` of its streams in all, ``by`` kind of stream."""

    program: str
    zh: str
    adopted: bool
    events: int
    by: dict[str, int]


class AccountLine(msgspec.Struct, frozen=True, kw_only=True):
    account: str
    debit_fen: int
    credit_fen: int
    balance_fen: int


class TrialBalanceLine(msgspec.Struct, frozen=True, kw_only=True):
    """Debits less credits over all accounts, which must be zero, and each account's."""

    balance_fen: int
    accounts: list[AccountLine]


class MoneyLine(msgspec.Struct, frozen=True, kw_only=True):
    """The year's published money, net of returns and recoveries.

    ``published_net_yuan`` sums the figures as printed, ``replayed_net_yuan`` the exact amounts,
    ``replayed_as_printed_yuan`` those rounded to the printed digits.
    """

    published_net_yuan: str
    replayed_net_yuan: str
    replayed_net_fen: int
    replayed_as_printed_yuan: str


class NoteLine(msgspec.Struct, frozen=True, kw_only=True):
    about: list[str]
    zh: str
    en: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. ``position`` is the number of events that the views had folded."""

    city: str
    division: str
    year: int
    scale: str
    position: int
    figures: list[FigureLine]
    matching: int
    total: int
    trial_balance: TrialBalanceLine
    money: MoneyLine
    unquantified: list[UnquantifiedLine]
    notes: list[NoteLine]

    @property
    def agrees(self) -> bool:
        """Whether every figure matches and the trial balance is zero."""
        return self.matching == self.total and self.trial_balance.balance_fen == 0


def make_report(
    projector: Projector, published: PublishedFigures, share: Fraction = Fraction(1)
) -> Report:
    """The report from views that have been brought up to date; ``share`` is the city's size."""
    totals = YearTotals(projector, published.fiscal_year)
    figures = [_line(figure, totals, share) for figure in published.figures]
    return Report(
        city=published.city,
        division=published.division,
        year=published.fiscal_year,
        scale=str(share),
        position=projector.position(),
        figures=figures,
        matching=sum(line.matches for line in figures),
        total=len(figures),
        trial_balance=trial_balance(projector),
        money=_money(published, figures),
        unquantified=_unquantified(projector, published),
        notes=[NoteLine(about=list(n.about), zh=n.zh, en=n.en) for n in published.notes],
    )


def trial_balance(projector: Projector) -> TrialBalanceLine:
    """By account, over every fund, program and division."""
    t = projector.table("trial_balance").c
    sums = [sa.func.sum(column) for column in (t.debit_fen, t.credit_fen, t.balance_fen)]
    query = sa.select(t.account, *sums).group_by(t.account).order_by(t.account)
    with projector.connection() as connection:
        rows = connection.execute(query).all()
    accounts = [
        AccountLine(account=a, debit_fen=int(d), credit_fen=int(c), balance_fen=int(b))
        for a, d, c, b in rows
    ]
    return TrialBalanceLine(balance_fen=sum(a.balance_fen for a in accounts), accounts=accounts)


def _completion(f: Figure, t: YearTotals) -> Fraction:
    target = t.target(f.program)
    return Fraction(100 * t.count(f.program, "persons"), target) if target else Fraction(0)


def _persons(f: Figure, t: YearTotals) -> Fraction:
    if f.id in (REGISTERED, EXITED):
        return Fraction(t.poverty_persons(f))
    return Fraction(t.count(f.program, "persons"))


def _distinct(f: Figure, t: YearTotals) -> Fraction:
    return Fraction(t.count(f.program, f.measure))


def _summed(f: Figure, t: YearTotals) -> Fraction:
    return Fraction(t.sum(f.program, f.measure)[0])


_ACTUAL: dict[str, Callable[[Figure, YearTotals], Fraction]] = {
    "persons": _persons,
    "amount": lambda f, t: Fraction(t.sum(f.program, "amount")[1], 100),
    "households": _distinct,
    "organizations": _distinct,
    "classes": _distinct,
    "sessions": _distinct,
    "cases": _distinct,
    "kinds": _distinct,
    "events": _summed,
    "quantity": _summed,
    "rate": lambda f, t: Fraction(t.rule_fen(f.program, "rate_fen") or 0, 100),
    "cap": lambda f, t: Fraction(t.rule_fen(f.program, "cap_fen") or 0, 100),
    "completion": _completion,
    "medals": lambda f, t: Fraction(sum(t.medals(f).values())),
    "rank": lambda f, t: Fraction(t.rank(f)),
}
"""Measure to the exact actual number in the figure's unit."""


def _line(figure: Figure, totals: YearTotals, share: Fraction) -> FigureLine:
    actual = _ACTUAL[figure.measure](figure, totals)
    medals = totals.medals(figure) if figure.measure == "medals" else None
    if medals is not None:
        agrees = medals_match(figure, *(medals[color] for color in COLORS))
    else:
        agrees = matches(figure, actual, share, _grain(figure, totals, actual))
    is_money = figure.measure == "amount"
    return FigureLine(
        id=figure.id,
        program=figure.program,
        zh=figure.zh,
        en=figure.en,
        measure=figure.measure,
        unit=figure.unit,
        printed=figure.printed,
        scale=figure.scale,
        match=figure.match,
        actual=digits(actual / figure.scale, len(figure.printed.partition(".")[2])),
        actual_value=_exact(actual, money=is_money),
        matches=agrees,
        expected=_exact(_expected(figure, share), money=is_money) if share != 1 else None,
        actual_fen=int(actual * 100) if is_money else None,
        medals=medals,
    )


def _expected(figure: Figure, share: Fraction) -> Fraction:
    scales = figure.measure not in ("rate", "cap", "completion", "medals", "rank")
    return Fraction(figure.value) * (share if scales else 1)


def _grain(figure: Figure, totals: YearTotals, actual: Fraction) -> Fraction:
    """The least step by which the number can move, for a city of another size."""
    if figure.measure == "completion":
        return Fraction(100, totals.target(figure.program) or 100)
    if figure.measure != "amount":
        return Fraction(1)
    rate = Fraction(totals.rule_fen(figure.program, "rate_fen") or 100, 100)
    persons = totals.count(figure.program, "persons")
    return max(rate, actual / persons) if persons else rate


def _money(published: PublishedFigures, lines: Iterable[FigureLine]) -> MoneyLine:
    amounts = [line for line in lines if line.measure == "amount"]
    by_id = published.by_id()
    printed = sum((Fraction(by_id[a.id].value) for a in amounts), Fraction(0))
    rounded = sum((Fraction(a.actual) * a.scale for a in amounts), Fraction(0))
    replayed_fen = sum(a.actual_fen or 0 for a in amounts)
    return MoneyLine(
        published_net_yuan=_exact(printed, money=True),
        replayed_net_yuan=_exact(Fraction(replayed_fen, 100), money=True),
        replayed_net_fen=replayed_fen,
        replayed_as_printed_yuan=_exact(rounded, money=True),
    )


def _unquantified(projector: Projector, published: PublishedFigures) -> list[UnquantifiedLine]:
    by_stream = {kind: _events_by_program(projector, kind) for kind in _STREAMS}
    adopted = {p.program: p for p in projector.rows("programs")}
    organizations: Counter[str] = Counter(
        program for row in projector.rows("organizations") for program in row.programs
    )
    for row in projector.rows("organization_years"):
        organizations.update(row.awards_fen.keys())  # one award a year
    out = []
    for each in published.unquantified:
        by = {kind: counts[each.program] for kind, counts in by_stream.items()}
        by["organization"] = organizations[each.program]
        by = {kind: count for kind, count in by.items() if count}
        out.append(
            UnquantifiedLine(
                program=each.program,
                zh=each.zh,
                adopted=each.program in adopted,
                events=sum(by.values()),
                by=by,
            )
        )
    return out


_STREAMS: Mapping[str, tuple[tuple[str, bool], ...]] = {
    "program": (("programs", True),),
    "enrollment": (("entitlements", True),),
    "payrun": (("payruns", True),),
    "case": (("cases", True),),
    "activity": (("activities", False), ("results", False)),
}
"""Kind of stream to the tables that show it: by the streams' versions, or a row an event."""


def _events_by_program(projector: Projector, kind: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for name, versioned in _STREAMS[kind]:
        columns = projector.table(name).c
        number: Any = sa.func.sum(columns.version) if versioned else sa.func.count()
        query = sa.select(columns.program, number).group_by(columns.program)
        with projector.connection() as connection:
            for program, count in connection.execute(query):
                counts[program] += int(count)
    return counts


def digits(value: Fraction, decimals: int) -> str:
    """``value`` rounded half up (a half goes away from zero), with exactly so many decimals."""
    whole = floor(abs(value) * 10**decimals + Fraction(1, 2))
    text = str(whole).rjust(decimals + 1, "0")
    sign = "-" if value < 0 and whole else ""
    return sign + (f"{text[:-decimals]}.{text[-decimals:]}" if decimals else text)


def _exact(value: Fraction, *, money: bool) -> str:
    if money:
        return digits(value, 2)
    return str(value.numerator) if value.denominator == 1 else digits(value, 6)


__all__ = ["VIEWS", "FigureLine", "Report", "digits", "make_report", "trial_balance"]
