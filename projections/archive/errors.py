"""What is wrong with an archive, or with a question put to it."""

from typing import Any

from ledger.domain.errors import UNUSABLE, LedgerError
from ledger.verify.refusal import printable


class ArchiveMissing(LedgerError):
    code, zh, en = (
        "archive-missing",
        "此处没有归档:{path}(用archive命令生成)",
        "there is no archive at {path}; the command archive makes one",
    )


class ArchiveDamaged(LedgerError):
    """``position`` is the first bad one, where the damage lets it be told.

    Nobody vouches for what a damaged archive says: names and values of it are told so that a
    terminal shows them and does nothing by them.
    """

    code, zh, en = (
        "archive-damaged",
        "归档损坏:{segment},位置{position}:{what}",
        "the archive is damaged: {segment}, position {position}: {what}",
    )
    exit_code = UNUSABLE

    def __init__(self, **fields: Any) -> None:
        said = {n: printable(v) if isinstance(v, str) else v for n, v in fields.items()}
        super().__init__(**said)


class ArchiveOfAnotherLog(LedgerError):
    """Never mended: either may be the true one, and whoever holds both must find out which."""

    code, zh, en = (
        "archive-of-another-log",
        "归档与账本不是同一日志:{what}(归档{archive},账本{log})",
        "archive and ledger are not the same log: {what} ({archive} archived, {log} in the ledger)",
    )
    exit_code = UNUSABLE


class ArchiveHeadDiffers(LedgerError):
    """Either the archive or what was signed is not the true log: evidence, and never mended."""

    code, zh, en = (
        "archive-head-differs",
        "归档不是已签名的日志:前{size}个事件的已签树根为{signed},归档为{archive}",
        "the archive is not the log that was signed: over the first {size} events the root "
        "{signed} was signed, and the archive has {archive}",
    )
    exit_code = UNUSABLE


class ArchiveStale(LedgerError):
    """Like a bundle that ends before the head that its reader kept: nothing is said of it."""

    code, zh, en = (
        "archive-stale",
        "归档只到{found}个事件,而留存的检查点已有{held}个:请索取更新的归档",
        "the archive ends at {found} events, but the checkpoint you hold has {held}: "
        "ask for a newer archive",
    )
    exit_code = UNUSABLE


class ArchiveBusy(LedgerError):
    code, zh, en = (
        "archive-busy",
        "另一进程正在写入归档{path}",
        "another process is writing to the archive {path}",
    )
    exit_code = UNUSABLE


class ArchiveFailed(LedgerError):
    code, zh, en = (
        "archive-failed",
        "归档无法写入:{reason};已有归档不受影响",
        "the archive cannot be written: {reason}; what was archived stays as it was",
    )
    exit_code = UNUSABLE


class QueryRefused(LedgerError):
    code, zh, en = (
        "query-refused",
        "查询被拒绝:{reason}",
        "the query was refused: {reason}",
    )


class QueryTooLong(LedgerError):
    code, zh, en = (
        "query-too-long",
        "查询超过{seconds}秒,已中止",
        "the query took more than {seconds} s and was stopped",
    )
