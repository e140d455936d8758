"""Pay runs of the import: made of the lines told, on the days of the simulated year."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from ledger.domain.events import EventData
from ledger.domain.events import enrollment as en
from ledger.domain.events import fund as fu
from ledger.domain.events import payrun as pr
from ledger.domain.payrun import Line, to_document
from ledger.domain.rules import ProgramDefinition
from ledger.domain.stream import enrollment_id, fund_id, payrun_id
from ops.home import Home
from ops.simulation.calendar import CITY

ACCOUNTANT, DIRECTOR, CASHIER = (f"officer-{CITY}-{n:02d}" for n in (1, 2, 3))


@dataclass(frozen=True, slots=True, order=True)
class Batch:
    """A pay run to make: of a program and month, issued in a month, out of a fund.

    The others are what may be wrong with it: who decides, days of notice (0 is none) and an
    objection left open, issued above the sum of its lines (``short_fen``) or never, and a result
    short of what was issued (``result_short_fen``). ``cutoff``: it says as of which position it was
    computed, and so whom it knew.
    """

    program: str
    month: str
    paid_in: str
    fund: str
    approver: str = DIRECTOR
    issuer: str = CASHIER
    notice_days: int = 7
    objection: bool = False
    short_fen: int = 0
    issued: bool = True
    result_short_fen: int = 0
    cutoff: bool = False


@dataclass(frozen=True, slots=True)
class Payment:
    """One line of a run; ``settled_fen`` where the bank says another amount."""

    who: str
    amount_fen: int
    account: str | None
    division: str
    settled_fen: int | None = None


class Teller(Protocol):
    """Who the events of a run are told to."""

    home: Home
    programs: dict[str, ProgramDefinition]

    def event(
        self,
        data: EventData,
        stream: str,
        on: date,
        *,
        division: str,
        actor: str,
        role: str,
        hour: int = 1,
        cutoff: bool = False,
    ) -> None:
        """An event that holds from ``on`` and is recorded on that day; of a run's computation,
        ``cutoff`` makes the position it gets that of its cut-off."""
        ...

    def step(self, who: str, program: str, data: EventData, on: date, **said: Any) -> None:
        """An event of an enrollment."""
        ...


def tell_run(p: Teller, batch: Batch, lines: Sequence[Payment], number: int) -> None:
    """A run and its lines: computed on the 16th, approved on the 24th, issued on the 25th, read
    back on the 27th. ``number`` is its number among those of its program and month."""
    run = payrun_id(batch.program, batch.month, number)
    year, month = int(batch.paid_in[:4]), int(batch.paid_in[5:])

    def step(data: EventData, day: int, actor: str, hour: int = 1) -> None:
        on = date(year, month, day)
        known = batch.cutoff and isinstance(data, pr.PayRunComputed)
        p.event(data, run, on, division=CITY, actor=actor, role="cashier", hour=hour, cutoff=known)

    for n, data in enumerate(_prepared(p, batch, lines, number)):
        step(data, 16, ACCOUNTANT, n + 1)
    if batch.objection:
        raised = en.ObjectionRaised(
            program=batch.program, objection="objection-1", ground="金额不实"
        )
        step(raised, 18, ACCOUNTANT)
    total_fen = sum(x.amount_fen for x in lines)
    _commit(p, batch, run, date(year, month, 24), total_fen)
    about: dict[str, Any] = {"program": batch.program, "month": batch.month}
    whole: dict[str, Any] = {
        "count": len(lines),
        "fund": batch.fund,
        "lines": _listed(p, batch, lines),
    }
    approved = pr.PayRunApproved(**about, **whole, total_fen=total_fen)
    step(approved, 24, batch.approver, 2)
    for x in lines:
        _line_step(p, batch, x, _granted(p, batch, run, x), date(year, month, 25))
    if not batch.issued:
        return
    issued = pr.PayRunIssued(
        **about,
        **whole,
        total_fen=total_fen + batch.short_fen,
        by_division=_by_division(lines),
    )
    step(issued, 25, batch.issuer, 2)
    for x in lines:
        _line_step(p, batch, x, _settled(batch, run, x), date(year, month, 27))
    settled_fen = sum(x.settled_fen or x.amount_fen for x in lines)
    done = pr.PayRunSettled(
        **about,
        settled_count=len(lines),
        settled_fen=settled_fen - batch.result_short_fen,
        returned_count=0,
        returned_fen=total_fen - settled_fen,
        result=p.home.documents.put(b""),
    )
    step(done, 27, CASHIER, 2)


def _prepared(
    p: Teller, batch: Batch, lines: Sequence[Payment], number: int
) -> tuple[EventData, ...]:
    """The run opened, computed and noticed from the 17th on."""
    about: dict[str, Any] = {"program": batch.program, "month": batch.month}
    year, month = int(batch.paid_in[:4]), int(batch.paid_in[5:])
    listed = _listed(p, batch, lines)
    noticed = pr.PayRunNoticed(
        **about,
        notice_from=date(year, month, 17),
        notice_until=date(year, month, 16 + batch.notice_days),
        place="网站",
        lines=listed,
    )
    return (
        pr.PayRunOpened(**about, batch=number, fund=batch.fund),
        pr.PayRunComputed(
            **about,
            cutoff_position=0,
            count=len(lines),
            total_fen=sum(x.amount_fen for x in lines),
            by_division=_by_division(lines),
            lines=listed,
            rule=p.programs[batch.program].rules[-1].valid_from,
            left_out={},
            left_out_lines=p.home.documents.put(b""),
        ),
        *((noticed,) if batch.notice_days else ()),
    )


def _listed(p: Teller, batch: Batch, lines: Sequence[Payment]) -> str:
    """The digest of the document that lists the run's lines."""
    return p.home.documents.put(
        to_document(
            [
                Line(
                    account=x.account,
                    amount_fen=x.amount_fen,
                    beneficiary=x.who,
                    division=x.division,
                    enrollment=enrollment_id(x.who, batch.program),
                    start_month="",
                    version=0,
                )
                for x in lines
            ]
        )
    )


def _by_division(lines: Sequence[Payment]) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for x in lines:
        totals[x.division] += x.amount_fen
    return dict(sorted(totals.items()))


def _commit(p: Teller, batch: Batch, run: str, on: date, amount_fen: int) -> None:
    fund = fund_id(batch.fund)
    data = fu.FundsCommitted(
        fund=batch.fund,
        program=batch.program,
        commitment=run,
        amount_fen=amount_fen,
        form="cash",
    )
    p.event(data, fund, on, division=CITY, actor=DIRECTOR, role="director")


def _granted(p: Teller, batch: Batch, run: str, line: Payment) -> EventData:
    rule = p.programs[batch.program].rules[-1]
    return en.SubsidyGranted(
        program=batch.program,
        month=batch.month,
        period=batch.month if rule.period == "month" else batch.month[:4],
        amount_fen=line.amount_fen,
        fund=batch.fund,
        rule=rule.valid_from,
        payrun=run,
        account=line.account,
        facts={},
        zh="历史数据导入",
        en="taken over from the old system",
    )


def _settled(batch: Batch, run: str, line: Payment) -> EventData:
    return en.PaymentSettled(
        program=batch.program,
        month=batch.month,
        amount_fen=line.settled_fen or line.amount_fen,
        fund=batch.fund,
        payrun=run,
        receipt=f"{batch.month}-{line.who[-10:]}",
    )


def _line_step(p: Teller, batch: Batch, line: Payment, data: EventData, on: date) -> None:
    p.step(line.who, batch.program, data, on, division=line.division, actor=CASHIER, role="cashier")
