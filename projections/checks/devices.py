"""The check of devices: the same class again too soon, without assessment, or without receipt."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from ledger.domain.events import Event
from ledger.domain.events import enrollment as en
from ledger.domain.month import month_of, plus_months
from ledger.domain.program import find_rule
from projections.checks.check import Check
from projections.checks.finding import Finding
from projections.view import on

WORDS = {
    "again": ("使用年限内重复适配", "again within its service life"),
    "unassessed": ("未经评估而适配", "fitted without assessment"),
    "no-receipt": ("没有签收序列号", "fitted without a receipt"),
}
"""The kinds of finding, in words."""


@dataclass(slots=True)
class Fitted:
    """A device in someone's hands; ``assessment`` is the position of the one it answers."""

    position: int
    device_class: str
    serial: str
    fitted_on: date
    assessment: int


class DeviceRepeat(Check):
    """The class counts across programs; devices that answer one assessment are one need.

    A receipt is the serial number of what was handed over: a fitting without one has no receipt.
    """

    code, severity = "device-repeat", "medium"
    name_zh, name_en = (
        "重复适配或手续不全",
        "a device again within its life, or without assessment or receipt",
    )
    kinds = tuple(WORDS)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._needs: dict[tuple[str, str, str], list[int]] = {}
        self._held: dict[str, list[Fitted]] = {}
        self._found: list[tuple[Event[en.DeviceFitted], list[int], str]] = []

    @on(en.DeviceAssessed)
    def _assessed(self, position: int, event: Event[en.DeviceAssessed]) -> None:
        key = (event.data.program, event.subject, event.data.device_class)
        self._needs[key] = [position, event.data.quantity]

    @on(en.DeviceReturned)
    def _returned(self, position: int, event: Event[en.DeviceReturned]) -> None:
        held = self._held.get(event.subject, [])
        held[:] = [d for d in held if d.serial != event.data.serial]

    @on(en.DeviceFitted)
    def _fitted(self, position: int, event: Event[en.DeviceFitted]) -> None:
        d = event.data
        need = self._needs.get((d.program, event.subject, d.device_class))
        assessed = need is not None and need[1] >= d.quantity
        assessment = need[0] if need is not None and assessed else -position - 1
        if need is not None and assessed:
            need[1] -= d.quantity
        held = self._held.setdefault(event.subject, [])
        again = [
            x
            for x in held
            if x.device_class == d.device_class
            and x.assessment != assessment
            and event.effective < self._worn_out(d.program, x.fitted_on)
        ]
        if again:
            proof = [again[-1].position, position]
            self._found.append((event, proof, "again"))
        elif not assessed:
            self._found.append((event, [position], "unassessed"))
        elif not d.serial.strip():
            proof = [assessment, position]
            self._found.append((event, proof, "no-receipt"))
        held.append(Fitted(position, d.device_class, d.serial, event.effective, assessment))

    def _worn_out(self, program: str, fitted_on: date) -> date:
        """The first day on which the class may be fitted again."""
        known = self.book.programs.get(program)
        rule = find_rule(known, fitted_on) if known is not None else None
        if rule is None or rule.service_life_months is None:
            return date.min
        month = plus_months(month_of(fitted_on), rule.service_life_months)
        return date(int(month[:4]), int(month[5:]), min(fitted_on.day, 28))

    def findings(self) -> Iterator[Finding]:
        for event, positions, kind in self._found:
            zh, english = WORDS[kind]
            yield self.found(
                event.subject,
                kind=kind,
                program=event.data.program,
                key=event.id,
                amount_fen=event.data.value_fen or 0,
                positions=positions,
                zh=f"{event.data.device_class}{zh}",
                en=f"{event.data.device_class}: {english}",
            )
