"""A finding: what a check says of one subject, and which events prove it.

A finding is a lead, never a verdict. Its id is derived from its code, its subject and what exactly
is found (programs, months, events), so the same finding has the same id in every run and on every
machine, and one that grew by a month is another finding.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from ledger.domain.finding import finding_id

Severity = Literal["high", "medium", "low"]
"""``high``: money is probably lost, or someone's due; ``medium``: a rule was broken on the way to
a decision; ``low``: a pattern to look into."""

Status = Literal["open", "dismissed", "converted"]


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One finding.

    ``kind`` is one of the check's :attr:`~projections.checks.check.Check.kinds`, empty where it
    has one only; ``subject`` is the id of a person, household, enrollment's beneficiary, pay run,
    account, fund or officer; ``months`` are benefit months; ``amount_fen`` is what is at stake, in
    fen; ``overpaid`` is what of each month is to come back of it, in fen, empty where nothing is a
    debt; ``positions`` are those of the events that prove it; ``key`` tells findings of one code
    and subject apart.
    """

    id: str
    code: str
    severity: Severity
    kind: str = ""
    subject: str
    key: str
    program: str | None = None
    months: list[str] = []
    amount_fen: int = 0
    overpaid: dict[str, int] = {}
    positions: list[int]
    zh: str
    en: str
    status: Status = "open"


def months_said(months: Sequence[str]) -> str:
    """How many months they are, in English."""
    return "1 month" if len(months) == 1 else f"{len(months)} months"


def span_said(months: Sequence[str]) -> str:
    """The first month, and the last one if there are several, in English."""
    return months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"


def make(
    code: str,
    severity: Severity,
    subject: str,
    *,
    zh: str,
    en: str,
    positions: list[int],
    kind: str = "",
    program: str | None = None,
    months: list[str] | None = None,
    amount_fen: int = 0,
    overpaid: dict[str, int] | None = None,
    key: str | None = None,
) -> Finding:
    """A finding with its id; unless given, the key is the program and the months."""
    if key is None:
        key = " ".join([program or "-", *(months or [])])
    return Finding(
        id=finding_id(code, subject, key),
        code=code,
        severity=severity,
        kind=kind,
        subject=subject,
        key=key,
        program=program,
        months=months or [],
        amount_fen=amount_fen,
        overpaid=overpaid or {},
        positions=sorted(set(positions)),
        zh=zh,
        en=en,
    )
