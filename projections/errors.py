"""Why views cannot be folded, read, shared between processes, or sealed."""

from ledger.domain.errors import UNUSABLE, LedgerError


class ProjectionFailed(LedgerError):
    code, zh, en = (
        "projection-failed",
        "位置{position}的事件{type}无法折叠:{reason}",
        "the event {type} at position {position} cannot be folded: {reason}",
    )
    exit_code = UNUSABLE


class ViewUnreadable(LedgerError):
    code, zh, en = (
        "view-unreadable",
        "视图库无法读取:{reason}",
        "the view database cannot be read: {reason}",
    )
    exit_code = UNUSABLE


class ViewsShared(LedgerError):
    code, zh, en = (
        "views-shared",
        "视图由Kafka工作进程更新;请运行 rebuild --from kafka",
        "the views are fed by workers from Kafka; run rebuild --from kafka",
    )
    exit_code = UNUSABLE


class ViewsNotShared(LedgerError):
    code, zh, en = (
        "views-not-shared",
        "视图在本目录的SQLite文件中,只能有一个写入者;多进程更新请用 init --store postgres",
        "the views are in a file of the home, which has one writer; "
        "for workers make a home with --store postgres",
    )
    exit_code = UNUSABLE


class ViewHoldsDiscarded(LedgerError):
    """An event was discarded that was not waiting: only a rebuild takes it out."""

    code, zh, en = (
        "view-holds-discarded",
        "视图{view}已计入位置{position}的事件,而该事件已被作废;请运行 rebuild",
        "the view {view} has taken in the event at {position}, which was discarded; run rebuild",
    )
    exit_code = UNUSABLE


class ViewUnknown(LedgerError):
    code, zh, en = ("view-unknown", "没有这个视图或表:{name}", "no such view or table: {name}")


class NothingToSeal(LedgerError):
    code, zh, en = (
        "nothing-to-seal",
        "{period}结束之前没有任何事件",
        "no event was recorded before the end of {period}",
    )
