"""The files of a pay run: the public list, what the bank is told, and the bank's answer.

CSV in UTF-8 with a byte order mark, which the spreadsheets of Chinese offices need to show it
right. Cells that a spreadsheet would take for a formula are not written as such.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from ledger.domain.errors import InvalidValue, NotFound
from ledger.domain.identity import mask_name, mask_number
from ledger.domain.payrun import BankLine, Line
from ops.cli.output import yuan
from ops.cli.sealed import Opener
from ops.files import plain, read_given, write_whole

PUBLIC = ("姓名", "证件号码", "区划", "金额(元)")
BANK = ("enrollment", "holder", "bank", "account", "amount_yuan")
RESULT = ("enrollment", "receipt", "returned")


class NotText(InvalidValue):
    zh, en = ("{field}不是{value}文本", "{field} is not {value}")


class WrongHeadings(InvalidValue):
    """``wanted`` are the columns, in any order."""

    zh, en = (
        "{field}的标题行须为{wanted},现为{value}",
        "headings of {field} must be {wanted}; they are {value}",
    )


class WrongRows(InvalidValue):
    """``value`` are the numbers of the rows, the headings' being 1."""

    zh, en = (
        "{field}第{value}行有误:每行须有enrollment,且receipt与returned二者择一;每个enrollment只列一次",
        "rows {value} of {field} are wrong: each needs an enrollment that no other row has, and "
        "either receipt or returned",
    )


class PublicLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the public notice, masked."""

    name: str
    id_number: str
    division: str
    amount_fen: int

    def row(self) -> tuple[str, ...]:
        return self.name, self.id_number, self.division, yuan(self.amount_fen)


def public_list(lines: Sequence[Line], opener: Opener, erased: str) -> list[PublicLine]:
    """The notice: masked names and numbers; who has no name in the ledger shows by id."""
    named = opener.names([line.beneficiary for line in lines])
    out = []
    for line in lines:
        found = named.get(line.beneficiary)
        if found is None:  # an organization or a household
            name, number = line.beneficiary, ""
        else:
            name = mask_name(found.name) if found.name else erased
            number = mask_number(found.id_number) if found.id_number else ""
        out.append(
            PublicLine(
                name=name, id_number=number, division=line.division, amount_fen=line.amount_fen
            )
        )
    return out


def bank_rows(lines: Sequence[Line], opener: Opener) -> list[tuple[str, ...]]:
    """What the bank needs of each line; NotFound for a payee whose account cannot be opened."""
    people: dict[str, str | None] = {
        x.beneficiary: x.account for x in lines if x.account is not None
    }
    named = opener.accounts(people)
    rows: list[tuple[str, ...]] = []
    for line in lines:
        found = named.get(line.beneficiary)
        if found is not None and found.account is None:
            raise NotFound(what=f"{line.beneficiary} {line.account}")
        holder, bank, account = "", "", ""
        if found is not None:
            holder, bank, account = found.name or "", found.bank or "", found.account or ""
        amount = f"{line.amount_fen // 100}.{line.amount_fen % 100:02d}"
        rows.append((line.enrollment, holder, bank, account, amount))
    return rows


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], mode: int) -> None:
    """Whole or not at all, with the mode from the first byte on."""

    def write(file: BinaryIO) -> None:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        writer = csv.writer(text)
        writer.writerow(header)
        writer.writerows([_plain(cell) for cell in row] for row in rows)
        text.detach()

    write_whole(path, mode, write)


def _plain(cell: str) -> str:
    return cell if plain(cell) else f"'{cell}"


def read_result(path: Path) -> list[BankLine]:
    """The bank's words; :class:`InvalidValue` naming every wrong row, and what the file raises."""
    try:
        text = read_given(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotText(field=path.name, value="UTF-8") from error
    reader = csv.reader(text.splitlines())
    header = [cell.strip() for cell in next(reader, [])]
    if sorted(header) != sorted(RESULT):
        wanted, found = ",".join(RESULT), ",".join(header)
        raise WrongHeadings(field=path.name, wanted=wanted, value=found or "-")
    words, wrong, seen = [], [], set()
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
        enrollment, receipt, returned = (cells.get(name, "") for name in RESULT)
        if len(row) != len(RESULT) or bool(receipt) == bool(returned) or enrollment in seen:
            wrong.append(reader.line_num)
        seen.add(enrollment)
        words.append(
            BankLine(enrollment=enrollment, receipt=receipt or None, returned=returned or None)
        )
    if wrong:
        raise WrongRows(field=path.name, value=", ".join(map(str, wrong)))
    return words
