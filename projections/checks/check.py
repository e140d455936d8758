"""What every check has: a code, handlers by event type, and its findings at the end of the fold.

Checks share the facts of :class:`~projections.checks.book.Book`. Of each event a check is told
before the book takes it in, so what it sees is what the decision saw; findings are asked for once,
when all is folded.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, ClassVar

from ledger.domain.events import Event, EventData
from projections.checks.book import Book
from projections.checks.finding import Finding, Severity, make
from projections.checks.judged import Judgment
from projections.checks.sources import Sources

Handler = Callable[[int, Event[Any]], None]


class Check:
    """One check. A subclass says its code, severity and names, and yields findings.

    ``kinds`` are the kinds of finding that it can give; where there is one only, it has no name.
    """

    code: ClassVar[str]
    severity: ClassVar[Severity]
    name_zh: ClassVar[str]
    name_en: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]] = ("",)
    needs_recognizer: ClassVar[bool] = False

    def __init__(self, book: Book, judgment: Judgment, sources: Sources) -> None:
        self.book = book
        self.judgment = judgment
        self.sources = sources

    def findings(self) -> Iterable[Finding]:
        """What is found by all that was folded."""
        raise NotImplementedError

    def found(self, subject: str, *, kind: str = "", **said: Any) -> Finding:
        """A finding of this check; see :func:`~projections.checks.finding.make`."""
        assert kind in self.kinds, f"{self.code}: {kind}"
        return make(self.code, self.severity, subject, kind=kind, **said)

    def number(self, name: str, day: date) -> int:
        """A parameter of this check on a day."""
        return self.sources.parameters.number(self.code, name, day)

    def words(self, name: str, day: date) -> frozenset[str]:
        """A parameter of this check that is a list, on a day."""
        return self.sources.parameters.words(self.code, name, day)


def handlers_of(folding: object) -> dict[type[EventData], Handler]:
    """Event type to the bound method marked with :func:`~projections.view.on`."""
    found: dict[type[EventData], Handler] = {}
    for cls in reversed(type(folding).__mro__):
        for name, member in vars(cls).items():
            for kind in getattr(member, "kinds", ()):
                found[kind] = getattr(folding, name)
    return found
