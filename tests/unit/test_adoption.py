"""What was adopted from the catalog stays as it is; what may be added to it is a decision."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from ledger.commands.program import SetRule, WidenEarmark
from ledger.domain.errors import AlreadyExists, InvalidValue, LedgerError
from ledger.domain.fund import FUND, commit
from ledger.domain.program import PROGRAM, differences
from ledger.domain.refusals import FundEarmarked, OutsideDivision, RuleChanged, UnknownProgram
from ledger.domain.rules import ProgramDefinition
from ledger.domain.stream import fund_id, program_id
from tests.office import CITY, DISTRICT, LIVING, POVERTY, Office, by, catalog

DIRECTOR = by("director-1", "2017-01-01", CITY)
FUND_CODE = "city-welfare"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path / "home")
    yield it
    it.close()


def with_rule(definition: ProgramDefinition, **changed: object) -> ProgramDefinition:
    """The definition with its last rule changed."""
    last = msgspec.structs.replace(definition.rules[-1], **changed)
    return msgspec.structs.replace(definition, rules=[*definition.rules[:-1], last])


def codes(office: Office, definition: ProgramDefinition) -> list[tuple[str, str]]:
    """The differences of a catalog file, each by its code and fields."""
    known = office.ledger.state(PROGRAM, program_id(definition.code))
    return [(e.code, e.fields["fields"]) for e in differences(known, definition)]


def test_what_was_adopted_differs_in_nothing_even_after_a_later_rule(office: Office) -> None:
    adopted = catalog()[LIVING]
    assert codes(office, adopted) == []
    later = msgspec.structs.replace(adopted.rules[-1], valid_from=date(2018, 6, 1), rate_fen=8_000)
    office.do(SetRule(program=LIVING, rule=later), DIRECTOR)
    assert codes(office, adopted) == [], "the open-ended rule was ended by the later one"
    ended = with_rule(adopted, valid_to=date(2018, 5, 31))
    assert codes(office, msgspec.structs.replace(ended, rules=[*ended.rules, later])) == []


def test_a_changed_rule_of_the_same_first_day_is_named_and_refused(office: Office) -> None:
    changed = with_rule(catalog()[LIVING], rate_fen=9_000, notice_days=5)
    ((code, fields),) = codes(office, changed)
    assert (code, set(fields.split(", "))) == ("rule-changed", {"rate_fen", "notice_days"})
    before = office.length()
    with pytest.raises(RuleChanged):
        office.do(SetRule(program=LIVING, rule=changed.rules[-1]), DIRECTOR)
    assert office.length() == before


def test_another_fund_or_name_in_the_catalog_is_named(office: Office) -> None:
    other = msgspec.structs.replace(catalog()[LIVING], fund="lottery", en="another name")
    assert codes(office, other) == [("definition-differs", "en, fund")]


def test_a_fund_pays_for_a_further_program_once_its_earmark_is_widened(office: Office) -> None:
    def take() -> None:
        fund = office.ledger.state(FUND, fund_id(FUND_CODE))
        commit(fund, program=POVERTY, commitment="c", amount_fen=1)

    with pytest.raises(FundEarmarked):
        take()
    before = office.length()
    wider = WidenEarmark(fund=FUND_CODE, programs=[POVERTY], document="纪要")
    office.do(wider, DIRECTOR)
    assert office.told(before) == [("FundEarmarkWidened",)]
    take()
    office.home.projector.catch_up()
    (row,) = office.home.projector.select("funds", {"fund": FUND_CODE})
    assert {LIVING, POVERTY} <= set(row.earmark)


def test_an_earmark_is_widened_by_the_city_for_programs_that_exist(office: Office) -> None:
    refusals: list[tuple[type[LedgerError], list[str], str]] = [
        (InvalidValue, [], CITY),
        (AlreadyExists, [LIVING], CITY),
        (UnknownProgram, ["no-such-program"], CITY),
        (OutsideDivision, [POVERTY], DISTRICT),
    ]
    before = office.length()
    for error, programs, division in refusals:
        wider = WidenEarmark(fund=FUND_CODE, programs=programs, document="d")
        with pytest.raises(error):
            office.do(wider, by("director-1", "2017-01-01", division))
    assert office.length() == before
