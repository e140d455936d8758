"""What the book keeps of an enrollment and of a pay run: compact, since a year has so many."""

from collections.abc import Iterable
from datetime import date

import msgspec

from ledger.domain import enrollment as enrollments
from ledger.domain.enrollment import Enrollment
from ledger.domain.events import payrun as pr
from ledger.domain.payrun import PayRun


class MonthPaid(msgspec.Struct, gc=False):
    """A benefit month of an enrollment: what was granted and what is paid, net.

    ``part_fen`` is what of the grant was found to be too much, short of all of it; ``paid_by`` has
    the division of each payment that stands; ``due_fen`` and ``due`` are payments instructed whose
    result is not read, as an amount and in number; ``reversed`` the reason for which the grant was
    taken back, if it was; ``waiting`` the position since which its money is with the office to be
    sent, 0 while it is not; ``at`` the positions of all its events of money, in order.
    """

    month: str
    amount_fen: int = 0
    part_fen: int = 0
    paid_fen: int = 0
    paid_by: tuple[str, ...] = ()
    due_fen: int = 0
    due: int = 0
    account: str | None = None
    reversed: str = ""
    waiting: int = 0
    at: list[int] = []

    @property
    def right_fen(self) -> int:
        """What was granted, less what of it was found to be too much."""
        return self.amount_fen - self.part_fen


def paid_in(months: Iterable[MonthPaid]) -> dict[str, int]:
    """What is paid for each month, net, in fen."""
    return {m.month: m.paid_fen for m in months}


class Step(msgspec.Struct, frozen=True, gc=False):
    """An approval, a suspension, a resumption or an end, and the day of its recording.

    ``month`` is the first or last month it is about; ``follows`` says that a fact led to it.
    """

    position: int
    recorded: date
    kind: str
    month: str
    reason: str
    follows: bool
    until: str = enrollments.OPEN_ENDED


class File(msgspec.Struct):
    """All that is kept of one enrollment; ``state`` is the domain's, without its money.

    ``amounts`` are those that approvals decided one by one, in order.
    """

    program: str
    beneficiary: str
    state: Enrollment
    months: dict[str, MonthPaid]
    steps: list[Step]
    applied: list[tuple[int, date]]
    amounts: list[int] = []

    known_paid: list[MonthPaid] | None = None

    def paid(self) -> list[MonthPaid]:
        """The months that are paid, net, in order; asked for once all is folded."""
        if self.known_paid is None:
            months = (self.months[month] for month in sorted(self.months))
            self.known_paid = [m for m in months if m.paid_by and m.paid_fen > 0]
        return self.known_paid

    @property
    def paid_fen(self) -> int:
        """What is paid in all, net."""
        return sum(m.paid_fen for m in self.paid())


class Run(msgspec.Struct):
    """A pay run: the domain's state, its events, and what its lines' own events add up to.

    ``cutoff`` is the position as of which its lines were computed, 0 where it says none.
    """

    state: PayRun
    at: list[int]
    cutoff: int = 0
    granted: int = 0
    granted_fen: int = 0
    settled_fen: int = 0
    returned_fen: int = 0
    issued: pr.PayRunIssued | None = None
    result: pr.PayRunSettled | None = None
    settled_then_fen: int = 0
    returned_then_fen: int = 0
