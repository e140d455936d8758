"""A fund: what came in, what is set aside, and the refusal to set aside more than there is.

Money is paid only out of a commitment, so a fund that cannot be over-committed cannot be
overspent. What was granted and never reached anyone is available again once the grant is reversed.
Recoveries go back to the treasury with the year's surplus and are not committed again.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from ledger.domain.errors import AlreadyExists, InvalidAmount, InvalidValue, LedgerError, NotFound
from ledger.domain.events import fund as ev
from ledger.domain.events.envelope import Event
from ledger.domain.money import positive
from ledger.domain.refusals import (
    DefinitionDiffers,
    EarmarkDiffers,
    FundEarmarked,
    FundOvercommitted,
)
from ledger.domain.stream import StreamKind

Form = Literal["cash", "goods"]


@dataclass(slots=True)
class Fund:
    """State of a fund's stream; ``available`` by form, in fen, and the open commitments.

    ``opened`` is the definition as it was opened, ``earmark`` what it may pay for by now.
    """

    id: str
    version: int = 0
    code: str = ""
    opened: ev.FundOpened | None = None
    earmark: frozenset[str] = frozenset()
    available: dict[str, int] = field(default_factory=lambda: {"cash": 0, "goods": 0})
    committed: dict[str, int] = field(default_factory=dict)


def must_exist(fund: Fund) -> None:
    if fund.version == 0:
        raise NotFound(what=fund.id)


def must_be_new(fund: Fund) -> None:
    if fund.version:
        raise AlreadyExists(what=fund.code)


def widen(fund: Fund, *, programs: list[str], document: str) -> ev.FundEarmarkWidened:
    """Let the fund pay for further programs; an earmark is never narrowed.

    Raises :class:`InvalidValue` for no program, :class:`AlreadyExists` for one it may pay for.
    """
    must_exist(fund)
    if not programs:
        raise InvalidValue(field="programs", value="-")
    if known := fund.earmark.intersection(programs):
        raise AlreadyExists(what=f"{fund.code} / {min(known)}")
    return ev.FundEarmarkWidened(fund=fund.code, programs=sorted(set(programs)), document=document)


def differences(fund: Fund, opening: ev.FundOpened) -> list[LedgerError]:
    """How a catalog's fund differs from what was opened, and what it would have it pay for."""
    assert fund.opened is not None, fund.code
    found: list[LedgerError] = []
    if wider := sorted(set(opening.earmark) - fund.earmark):
        found.append(EarmarkDiffers(fund=fund.code, programs=", ".join(wider)))
    names = ("zh", "en", "source")
    if fields := [n for n in names if getattr(fund.opened, n) != getattr(opening, n)]:
        found.append(DefinitionDiffers(what=fund.code, fields=", ".join(fields)))
    return found


def commit(
    fund: Fund, *, program: str, commitment: str, amount_fen: int, form: Form = "cash"
) -> ev.FundsCommitted:
    """Set money (or goods) aside for one payer.

    Raises :class:`FundEarmarked`, :class:`FundOvercommitted`, :class:`InvalidAmount`.
    """
    must_exist(fund)
    positive(amount_fen)
    if program not in fund.earmark:
        raise FundEarmarked(fund=fund.code, program=program)
    if amount_fen > fund.available[form]:
        raise FundOvercommitted(fund=fund.code, available=fund.available[form], amount=amount_fen)
    return ev.FundsCommitted(
        fund=fund.code, program=program, commitment=commitment, amount_fen=amount_fen, form=form
    )


def release(
    fund: Fund, *, program: str, commitment: str, amount_fen: int, reason: str
) -> ev.CommitmentReleased:
    """Give back what a commitment did not use; never more than was set aside for it."""
    must_exist(fund)
    if positive(amount_fen) > fund.committed.get(commitment, 0):
        raise InvalidAmount(amount=amount_fen)
    return ev.CommitmentReleased(
        fund=fund.code,
        program=program,
        commitment=commitment,
        amount_fen=amount_fen,
        form="cash",
        reason=reason,
    )


def evolve(fund: Fund, event: Event[Any]) -> None:
    """Take the event into the state."""
    data = event.data
    match data:
        case ev.FundOpened():
            fund.opened, fund.code, fund.earmark = data, data.fund, frozenset(data.earmark)
        case ev.FundEarmarkWidened():
            fund.earmark |= frozenset(data.programs)
        case ev.FundsAppropriated():
            fund.available["cash"] += data.amount_fen
        case ev.DonationReceived():
            fund.available[data.form] += data.amount_fen
        case ev.FundsCommitted():
            fund.available[data.form] -= data.amount_fen
            fund.committed[data.commitment] = (
                fund.committed.get(data.commitment, 0) + data.amount_fen
            )
        case ev.CommitmentReleased():
            fund.available[data.form] += data.amount_fen
            fund.committed[data.commitment] -= data.amount_fen


FUND = StreamKind("fund", Fund, evolve)
