"""Devices and donated goods: assessed, fitted, valued, and not again within their service life."""

from typing import Any

from ledger.commands import delivery as de
from ledger.commands.enrollment import EndEnrollment
from ledger.commands.program import ReceiveDonation
from ledger.domain.fund import FUND
from ledger.domain.stream import fund_id
from tests.ledgers import City, refused
from tests.served import CHILD, Served, assess, city

__all__ = ["city"]


# --- devices


def fit(
    s: Served, on: str = "02-10", *, device_class: str = "22 06", serial: str = "A1", **more: Any
) -> None:
    s.do(de.FitDevice, on, device_class=device_class, item="助听器", serial=serial, **more)


def hearing(city: City) -> Served:
    return Served(city, "hearing-aid", city.register(category=2))


def test_a_device_is_fitted_after_an_assessment_of_as_many(city: City) -> None:
    s = hearing(city)
    with refused("not-eligible"):
        fit(s)
    assess(s, quantity=2)
    with refused("not-eligible"):
        fit(s, quantity=3)
    fit(s, quantity=2)
    assert (s.last.quantity, s.last.value_fen, s.last.fund) == (2, None, None)
    with refused("not-eligible"):
        fit(s, serial="A2")


def test_two_ears_of_one_assessment_do_not_bar_each_other(city: City) -> None:
    s = hearing(city)
    assess(s, quantity=2)
    fit(s, "02-10", serial="left")
    with refused("already-exists"):
        fit(s, "02-20", serial="left")
    fit(s, "02-20", serial="right")


def test_the_same_class_comes_again_only_after_its_service_life(city: City) -> None:
    """Four years for a hearing aid; another class is another matter."""
    s = hearing(city)
    assess(s)
    fit(s, "02-10")
    assess(s, "2021-01-10")
    assess(s, "2021-01-10", device_class="22 18")
    with refused("device-in-service"):
        fit(s, "2021-02-09", serial="A2")
    fit(s, "2021-02-09", device_class="22 18", serial="B1")
    fit(s, "2021-02-10", serial="A2")


def test_a_returned_device_bars_nothing(city: City) -> None:
    s = hearing(city)
    assess(s)
    fit(s, "02-10")
    assess(s, "03-01")
    with refused("device-in-service"):
        fit(s, "03-02", serial="A2")
    s.do(de.ReturnDevice, "03-03", serial="A1", reason="不适配")
    fit(s, "03-04", serial="A2")


def test_a_device_of_another_program_counts_too(city: City) -> None:
    """A wheelchair given by one program is not given again by the next."""
    child = city.register(born=CHILD)
    donate(city, "cp-wheelchair", 600_000)
    wheelchair, device = (
        Served(city, "cp-wheelchair", child),
        Served(city, "assistive-device", child),
    )
    assess(wheelchair, device_class="12 22")
    fit(wheelchair, device_class="12 22", value_fen=333_333)
    assess(device, "03-01", device_class="12 22")
    with refused("device-in-service"):
        fit(device, "03-02", device_class="12 22", serial="B1")


def test_only_a_device_in_hand_is_repaired_or_returned(city: City) -> None:
    s = hearing(city)
    for kind, field in ((de.RepairDevice, "work"), (de.ReturnDevice, "reason")):
        with refused("not-found"):
            s.do(kind, "03-01", serial="A1", **{field: "…"})
    assess(s)
    fit(s)
    s.do(de.RepairDevice, "06-01", serial="A1", work="换电池仓")
    s.do(EndEnrollment, "07-01", last_month="2017-07", reason="迁出")
    s.do(de.ReturnDevice, "07-10", serial="A1", reason="迁出")
    assert city.told(s.enrollment)[-3:] == ["DeviceRepaired", "EnrollmentEnded", "DeviceReturned"]


def test_an_operation_is_a_case_of_its_own(city: City) -> None:
    s = Served(city, "cochlear-implant", city.register(born=CHILD, category=2))
    s.do(de.CompleteSurgery, "04-01", procedure="人工耳蜗植入(左)", hospital="市医院")
    s.do(de.CompleteSurgery, "09-01", procedure="人工耳蜗植入(右)", hospital="市医院")
    assert city.told(s.enrollment)[-2:] == ["SurgeryCompleted"] * 2


# --- donated goods


def donate(city: City, donation: str, amount_fen: int) -> None:
    city.do(
        ReceiveDonation(
            fund="charity",
            donation=donation,
            form="goods",
            amount_fen=amount_fen,
            item="物资",
            quantity=1,
            donor="爱心企业",
        ),
        "01-05",
    )


def goods_left(city: City) -> int:
    return city.ledger.state(FUND, fund_id("charity")).available["goods"]


def test_a_donated_device_leaves_its_fund_at_its_valuation(city: City) -> None:
    donate(city, "轮椅", 700_000)
    s = Served(city, "cp-wheelchair", city.register(born=CHILD))
    assess(s, quantity=2, device_class="12 22")
    with refused("invalid-amount"):
        fit(s, device_class="12 22")
    with refused("fund-overcommitted"):
        fit(s, device_class="12 22", value_fen=700_001)
    fit(s, device_class="12 22", value_fen=333_333)
    assert (s.last.value_fen, s.last.fund) == (333_333, "charity")
    assert goods_left(city) == 366_667
    assert city.told()[-2:] == ["FundsCommitted", "DeviceFitted"]


def test_a_bought_device_has_no_value_here(city: City) -> None:
    s = hearing(city)
    assess(s)
    with refused("invalid-amount"):
        fit(s, value_fen=100_000)


def test_goods_are_capped_by_the_year(city: City) -> None:
    donate(city, "图书", 2_000_000)
    s = Served(city, "charity-platform", city.register(student="higher"))
    give = {"item": "图书", "quantity": 2}
    s.do(de.DistributeGoods, "03-01", value_fen=300_000, **give)
    with refused("amount-above-cap"):
        s.do(de.DistributeGoods, "12-31", value_fen=200_001, **give)
    s.do(de.DistributeGoods, "12-31", value_fen=200_000, **give)
    s.do(de.DistributeGoods, "2018-01-01", value_fen=500_000, **give)
    assert goods_left(city) == 1_000_000


def test_goods_that_were_not_donated_are_not_distributed(city: City) -> None:
    s = Served(city, "charity-platform", city.register(student="higher"))
    with refused("fund-overcommitted"):
        s.do(de.DistributeGoods, "03-01", item="图书", value_fen=1)
    assert city.told(s.enrollment)[-1] == "EnrollmentApproved"
