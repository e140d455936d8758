"""Devices people were assessed for and fitted with, by serial number, and what became of them."""

from typing import Any

import msgspec

from ledger.domain.events import Event
from ledger.domain.events import enrollment as en
from projections.rows import RowSource, TableDef
from projections.view import View, on


class Device(msgspec.Struct, gc=False):
    """A device in one person's hands; classes by GB/T 16432."""

    person: str
    serial: str
    program: str
    enrollment: str
    device_class: str
    item: str
    quantity: int
    division: str
    fitted_on: str
    position: int
    value_fen: int | None = None
    fund: str | None = None
    repairs: int = 0
    repaired_on: str | None = None
    returned_on: str | None = None
    return_reason: str | None = None


class DeviceNeed(msgspec.Struct, gc=False):
    """What a person was assessed to need: ``waiting`` is assessed and not yet fitted."""

    person: str
    program: str
    device_class: str
    need: str = ""
    assessed_on: str | None = None
    waiting: int = 0
    fitted: int = 0


DEVICES = TableDef("devices", Device, ("person", "serial"), (("program", "device_class"),))
DEVICE_NEEDS = TableDef("device_needs", DeviceNeed, ("person", "program", "device_class"))


class Devices(View):
    """See the module."""

    name = "devices"
    version = 1
    tables = (DEVICES, DEVICE_NEEDS)

    def __init__(self, rows: RowSource) -> None:
        self._devices = rows.of(DEVICES)
        self._needs = rows.of(DEVICE_NEEDS)

    def _need(self, event: Event[Any]) -> DeviceNeed:
        key = (event.subject, event.data.program, event.data.device_class)
        return self._needs.edit(key) or self._needs.add(key, DeviceNeed(*key))

    @on(en.DeviceAssessed)
    def assessed(self, position: int, event: Event[en.DeviceAssessed]) -> None:
        row, d = self._need(event), event.data
        row.need, row.assessed_on = d.need, event.effective.isoformat()
        row.waiting = d.quantity

    @on(en.DeviceFitted)
    def fitted(self, position: int, event: Event[en.DeviceFitted]) -> None:
        """A serial number fitted again to the same person begins anew."""
        d = event.data
        need = self._need(event)
        need.waiting = max(need.waiting - d.quantity, 0)
        need.fitted += d.quantity
        key = (event.subject, d.serial)
        row = Device(
            *key,
            d.program,
            event.stream,
            d.device_class,
            d.item,
            d.quantity,
            event.division,
            event.effective.isoformat(),
            position,
            d.value_fen,
            d.fund,
        )
        self._devices.add(key, row)

    @on(en.DeviceRepaired)
    def repaired(self, position: int, event: Event[en.DeviceRepaired]) -> None:
        row = self._devices.edit((event.subject, event.data.serial))
        if row is not None:
            row.repairs += 1
            row.repaired_on = event.effective.isoformat()

    @on(en.DeviceReturned)
    def returned(self, position: int, event: Event[en.DeviceReturned]) -> None:
        row = self._devices.edit((event.subject, event.data.serial))
        if row is not None:
            row.returned_on = event.effective.isoformat()
            row.return_reason = event.data.reason
