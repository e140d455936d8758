"""Every event type of the ledger, by name. A type is never changed once released: see schemas."""

from ledger.domain.events import (
    activity,
    case,
    discard,
    enrollment,
    finding,
    fund,
    household,
    log_key,
    organization,
    payrun,
    person,
    program,
    seal,
)
from ledger.domain.events.envelope import Event, EventData, Sealed

MODULES = (
    person,
    household,
    program,
    fund,
    enrollment,
    payrun,
    organization,
    case,
    activity,
    discard,
    seal,
    log_key,
    finding,
)

EVENT_TYPES: dict[str, type[EventData]] = {
    name: cls
    for module in MODULES
    for name, cls in vars(module).items()
    if isinstance(cls, type)
    and issubclass(cls, EventData)
    and cls.__module__ == module.__name__
    and not name.endswith("Event")
}
"""Event name to data type, in the order of declaration."""

__all__ = ["EVENT_TYPES", "MODULES", "Event", "EventData", "Sealed"]
