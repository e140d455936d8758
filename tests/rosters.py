"""Rosters for tests: lists of nobody, clean, and the same lists as offices really keep them.

A clean roster is a list of rows by field. ``messy`` writes one down with titles over it, columns in
any order and under any of their names, blank rows, page headings printed again, rows said twice,
numbers as text or in full width, and dates in every style, all drawn from one random source.
"""

import csv
import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from openpyxl import Workbook

from ops.roster.headings import names
from ops.roster.reading import EPOCH
from tests.office import identity

Row = dict[str, Any]

ACCOUNT, BANK = "62170000{:011d}", "农信社"


def person(number: int, **said: Any) -> Row:
    """A row of a persons' roster, in which ``said`` is put in place; None leaves a cell empty."""
    born = date(1950 + number % 60, 1 + number % 12, 1 + number % 28)
    id_number = identity(number % 1_000, born)
    category, grade = 1 + number % 7, 1 + number % 4
    row: Row = {
        "name": f"测{chr(0x4E00 + number)}试",
        "id_number": id_number,
        "certificate": f"{id_number}{category}{grade}",
        "sex": "男" if int(id_number[16]) % 2 else "女",
        "birth_date": born,
        "division": "昌邑区" if number % 2 else "蛟河市",
        "urban": "城镇" if number % 2 else "农村",
        "category": str(category),
        "grade": str(grade),
        "expires_on": date(2030, 1, 1 + number % 28),
        "account": ACCOUNT.format(number),
        "bank": BANK,
        "phone": f"0432{number:07d}",
        "low_income": "是" if number % 3 else "否",
        "needs_care": "是" if number % 5 == 0 else "",
    }
    return row | said


def application(number: int, program: str = "living-subsidy", **said: Any) -> Row:
    """A row of an applications' roster for the same people."""
    who = person(number)
    row: Row = {
        "id_number": who["id_number"],
        "name": who["name"],
        "program": program,
        "applied_on": date(2017, 3, 1 + number % 28),
        "documents": "申请表、低保证",
    }
    return row | said


def clean(kind: str, rows: Sequence[Row]) -> list[list[Any]]:
    """First headings and then rows, as a spreadsheet has them."""
    fields = list(dict.fromkeys(f for row in rows for f in row))
    titles = [names(kind)[f][0] for f in fields]
    return [titles, *([row.get(f) for f in fields] for row in rows)]


def messy(kind: str, rows: Sequence[Row], random: Random) -> list[list[Any]]:
    """The same list as an office keeps it."""
    fields = list(dict.fromkeys(f for row in rows for f in row))
    random.shuffle(fields)
    titles = [_title(random.choice(names(kind)[f]), random) for f in fields]
    body: list[list[Any]] = []
    for row in rows:
        body.append(_cells(row, fields, random))
        if random.random() < 0.1:
            body.append([random.choice([None, "", " ", "\u3000"]) for _ in fields])
        if random.random() < 0.05:
            body.append(list(titles))
        if random.random() < 0.15:
            body.append(_cells(random.choice(rows[: rows.index(row) + 1]), fields, random))
    numbered = random.random() < 0.5
    if numbered:
        titles.insert(0, "序号")
        body = [[i, *cells] for i, cells in enumerate(body, 1)]
    top: list[list[Any]] = [[random.choice(["2017年度人员名册", "填报单位:残联", ""])]]
    over = [*top * random.randint(0, 3), titles]
    if random.random() < 0.3 and not numbered:  # the group's name over the columns of a group
        over = [*top, [None] * len(titles), titles]
    return [*over, *body]


def _title(heading: str, random: Random) -> str:
    return random.choice(
        [heading, f"{heading}*", f" {heading} ", f"{heading}(必填)", "\n".join(heading)]
    )


def _cells(row: Row, fields: Sequence[str], random: Random) -> list[Any]:
    return [_cell(field, row.get(field), random) for field in fields]


def _cell(field: str, value: Any, random: Random) -> Any:
    if isinstance(value, date):
        return _date(value, random)
    if not isinstance(value, str) or not value:
        return random.choice([None, "", " "]) if value in (None, "") else value
    styles = [value, f" {value} ", f"{value}\u3000", wide(value), f"'{value}"]
    if field == "name":
        styles.append(" ".join(value))
    elif field in ("id_number", "certificate"):
        styles += [value.lower(), wide(value.lower()), f"\u200b{value}", f"{value[:6]} {value[6:]}"]
    elif field == "account":
        styles += [f"{value[:4]}-{value[4:]}", " ".join(value)]
    elif field in ("category", "grade"):
        at = int(value) - 1
        classes = ["视力", "听力", "言语", "肢体", "智力", "精神", "多重"]
        styles += [
            int(value),
            *([f"{classes[at]}残疾"] if field == "category" else ["一二三四"[at] + "级"]),
        ]
    elif field == "division":
        styles += [{"昌邑区": "220202", "蛟河市": 220281}[value], f"吉林市{value}", value[:-1]]
    elif field == "urban":
        styles += [{"城镇": "非农业", "农村": "农业户口"}[value]]
    elif value in ("是", "否"):
        styles += ["√", "1", 1] if value == "是" else ["无", "×", 0]
    return random.choice(styles)


def _date(day: date, random: Random) -> Any:
    serial = (day - EPOCH).days
    y, m, d = day.year, day.month, day.day
    texts = [
        f"{y}-{m:02d}-{d:02d}",
        f"{y}/{m}/{d}",
        f"{y}年{m}月{d}日",
        f"{y}.{m}.{d}",
        f"{y}{m:02d}{d:02d}",
        str(serial),
    ]
    return random.choice([*texts, wide(random.choice(texts)), serial, day])


def wide(text: str) -> str:
    """In full-width letters, digits and signs."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def save(path: Path, table: Sequence[Sequence[Any]], *, merged: bool = False) -> Path:
    """As a workbook; ``merged`` joins the first row's cells, as titles are."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in table:
        sheet.append(list(row))
    if merged:
        sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=max(map(len, table)))
    book.save(path)
    return path


def save_csv(path: Path, table: Sequence[Sequence[Any]], encoding: str = "utf-8-sig") -> Path:
    """As a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(["" if cell is None else cell for cell in row] for row in table)
    path.write_bytes(text.getvalue().encode(encoding))
    return path
