"""What is typed into rosters, and what it means: cells, headings, rows, one person twice."""

from datetime import date, datetime
from typing import Any

import pytest

from ledger.catalog.loader import load_divisions
from ledger.commands.roster import EnterApplication, EnterPerson
from ledger.domain.errors import LedgerError
from ops.roster import cells
from ops.roster.errors import RosterHeadings
from ops.roster.fields import Reference
from ops.roster.headings import columns, find
from ops.roster.importing import Kind, Row, check
from ops.roster.reading import EPOCH, Table
from tests.office import catalog, identity
from tests.rosters import application, clean, person, wide

REFERENCE = Reference(
    today=date(2017, 6, 1),
    divisions=load_divisions(),
    programs=catalog(),
    person_id=lambda number: f"person-{number[-4:]}",
    document="名册",
)


def checked(*rows: dict[str, Any], kind: Kind = "persons") -> list[Row]:
    table = clean(kind, rows)
    cells_ = [tuple(cell if cell != "" else None for cell in row) for row in table]
    return check(kind, Table("", cells_), find(kind, cells_), REFERENCE)


def entered(**said: Any) -> EnterPerson:
    (row,) = checked(person(1, **said))
    assert row.entry is not None, row.why
    assert isinstance(row.entry.command, EnterPerson)
    return row.entry.command


# --- cells


@pytest.mark.parametrize(
    "cell",
    [
        "2017-03-05",
        "2017/3/5",
        "2017年3月5日",
        "2017.3.5",
        "2017 年 3 月 5 日",
        "20170305",
        20170305,
        "2017-03-05 00:00:00",
        wide("2017/03/05"),
        42799,
        42799.0,
        "42799",
        date(2017, 3, 5),
        datetime.fromisoformat("2017-03-05 08:30"),
    ],
)
def test_every_style_of_a_day_is_that_day(cell: Any) -> None:
    assert cells.day(cell, EPOCH) == date(2017, 3, 5)


@pytest.mark.parametrize(
    "cell", ["17-03-05", "2017-13-05", "2017-02-30", "2017-3/5", "2017年3月", "3", 60, "明天"]
)
def test_what_may_be_another_day_is_none(cell: Any) -> None:
    with pytest.raises(LedgerError) as error:
        cells.day(cell, EPOCH)
    assert error.value.code == "cell-unclear"


def test_a_workbook_that_counts_from_1904_has_its_own_serial_days() -> None:
    assert cells.day(42799 - 1462, date(1904, 1, 1)) == date(2017, 3, 5)


@pytest.mark.parametrize(
    "cell", [2.20202196005e17, 220202196005170000, "2.20202E+17", 1e300, 10**400]
)
def test_a_number_that_lost_its_digits_is_not_taken_for_an_identity_number(cell: Any) -> None:
    with pytest.raises(LedgerError) as error:
        cells.digits(cell)
    assert error.value.code == "digits-lost"


@pytest.mark.parametrize(
    "cell",
    [
        " 22020219600517001x",
        wide("22020219600517001x"),
        "'22020219600517001X",
        "\t22020219600517001X",
        '="22020219600517001X"',
        "220202 19600517 001X",
        "\ufeff22020219600517001X\u3000",
    ],
)
def test_an_identity_number_is_read_however_it_was_kept_as_text(cell: str) -> None:
    assert cells.digits(cell) == "22020219600517001X"


def test_the_spaces_that_pad_a_chinese_name_go_and_those_of_others_stay() -> None:
    assert cells.name(" 测\u3000 试 ") == "测试"
    assert cells.name("Ada  Lovelace") == "Ada Lovelace"


# --- headings


def test_headings_are_found_under_titles_and_over_two_rows() -> None:
    titles = [("2017年度残疾人名册",), ("填报:", None, "测试"), ()]
    upper = ("序号", "姓名", "证件", None, "行政区划", "户籍")
    lower = (None, None, "身份证号", "残疾人证号", None, None)
    layout = find("persons", [*titles, upper, lower, ("1", "测")])
    assert layout.first == 5
    assert layout.columns == {
        "name": 1,
        "id_number": 2,
        "certificate": 3,
        "division": 4,
        "urban": 5,
    }


def test_every_needed_heading_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(RosterHeadings) as error:
        find("persons", [("性别", "残疾等级")])
    assert "身份证号/残疾人证号、姓名、行政区划、户籍" in error.value.message("zh")


def test_unknown_headings_are_listed_and_those_of_the_office_are_not() -> None:
    rows = [("姓名", "身份证号", "区县", "户籍性质", "血型", "备注")]
    assert find("persons", rows).unknown == ["血型"]


# --- rows


