"""A program of the old system, adopted with its rule and a fund of its own."""

from typing import Any

from ledger.domain.events import fund as fu
from ledger.domain.events import program as pg
from ledger.domain.rules import ProgramDefinition, Rule
from ledger.domain.stream import fund_id, program_id
from ops.simulation.calendar import CITY
from ops.simulation.plants.legacy import Legacy


def adopt(p: Legacy, code: str, zh: str, en: str, rule: Rule) -> None:
    """A program of the import for persons, paid by month out of a fund of its own."""
    document, fund, on = rule.document, code, rule.valid_from
    p.programs[code] = ProgramDefinition(
        code=code,
        zh=zh,
        en=en,
        kind="periodic-cash",
        beneficiary="person",
        unit="person",
        fund=fund,
        adopted=on,
        document=document,
        source=rule.source,
        rules=[rule],
    )
    adopted = pg.ProgramAdopted(
        program=code,
        zh=zh,
        en=en,
        kind="periodic-cash",
        beneficiary="person",
        unit="person",
        fund=fund,
        payee="beneficiary",
        document=document,
        source=rule.source,
    )
    opened = fu.FundOpened(fund=fund, zh=zh, en=en, source="city", earmark=[code])
    filled = fu.FundsAppropriated(fund=fund, amount_fen=10_000_000, year=on.year, document=document)
    by: dict[str, Any] = {"division": CITY, "actor": f"officer-{CITY}-02", "role": "director"}
    p.event(adopted, program_id(code), on, **by)
    p.event(pg.RuleSet(program=code, rule=rule), program_id(code), on, **by)
    p.event(opened, fund_id(fund), on, **by)
    p.event(filled, fund_id(fund), on, **by)
