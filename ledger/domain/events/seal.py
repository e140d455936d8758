"""Events that bind what was computed from the log to the log itself."""

from typing import Annotated

import msgspec

from ledger.domain.events.envelope import EventData
from ledger.domain.events.types import Count, Digest

Period = Annotated[
    str,
    msgspec.Meta(
        min_length=4,
        max_length=7,
        description="a month or a year, YYYY-MM or YYYY",
        extra_json_schema={"pattern": "^(19|20)[0-9]{2}(-(0[1-9]|1[0-2]))?$"},
    ),
]


class SealedView(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A view's content: the version of its folds, how many rows, and their digest."""

    version: Count
    rows: Count
    digest: Digest


class SealedIndex(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The index of all subjects' chains of events: how many leaves, and its root.

    RFC 6962 over the leaves; what a leaf is, is in the audit guide.
    """

    subjects: Count
    root: Digest


class ProjectionSealed(EventData, frozen=True, kw_only=True):
    """Everything recorded before the period's end, by the city's clock: what it amounts to.

    It covers the first ``position`` events. ``views`` are by name; ``figures`` are those of
    the report of the period's year as of then, exact and in their unit, by the figure's id.
    """

    period: Period
    position: Count
    index: SealedIndex
    views: dict[str, SealedView]
    figures: dict[str, str] = msgspec.field(default_factory=dict)
