"""``seal`` and ``audit verify-report``, ``verify-seal``: what a period amounted to, in the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import typer

from ledger.codec import recorded
from ledger.commands.seal import SealPeriod
from ledger.domain.city_time import day_of
from ledger.domain.errors import InvalidValue, NotFound
from ledger.domain.events.seal import ProjectionSealed
from ledger.domain.month import month_of, months_between, parse_month
from ledger.domain.seal import SEAL, differences, require_over, seal_id
from ledger.domain.words import in_chinese
from ledger.log.completeness import Chains
from ledger.log.errors import NothingSealed
from ops.cli.officer import Officer, step
from ops.cli.output import progress
from ops.cli.session import Session, command
from ops.home import Home
from ops.sealing import index_file, published_in
from projections.sealing import amounted, position_at_end


class NoSealYet(NothingSealed):
    """There is nothing to compare the log with."""

    zh, en = ("尚无封存;请先运行 seal", "nothing is sealed yet; run seal first")


app = typer.Typer()
audit = typer.Typer(help="核查 | Audit", no_args_is_help=True)

MonthOption = Annotated[
    str | None, typer.Option("--month", help="月份 YYYY-MM | The month to seal")
]
YearOption = Annotated[int | None, typer.Option("--year", help="年度 | The year to seal")]
ThroughOption = Annotated[
    str | None,
    typer.Option(
        "--through",
        metavar="MONTH",
        help="至该月为止尚未封存的各月 | Every month up to this one that is not sealed yet",
    ),
]
PeriodsOption = Annotated[
    list[str] | None, typer.Option("--period", help="月份或年度,可多次 | Month or year")
]


@step(
    app,
    "seal",
    help="封存月份或年度:各视图摘要与主体索引入账 | Seal a month or a year: digests into the log",
    role="auditor",
    without=frozenset({"effective"}),
)
def seal(
    session: Session,
    officer: Officer,
    *,
    month: MonthOption = None,
    year: YearOption = None,
    through: ThroughOption = None,
) -> None:
    """One pass through the log, however many months. What is sealed stays as it is.

    Where the log has a key, its head is signed afterwards, so that the seals are under it.
    """
    if sum(given is not None for given in (month, year, through)) != 1:
        raise InvalidValue(field="--month | --year | --through", value="-")
    with session.opened() as home:
        if through is not None:
            periods = _unsealed(home, through)
        else:
            periods = [month if month is not None else str(year)]
        made = _seal(session, home, officer, periods)
        head = _signed(home)
    rows = [(c.period, c.position, c.index.subjects, c.index.root) for c in made]
    if session.json:
        sealed = [msgspec.to_builtins(c) for c in made]
        session.out.document({"sealed": sealed, "checkpoint": head})
        return
    session.out.table(None, ("period", ">position", ">subjects", "root"), rows)
    if head is not None:
        status = session.say("final" if head["final"] else "pending")
        session.out.line(session.say("seal-signed", size=head["size"], status=status))
    elif made:
        session.out.line(session.say("seal-unsigned"))


def _signed(home: Home) -> dict[str, Any] | None:
    """The head that has the seals in it, signed and shown to witnesses; None without a key.

    Where nothing was sealed this time too: who sealed may have been stopped before. What the signer
    raises leaves the seals recorded.
    """
    if not home.log_keys():
        return None
    signer = home.signer()
    signed = signer.sign()
    return {"final": signer.final(signed.head), "size": signed.head.size}


def _unsealed(home: Home, through: str) -> list[str]:
    """The months from the log's first to this one that have no seal."""
    last = parse_month(through)
    first = _first_month(home)
    ledger = home.ledger()
    months = months_between(first, last) if first is not None else []
    return [m for m in months if not ledger.state(SEAL, seal_id(m)).version]


def _first_month(home: Home) -> str | None:
    """The month, by the city's clock, in which the log's first event was recorded."""
    if not home.log.size():
        return None
    return month_of(day_of(recorded(home.log.entry(0)).decode()))


def _seal(
    session: Session, home: Home, officer: Officer, periods: Sequence[str]
) -> list[ProjectionSealed]:
    """Compute and record one after the other. Raises PeriodNotOver before anything is computed.

    The index is kept before its root is in the log: a seal that is recorded is not made again.
    """
    ledger = home.ledger()
    for period in periods:
        require_over(period, ledger.clock())
    wanted = [(period, position_at_end(home.log, period)) for period in periods]
    published, context, made = published_in(periods), officer.context(home), []
    with progress(session.say("sealing"), session.lang) as report:
        for each in amounted(home.feed, home.discarded, wanted, published, report):
            content = each.content
            key = f"{officer.key}#{content.period}"
            each.index.write(index_file(home, content.position))
            ledger.execute(SealPeriod(content=content), context, key=key)
            made.append(content)
    return made


