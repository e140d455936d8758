"""Events of a fund: money and goods that come in, and what is set aside before it goes out."""

from typing import Literal

from ledger.domain.events.envelope import EventData
from ledger.domain.events.types import Fen, Quantity, Year

FundSource = Literal["central", "provincial", "city", "lottery", "donation"]


class FundOpened(EventData, frozen=True, kw_only=True):
    """``earmark`` lists the programs the fund may pay for."""

    fund: str
    zh: str
    en: str
    source: FundSource
    earmark: list[str]


class FundEarmarkWidened(EventData, frozen=True, kw_only=True):
    """Further programs that the fund may pay for from now on."""

    fund: str
    programs: list[str]
    document: str


class FundsAppropriated(EventData, frozen=True, kw_only=True):
    """Money is allotted to the fund for a budget year."""

    fund: str
    amount_fen: Fen
    year: Year
    document: str


class FundsCommitted(EventData, frozen=True, kw_only=True):
    """``commitment`` is the stream the money is set aside for (a pay run or an enrollment)."""

    fund: str
    program: str
    commitment: str
    amount_fen: Fen
    form: Literal["cash", "goods"]


GRANT_REVERSED = "grant-reversed"
"""The reason of a release that follows a reversal: the commitment had been used up by the grant."""


class CommitmentReleased(EventData, frozen=True, kw_only=True):
    """What a commitment did not use is available again."""

    fund: str
    program: str
    commitment: str
    amount_fen: Fen
    form: Literal["cash", "goods"]
    reason: str


class DonationReceived(EventData, frozen=True, kw_only=True):
    """Goods are taken in at a valuation; ``quantity`` counts them (absent for cash)."""

    fund: str
    donation: str
    form: Literal["cash", "goods"]
    amount_fen: Fen
    item: str | None = None
    quantity: Quantity | None = None
    donor: str
