"""Who decides is named: an event without an officer, a role or a key would break its envelope."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ledger.commands import person as pe
from ledger.domain.errors import InvalidValue
from tests.office import Office, by, identity

CLERK = by("clerk-1", "2016-12-01")
REGISTER = pe.RegisterPerson(id_number=identity(1), name="测试", division="220202", urban=True)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path / "home")
    yield it
    it.close()


@pytest.mark.parametrize("field", ["actor", "role"])
@pytest.mark.parametrize("value", ["", " ", "clerk-1 ", "\tclerk-1", "clerk\n1", "clerk\u200b1"])
def test_an_officer_and_a_role_are_named_without_padding_or_what_nobody_sees(
    office: Office, field: str, value: str
) -> None:
    before = office.length()
    context = msgspec.structs.replace(CLERK, **{field: value})
    with pytest.raises(InvalidValue):
        office.do(REGISTER, context)
    outcomes = office.ledger.execute_group([(REGISTER, context)], key=f"{field}-group").outcomes
    assert [o.error for o in outcomes] == ["invalid-value"]
    assert office.length() == before


def test_a_key_is_not_empty(office: Office) -> None:
    with pytest.raises(InvalidValue):
        office.ledger.execute(REGISTER, CLERK, key=" ")
