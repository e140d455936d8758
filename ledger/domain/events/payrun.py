"""Events of a pay run: one program and month, from computation to the bank's result.

A run's lines are a document beside the log, named by its SHA-256 digest; they hold no personal
data. Counts are persons or other beneficiaries, amounts fen, ``by_division`` maps a GB/T 2260
code to the amount paid there.
"""

from datetime import date

import msgspec

from ledger.domain.events.envelope import EventData
from ledger.domain.events.types import (
    Code,
    Count,
    Digest,
    DivisionCode,
    FenOrZero,
    MonthText,
    Quantity,
)


class PayRunEvent(EventData, frozen=True, kw_only=True):
    program: str
    month: MonthText


class PayRunOpened(PayRunEvent, frozen=True, kw_only=True):
    """``batch`` numbers the runs of one program and month from 1."""

    batch: Quantity
    fund: str


class PayRunComputed(PayRunEvent, frozen=True, kw_only=True):
    """``cutoff_position`` is the number of events that the computation knew of."""

    cutoff_position: Count
    count: Count
    total_fen: FenOrZero
    by_division: dict[DivisionCode, FenOrZero]
    lines: Digest
    rule: date
    left_out: dict[Code, Count]
    left_out_lines: Digest


class PayRunNoticed(PayRunEvent, frozen=True, kw_only=True):
    """The list is on public notice with masked names; both days count."""

    notice_from: date
    notice_until: date
    place: str
    lines: Digest


class PayRunApproved(PayRunEvent, frozen=True, kw_only=True):
    """Another officer approved exactly the noticed lines; their total is committed."""

    count: Count
    total_fen: FenOrZero
    fund: str
    lines: Digest


class PayRunIssued(PayRunEvent, frozen=True, kw_only=True):
    """Grants are made and the bank is instructed. ``dropped`` counts lines decided anew."""

    count: Count
    total_fen: FenOrZero
    by_division: dict[DivisionCode, FenOrZero]
    fund: str
    lines: Digest
    dropped: dict[Code, Count] = msgspec.field(default_factory=dict)


class PayRunSettled(PayRunEvent, frozen=True, kw_only=True):
    """All results are read back."""

    settled_count: Count
    settled_fen: FenOrZero
    returned_count: Count
    returned_fen: FenOrZero
    result: Digest


class PayRunCancelled(PayRunEvent, frozen=True, kw_only=True):
    """The run ends without a payment."""

    reason: str


class PayRunDataAccessed(PayRunEvent, frozen=True, kw_only=True):
    """Sealed data of persons on the lines were opened: by the actor, for a purpose, which fields.

    ``persons`` lists them, ``count`` says how many they are.
    """

    purpose: str
    fields: list[str]
    count: Quantity
    persons: Digest
