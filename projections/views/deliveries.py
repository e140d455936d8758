"""What people received in kind: services, operations, travel passes, goods, works at home."""

import msgspec

from ledger.domain.events import Event
from ledger.domain.events import enrollment as en
from projections.rows import RowSource, TableDef
from projections.view import View, on


class Service(msgspec.Struct, gc=False):
    """One item of service to one beneficiary; ``cost_fen`` is the memo of its price."""

    beneficiary: str
    program: str
    item: str
    provider: str
    count: int = 0
    quantity: int = 0
    cost_fen: int = 0
    first_on: str | None = None
    last_on: str | None = None


class Surgery(msgspec.Struct, gc=False):
    """An operation, by the id of its event."""

    event: str
    person: str
    program: str
    procedure: str
    hospital: str
    completed_on: str


class TravelPass(msgspec.Struct, gc=False):
    """A travel pass; ``years`` it is valid for, ``value_fen`` the value of all of them."""

    person: str
    serial: str
    program: str
    issued_on: str
    years: list[int] = []
    value_fen: int = 0


class Goods(msgspec.Struct, gc=False):
    """Donated goods of one item given to one beneficiary."""

    beneficiary: str
    program: str
    fund: str
    item: str
    quantity: int = 0
    value_fen: int = 0


class Works(msgspec.Struct, gc=False):
    """Works at a home or a website, from approval to acceptance."""

    beneficiary: str
    works: str
    program: str
    division: str
    approved_on: str | None = None
    budget_fen: int | None = None
    contractor: str | None = None
    accepted_on: str | None = None
    accepted_by: str | None = None
    cost_fen: int | None = None


SERVICES = TableDef(
    "services", Service, ("beneficiary", "program", "item", "provider"), (("program",),)
)
SURGERIES = TableDef("surgeries", Surgery, ("event",), (("person",),), by=None)
PASSES = TableDef("passes", TravelPass, ("person", "serial"))
GOODS = TableDef("goods", Goods, ("beneficiary", "program", "fund", "item"))
WORKS = TableDef("works", Works, ("beneficiary", "works"), (("program",),))


class Deliveries(View):
    """See the module."""

    name = "deliveries"
    version = 1
    tables = (SERVICES, SURGERIES, PASSES, GOODS, WORKS)

    def __init__(self, rows: RowSource) -> None:
        self._services = rows.of(SERVICES)
        self._surgeries = rows.of(SURGERIES)
        self._passes = rows.of(PASSES)
        self._goods = rows.of(GOODS)
        self._works = rows.of(WORKS)

    @on(en.ServiceDelivered)
    def served(self, position: int, event: Event[en.ServiceDelivered]) -> None:
        d, day = event.data, event.effective.isoformat()
        key = (event.subject, d.program, d.item, d.provider)
        row = self._services.edit(key) or self._services.add(key, Service(*key))
        row.count += 1
        row.quantity += d.quantity
        row.cost_fen += d.cost_fen or 0
        row.first_on = min(row.first_on or day, day)
        row.last_on = max(row.last_on or day, day)

    @on(en.SurgeryCompleted)
    def operated(self, position: int, event: Event[en.SurgeryCompleted]) -> None:
        d, day = event.data, event.effective.isoformat()
        row = Surgery(event.id, event.subject, d.program, d.procedure, d.hospital, day)
        self._surgeries.add(event.id, row)

    @on(en.PassIssued, en.PassRecharged)
    def passed(self, position: int, event: Event[en.PassIssued] | Event[en.PassRecharged]) -> None:
        d = event.data
        key = (event.subject, d.serial)
        row = self._passes.edit(key)
        if row is None:
            fresh = TravelPass(*key, d.program, event.effective.isoformat())
            row = self._passes.add(key, fresh)
        row.years = sorted({*row.years, d.year})
        row.value_fen += d.value_fen

    @on(en.GoodsDistributed)
    def given(self, position: int, event: Event[en.GoodsDistributed]) -> None:
        d = event.data
        key = (event.subject, d.program, d.fund, d.item)
        row = self._goods.edit(key) or self._goods.add(key, Goods(*key))
        row.quantity += d.quantity
        row.value_fen += d.value_fen

    @on(en.WorksApproved)
    def works_approved(self, position: int, event: Event[en.WorksApproved]) -> None:
        row, d = self._works_of(event), event.data
        row.approved_on = event.effective.isoformat()
        row.budget_fen, row.contractor = d.budget_fen, d.contractor

    @on(en.WorksAccepted)
    def works_accepted(self, position: int, event: Event[en.WorksAccepted]) -> None:
        row, d = self._works_of(event), event.data
        row.accepted_on = event.effective.isoformat()
        row.accepted_by, row.cost_fen = d.accepted_by, d.cost_fen

    def _works_of(self, event: Event[en.WorksApproved] | Event[en.WorksAccepted]) -> Works:
        d = event.data
        key = (event.subject, d.works)
        row = self._works.edit(key)
        return row or self._works.add(key, Works(*key, d.program, event.division))
