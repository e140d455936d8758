"""A view: a name, a version, its tables, and pure folds from events to rows.

A view is a class. Its instance is given the rows of its tables; methods marked with :func:`on` are
its folds, called as ``fold(position, event)`` for the event types they name, in position order.
A fold depends on nothing but the event and its own rows: no clock, no database, no other view.
Whoever changes what a fold yields raises ``version``, and the engine rebuilds the view.
"""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from ledger.domain.events import Event, EventData
from projections.rows import RowSource, TableDef

Handler = Callable[[int, Event[Any]], None]
F = TypeVar("F", bound=Callable[..., None])


def on(*kinds: type[EventData]) -> Callable[[F], F]:
    """Mark a method as the fold for these event types."""

    def mark(fold: F) -> F:
        fold.__dict__.setdefault("kinds", []).extend(kinds)
        return fold

    return mark


class View:
    """What every view has. At most one fold of a view takes a given event type."""

    name: ClassVar[str]
    version: ClassVar[int]
    tables: ClassVar[tuple[TableDef[Any], ...]]

    def __init__(self, rows: RowSource) -> None:
        raise NotImplementedError

    def settle(self) -> None:
        """Bring sums held aside into rows; the engine calls this before it writes rows."""

    def handlers(self) -> dict[type[EventData], Handler]:
        """Event type to the bound fold."""
        found: dict[type[EventData], Handler] = {}
        for name, member in vars(type(self)).items():
            for kind in getattr(member, "kinds", ()):
                assert kind not in found, f"{type(self).__name__}: two folds for {kind.__name__}"
                found[kind] = getattr(self, name)
        return found