@dataclass(frozen=True, slots=True)
class _Compared:
    period: str
    position: int
    different: list[str]


@command(
    audit,
    "verify-report",
    help="由账本重算,与封存逐项比较 | Rebuild from the log and compare with what was sealed",
)
def verify_report(session: Session, *, period: PeriodsOption = None) -> int:
    """Exit status 1 when a digest, a figure or the index is not what was sealed."""
    with session.opened() as home:
        sealed = sealed_periods(session, home, period)
        wanted = sorted(((s.period, s.position) for s in sealed), key=lambda each: each[1])
        by_period = {s.period: s for s in sealed}
        compared = []
        with progress(session.say("verifying"), session.lang) as report:
            published = published_in(list(by_period))
            for each in amounted(home.feed, home.discarded, wanted, published, report):
                found = each.content
                before = by_period[found.period]
                moved = position_at_end(home.log, found.period) != before.position
                different = ["position"] * moved + _told(before, found)
                compared.append(_Compared(found.period, found.position, different))
    return _tell(session, compared)


def _told(before: ProjectionSealed, found: ProjectionSealed) -> list[str]:
    """The differences, with versions where a view is folded otherwise than when it was sealed."""
    told = []
    for name in differences(before, found):
        kind, _, view = name.partition(" ")
        if kind == "view" and view in found.views:
            old, new = before.views[view].version, found.views[view].version
            told.append(f"{name} (v{old} → v{new})" if old != new else name)
        elif kind == "figure":
            now = found.figures.get(view, "-")
            told.append(f"{name}: {before.figures[view]} → {now}")
        else:
            told.append(name)
    return told


@command(
    audit,
    "verify-seal",
    help="由账本重算主体索引,与封存比较 | Recompute the index of subjects that was sealed",
)
def verify_seal(session: Session, *, period: PeriodsOption = None) -> int:
    """Exit status 1 when an index is not what was sealed. Quicker than ``verify-report``."""
    with session.opened() as home:
        sealed = sorted(sealed_periods(session, home, period), key=lambda s: s.position)
        chains, compared = Chains(), []
        with progress(session.say("verifying"), session.lang) as report:
            for each in sealed:
                for batch in home.log.entries(chains.position, each.position):
                    chains.take(batch)
                    report(chains.position, sealed[-1].position)
                index = chains.index()
                same = (len(index), index.root.hex()) == (each.index.subjects, each.index.root)
                compared.append(_Compared(each.period, each.position, [] if same else ["index"]))
    return _tell(session, compared)


def sealed_periods(
    session: Session, home: Home, periods: Sequence[str] | None
) -> list[ProjectionSealed]:
    """What the log says was sealed: these periods, or all.

    Raises :class:`NotFound` for a period that was not sealed, :class:`NoSealYet`.
    """
    ledger = home.ledger()
    if not periods:
        periods = [row.period for row in session.caught_up(home).rows("seals")]
    found = []
    for period in dict.fromkeys(periods):
        sealed = ledger.state(SEAL, seal_id(period)).sealed
        if sealed is None:
            raise NotFound(what=f"seal {period}")
        found.append(sealed)
    if not found:
        raise NoSealYet()
    return found


def _listed(session: Session, different: Sequence[str]) -> str:
    said = ", ".join(different)
    return session.pick(in_chinese("what", said), said)


def _tell(session: Session, compared: Sequence[_Compared]) -> int:
    compared = sorted(compared, key=lambda c: c.period)
    bad = sum(bool(c.different) for c in compared)
    if session.json:
        rows: list[dict[str, Any]] = [
            {"period": c.period, "position": c.position, "different": c.different} for c in compared
        ]
        session.out.document({"agrees": not bad, "periods": rows})
    else:
        listed = [
            (c.period, c.position, not c.different, _listed(session, c.different)) for c in compared
        ]
        session.out.table(None, ("period", ">position", "matches", "difference"), listed)
        said = "seals-agree" if not bad else "seals-differ"
        session.out.line(session.say(said, n=bad or len(compared)))
    return 1 if bad else 0