def test_a_row_becomes_what_it_says() -> None:
    command = entered(account="6217-0000 0000 001", phone="138", extreme_poverty="无")
    said = command.registration
    assert (said.division, said.urban, said.phone) == ("220202", True, "138")
    assert command.certificate is not None
    assert (command.certificate.category, command.certificate.grade) == (2, 2)
    assert command.account is not None
    assert (command.account.account, command.account.holder) == ("621700000000001", said.name)
    assert [h.kind for h in command.hardships] == ["low-income"]
    assert command.denied == ["extreme-poverty"]


def test_a_certificate_alone_says_who_it_is_and_which_class() -> None:
    given = person(1)
    command = entered(id_number=None, category=None, grade=None)
    assert command.registration.id_number == given["id_number"]
    assert command.certificate is not None
    assert (command.certificate.category, command.certificate.grade) == (2, 2)


def test_all_that_is_wrong_with_a_row_is_said_at_once_and_in_chinese() -> None:
    (row,) = checked(
        person(
            1,
            name=None,
            birth_date="1999/1/1",
            sex="男" if person(1)["sex"] == "女" else "女",
            division="火星",
            urban=None,
            category="7",
            account="12",
            low_income="也许",
        )
    )
    assert set(row.reasons) == {
        ("姓名", "cell-missing"),
        ("出生日期", "cells-disagree"),
        ("性别", "cells-disagree"),
        ("行政区划", "unknown-division"),
        ("户籍", "cell-missing"),
        ("残疾类别", "cells-disagree"),
        ("银行账号", "cell-unclear"),
        ("低保", "cell-unclear"),
    }
    assert row.why.count(";") == 7
    assert "户籍:未填写" in row.why


WRONG = [
    ({"id_number": identity(1)[:-1] + "?"}, ("身份证号", "invalid-identity-number"), "应为18位"),
    ({"id_number": "220202196005170011"}, ("身份证号", "invalid-identity-number"), "校验码不符"),
    ({"id_number": "220202196013170011"}, ("身份证号", "invalid-birth-date"), "没有这一天"),
    ({"id_number": "220202202012310011"}, ("身份证号", "invalid-birth-date"), "晚于今天"),
    ({"certificate": person(2)["certificate"]}, ("残疾人证号", "invalid-certificate"), "前18位"),
    ({"certificate": "123"}, ("残疾人证号", "invalid-certificate"), "两位"),
    ({"certificate": None}, ("残疾人证号", "cell-missing"), "未填写"),
    ({"bank": None}, ("开户行", "cell-missing"), "未填写"),
    ({"account": None}, ("银行账号", "cell-missing"), "未填写"),
    ({"division": "吉林市"}, ("行政区划", "unknown-division"), "吉林市"),
    ({"name": "长" * 201}, ("姓名", "cell-too-long"), "200"),
]


@pytest.mark.parametrize(("said", "reason", "words"), WRONG)
def test_a_wrong_cell_is_refused_with_its_reason(
    said: dict[str, Any], reason: tuple[str, str], words: str
) -> None:
    (row,) = checked(person(1, **said))
    assert reason in row.reasons
    assert words in row.why


# --- rows about one person


def test_a_row_said_twice_counts_once() -> None:
    first, second = checked(person(1), person(1, name=" ".join(person(1)["name"])))
    assert (first.repeats, second.repeats, first.reasons, second.reasons) == (False, True, [], [])


def test_rows_that_say_different_things_of_one_person_are_all_refused() -> None:
    rows = checked(person(1), person(2), person(1, low_income="否"), person(1))
    assert [bool(row.reasons) for row in rows] == [True, False, True, True]
    assert "第4、5行" in rows[0].why


# --- applications


def test_an_application_names_its_program_by_code_or_by_name() -> None:
    rows = checked(application(1, "困难残疾人生活补贴"), application(2), kind="applications")
    for row in rows:
        assert row.entry is not None
        assert isinstance(row.entry.command, EnterApplication)
        assert row.entry.command.program == "living-subsidy"
        assert row.entry.command.documents == ["申请表", "低保证"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"program": "没有"}, ("项目", "unknown-program")),
        ({"program": "poverty-register"}, ("项目", "wrong-kind")),
        ({"applied_on": date(2017, 6, 2)}, ("申请日期", "cell-unclear")),
        ({"applied_on": None}, ("申请日期", "cell-missing")),
        ({"id_number": None}, ("身份证号", "cell-missing")),
    ],
)
def test_a_wrong_application_is_refused(said: dict[str, Any], reason: tuple[str, str]) -> None:
    (row,) = checked(application(1, **said), kind="applications")
    assert row.reasons == [reason]


def test_the_first_name_of_every_column_is_its_own_and_no_other_column_has_it() -> None:
    for kind in ("persons", "applications"):
        for field, column in columns(kind).items():
            table = [tuple(c.heading for c in columns(kind).values())]
            assert table[0][find(kind, table).columns[field]] == column.heading
