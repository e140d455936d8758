"""Budget, across streams: money or goods set aside for a payer, given back when not used.

A fund is one stream that every payment of it would contend for; so only commitments touch it, once
for a pay run of thousands of lines.
"""

from ledger.domain.events.envelope import EventData
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
