"""Budget, across streams: money or goods set aside for a payer, given back when not used or when
a grant is reversed.

A fund is one stream that every payment of it would contend for; so only commitments touch it, once
for a pay run of thousands of lines.
"""

from ledger.domain.enrollment import Enrollment
from ledger.domain.events.enrollment import GrantReversed
from ledger.domain.events.envelope import EventData
from ledger.domain.events.fund import GRANT_REVERSED
from ledger.domain.fund import FUND, Form, Fund, commit, release
from ledger.domain.stream import fund_id
from ledger.work import Work


def set_aside(
    work: Work,
    fund: str | None,
    program: str,
    commitment: str,
    amount_fen: int,
    *,
    form: Form = "cash",
) -> None:
    """Commit ``amount_fen`` of a fund's cash, or of its goods at their valuation.

    ``commitment`` is the stream it is set aside for. Raises FundOvercommitted, FundEarmarked,
    InvalidAmount or NotFound.
    """
    state = work.load(FUND, fund_id(fund or ""))
    data = commit(state, program=program, commitment=commitment, amount_fen=amount_fen, form=form)
    _record(work, state, data)


def give_back(
    work: Work, fund: str, program: str, commitment: str, amount_fen: int, *, reason: str
) -> None:
    """Release what is left of a commitment."""
    state = work.load(FUND, fund_id(fund))
    data = release(
        state, program=program, commitment=commitment, amount_fen=amount_fen, reason=reason
    )
    _record(work, state, data)


def give_back_reversed(work: Work, e: Enrollment, data: EventData) -> None:
    """Make the money of a grant available again that ``data``, just recorded, reversed.

    Of any other event nothing follows, nor where no commitment is known (an imported grant).
    """
    if not isinstance(data, GrantReversed):
        return
    fund, commitment = work.load(FUND, fund_id(data.fund)), e.grants[data.month].payrun or e.id
    left_fen = min(data.amount_fen, fund.committed.get(commitment, 0))
    if left_fen:
        give_back(work, data.fund, e.program, commitment, left_fen, reason=GRANT_REVERSED)


def _record(work: Work, state: Fund, data: EventData) -> None:
    """What follows for a fund from a decision elsewhere, on the day that it is taken."""
    work.record(
        FUND,
        state,
        data,
        subject=state.id,
        division=work.operator,
        follows=True,
        effective=work.today,
    )
