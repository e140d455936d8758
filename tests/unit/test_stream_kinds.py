"""An id says of which kind its stream is; under any other kind there is nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.commands import payment as pay
from ledger.commands import payrun as pr
from tests.office import CITY, Office, by, died


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path / "home")
    yield it
    it.close()


def test_an_id_of_another_kind_is_not_found_and_spoils_nothing_after_it(office: Office) -> None:
    who = office.enrolled(1)
    director = by("director-1", "2016-12-10", CITY)
    waived = pay.WaiveOverpayment(overpayment=f"{who}/1", amount_fen=1, reason="r", document="d")
    items = [
        (waived, director),
        (pr.CancelPayRun(payrun=who, reason="r"), director),
        (died(who), director),
    ]
    outcomes = office.ledger.execute_group(items, key="group").outcomes
    assert [o.error for o in outcomes] == ["not-found", "not-found", None]
