"""What may be wrong with a roster as a file, or with one of its rows.

A row's errors carry a cell's text only in ``value``, which is shown in the workbook of rejects and
nowhere else; on the screen rows are counted by heading and code.
"""

from collections.abc import Iterable
from typing import NamedTuple

from ledger.domain.errors import LedgerError

# --- the file


class RosterUnreadable(LedgerError):
    code, zh, en = (
        "roster-unreadable",
        "名册无法读取,应为XLSX或CSV:{reason}",
        "the roster cannot be read as XLSX or CSV: {reason}",
    )


class RosterProtected(LedgerError):
    code, zh, en = (
        "roster-protected",
        "名册设有打开密码,请另存为无密码的文件",
        "the roster is protected by a password; save it without one",
    )


class RosterHasMacros(LedgerError):
    code, zh, en = (
        "roster-has-macros",
        "名册含有宏,不予打开,请另存为XLSX",
        "the roster contains macros and is not opened; save it as XLSX",
    )


class RosterTooLarge(LedgerError):
    code, zh, en = (
        "roster-too-large",
        "名册过大:{what}超过{limit}",
        "the roster is too large: {what} above {limit}",
    )


class RosterHeadings(LedgerError):
    code, zh, en = (
        "roster-headings",
        "名册缺少必需的列:{missing}",
        "the roster lacks columns it needs: {missing}",
    )


class RosterSheets(LedgerError):
    code, zh, en = (
        "roster-sheets",
        "多个工作表都是名册,请用 --sheet 指定:{sheets}",
        "several sheets hold a roster; name one with --sheet: {sheets}",
    )


# --- a row


class CellMissing(LedgerError):
    code, zh, en = ("cell-missing", "未填写", "is empty")


class CellUnclear(LedgerError):
    code, zh, en = ("cell-unclear", "无法识别:{value}", "not understood: {value}")


class CellTooLong(LedgerError):
    code, zh, en = ("cell-too-long", "超过{limit}个字符", "longer than {limit} characters")


class DigitsLost(LedgerError):
    code, zh, en = (
        "digits-lost",
        "号码以数值存放,末尾数字已丢失,请按原件以文本填写",
        "stored as a number, which has lost its last digits; type it in as text",
    )


class CellsDisagree(LedgerError):
    code, zh, en = ("cells-disagree", "与{other}不一致", "does not agree with {other}")


class RowsDisagree(LedgerError):
    code, zh, en = (
        "rows-disagree",
        "与第{rows}行同属一人(一项申请)而内容不同",
        "about the same person or application as row {rows}, with other content",
    )


class Problem(NamedTuple):
    """What is wrong with a row: at which heading, and how."""

    heading: str
    error: LedgerError

    def words(self) -> str:
        """For the workbook of rejects, in Chinese."""
        return f"{self.heading}:{self.error.message('zh')}"


def in_words(problems: Iterable[Problem]) -> str:
    """All of a row's problems in one cell."""
    return ";".join(p.words() for p in problems)
