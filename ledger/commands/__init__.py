"""Commands: what officers, batches and imports ask for, and the handlers that decide.

One module a kind of stream, two for persons and for pay runs. Importing this package registers
every handler.
"""

from ledger.commands import (
    access,
    activity,
    case,
    certificate,
    delivery,
    disbursement,
    discard,
    enrollment,
    finding,
    household,
    log_key,
    organization,
    payment,
    payrun,
    person,
    program,
    roster,
    seal,
)

__all__ = [
    "access",
    "activity",
    "case",
    "certificate",
    "delivery",
    "disbursement",
    "discard",
    "enrollment",
    "finding",
    "household",
    "log_key",
    "organization",
    "payment",
    "payrun",
    "person",
    "program",
    "roster",
    "seal",
]
