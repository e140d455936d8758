"""What a beneficiary received other than money: devices, passes, goods, training, work, works.

This is the part of an enrollment's state that deliveries are decided on, and its fold. It exists
only once something was delivered, so an enrollment that is paid in money doesn't carry it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ledger.domain.events import enrollment as ev
from ledger.domain.events.envelope import Event, EventData


@dataclass(slots=True)
class Need:
    """Devices of a class assessed and not yet fitted; ``assessment`` is its event's version."""

    quantity: int
    assessment: int


@dataclass(frozen=True, slots=True)
class Device:
    """A device in the beneficiary's hands; ``assessment`` is the one that it answers."""

    device_class: str
    fitted_on: date
    assessment: int


@dataclass(slots=True)
class Received:
    """``needs`` by device class, ``devices`` and ``passes`` (with their years) by serial number.

    ``goods_fen`` by calendar year; ``employers`` with the first day of those that last; ``works``
    with their contractor, None once accepted.
    """

    needs: dict[str, Need] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    passes: dict[str, set[int]] = field(default_factory=dict)
    goods_fen: dict[int, int] = field(default_factory=dict)
    trainings: set[str] = field(default_factory=set)
    employers: dict[str, date] = field(default_factory=dict)
    works: dict[str, str | None] = field(default_factory=dict)


def _device_assessed(r: Received, event: Event[ev.DeviceAssessed]) -> None:
    r.needs[event.data.device_class] = Need(event.data.quantity, event.version)


def _device_fitted(r: Received, event: Event[ev.DeviceFitted]) -> None:
    d = event.data
    need = r.needs.get(d.device_class) or Need(0, 0)
    need.quantity = max(need.quantity - d.quantity, 0)
    r.devices[d.serial] = Device(d.device_class, event.effective, need.assessment)


def _device_returned(r: Received, event: Event[ev.DeviceReturned]) -> None:
    r.devices.pop(event.data.serial, None)


def _pass(r: Received, event: Event[ev.PassIssued] | Event[ev.PassRecharged]) -> None:
    r.passes.setdefault(event.data.serial, set()).add(event.data.year)


def _goods(r: Received, event: Event[ev.GoodsDistributed]) -> None:
    year = event.effective.year
    r.goods_fen[year] = r.goods_fen.get(year, 0) + event.data.value_fen


def _trained(r: Received, event: Event[ev.TrainingCompleted]) -> None:
    r.trainings.add(event.data.activity)


def _employed(r: Received, event: Event[ev.EmploymentStarted]) -> None:
    r.employers[event.data.employer] = event.effective


def _left(r: Received, event: Event[ev.EmploymentEnded]) -> None:
    r.employers.pop(event.data.employer, None)


def _works_approved(r: Received, event: Event[ev.WorksApproved]) -> None:
    r.works[event.data.works] = event.data.contractor


def _works_accepted(r: Received, event: Event[ev.WorksAccepted]) -> None:
    r.works[event.data.works] = None


FOLD: dict[type[EventData], Callable[[Received, Event[Any]], None]] = {
    ev.DeviceAssessed: _device_assessed,
    ev.DeviceFitted: _device_fitted,
    ev.DeviceReturned: _device_returned,
    ev.PassIssued: _pass,
    ev.PassRecharged: _pass,
    ev.GoodsDistributed: _goods,
    ev.TrainingCompleted: _trained,
    ev.EmploymentStarted: _employed,
    ev.EmploymentEnded: _left,
    ev.WorksApproved: _works_approved,
    ev.WorksAccepted: _works_accepted,
}
"""Every event that this state is about."""
