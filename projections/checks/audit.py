"""The audit: folds the log once into the book and the checks, and asks each for its findings.

Bounds are those of any question about the past (:mod:`projections.asof`); an event that no check
takes in is not decoded. What officers decided on findings is read on the way, so a finding says
whether it is still open.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from ledger.codec import TYPE_OF, decode, type_name
from ledger.collector import collector_paused
from ledger.domain.events import Event
from ledger.domain.events.finding import FindingConverted, FindingDismissed
from ledger.log.feed import Feed
from projections.asof import AsOf, attribute
from projections.checks.book import Book
from projections.checks.check import Check, Handler, handlers_of
from projections.checks.finding import Finding, Status
from projections.checks.judged import Judgment
from projections.checks.sources import Sources
from projections.view import on

Progress = Callable[[int, int], None]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What an officer made of a finding, and where the log says so.

    ``reason`` is that of a dismissal, or the id of the overpayment.
    """

    finding: str
    code: str
    subject: str
    status: Status
    actor: str
    position: int
    positions: list[int]
    reason: str


class Decisions:
    """What was decided on findings, by their ids."""

    def __init__(self) -> None:
        self.by_id: dict[str, Decision] = {}

    @on(FindingDismissed)
    def _dismissed(self, position: int, event: Event[FindingDismissed]) -> None:
        self._note(position, event, "dismissed", event.data.reason)

    @on(FindingConverted)
    def _converted(self, position: int, event: Event[FindingConverted]) -> None:
        self._note(position, event, "converted", event.data.overpayment)

    def _note(
        self,
        position: int,
        event: Event[FindingDismissed] | Event[FindingConverted],
        status: Status,
        reason: str,
    ) -> None:
        d = event.data
        self.by_id[d.finding] = Decision(
            finding=d.finding,
            code=d.code,
            subject=event.subject,
            status=status,
            actor=event.actor,
            position=position,
            positions=d.positions,
            reason=reason,
        )


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in the first ``position`` events; ``recorded`` is the last one's time.

    ``left_out`` are checks (or parts of them) that could not run, with the reason's code.
    """

    position: int
    recorded: str
    findings: list[Finding]
    decisions: dict[str, Decision]
    checks: list[str]
    left_out: dict[str, str]

    @property
    def open(self) -> list[Finding]:
        """The findings on which nothing was decided."""
        return [f for f in self.findings if f.status == "open"]


def audit(
    feed: Feed,
    checks: Sequence[type[Check]],
    sources: Sources,
    bound: AsOf | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Run checks over a log, as of a bound; findings by check, then by what is at stake."""
    bound = bound or AsOf()
    book, decisions = Book(bound.effective), Decisions()
    judgment = Judgment(book)
    made = [kind(book, judgment, sources) for kind in checks]
    plan = _plan((*made, decisions, book))
    with collector_paused():
        position = _fold(feed, plan, book, bound, progress)
        found = [f for check in made for f in _sorted(check.findings())]
    known = decisions.by_id
    findings = [
        msgspec.structs.replace(f, status=known[f.id].status) if f.id in known else f for f in found
    ]
    findings += _settled(known.values(), {f.id for f in found}, checks)
    left_out = {}
    if sources.recognizer is None:
        left_out = {c.code: "no-vault" for c in made if c.needs_recognizer}
    return Audit(
        position=position,
        recorded=book.recorded,
        findings=findings,
        decisions=known,
        checks=[c.code for c in checks],
        left_out=left_out,
    )


def _settled(
    decisions: Iterable[Decision], found: set[str], checks: Sequence[type[Check]]
) -> Iterable[Finding]:
    """What was found once, decided, and is no more: a month that is owed is paid no longer."""
    severities = {check.code: check.severity for check in checks}
    for d in decisions:
        if d.finding not in found and d.code in severities:
            yield Finding(
                id=d.finding,
                code=d.code,
                severity=severities[d.code],
                subject=d.subject,
                key="",
                positions=sorted({*d.positions, d.position}),
                zh=f"{d.actor}已处理:{d.reason}",
                en=f"decided by {d.actor}: {d.reason}",
                status=d.status,
            )


def _fold(
    feed: Feed,
    plan: dict[bytes, list[Handler]],
    book: Book,
    bound: AsOf,
    progress: Progress | None,
) -> int:
    """Give every event that the bound lets in to those who take it in; the position reached."""
    end, effective = bound.end(feed.end()), bound.effective
    read = 0
    for batch in feed.read(0, end):
        for position, raw in batch:
            if bound.recorded is not None and bound.too_late(raw):
                book.recorded = min(bound.recorded, attribute(raw, b'"time":"'))
                return read
            read = position + 1
            handlers = plan.get(type_name(raw))
            if handlers is None:
                continue
            event = decode(raw)
            if effective is None or event.effective <= effective:
                for handler in handlers:
                    handler(position, event)
        book.recorded = attribute(batch[-1][1], b'"time":"')
        if progress is not None:
            progress(read, end)
    return read


def _plan(parts: Iterable[object]) -> dict[bytes, list[Handler]]:
    plan: dict[bytes, list[Handler]] = {}
    for part in parts:
        for kind, handler in handlers_of(part).items():
            plan.setdefault(TYPE_OF[kind].encode(), []).append(handler)
    return plan


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=_weight)


def _weight(finding: Finding) -> tuple[Any, ...]:
    return -finding.amount_fen, finding.subject, finding.key
