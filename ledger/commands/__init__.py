"""Commands: what officers, batches and imports ask for, and the handlers that decide.

One module a kind of stream. Importing this package registers every handler.
"""

from ledger.commands import (
    access,
    activity,
    case,
    delivery,
    discard,
    enrollment,
    finding,
    household,
    organization,
    payment,
    payrun,
    person,
    program,
    roster,
)

__all__ = [
    "access",
    "activity",
    "case",
    "delivery",
    "discard",
    "enrollment",
    "finding",
    "household",
    "organization",
    "payment",
    "payrun",
    "person",
    "program",
    "roster",
]
