"""Why the log is not read, not signed, not cosigned or not proven from, in words to act on."""

from ledger.domain.errors import UNUSABLE, LedgerError


class LogKeyMissing(LedgerError):
    code, zh, en = (
        "log-key-missing",
        "没有可用的日志签名密钥{id}:请运行 key generate,或从备份恢复 keys 目录",
        "the key {id} that heads are signed with is not at hand: run key generate, "
        "or restore the folder keys from its backup",
    )
    exit_code = UNUSABLE


class LogKeyExists(LedgerError):
    code, zh, en = (
        "log-key-exists",
        "日志已有签名密钥{id};更换请用 key rotate",
        "the log has the key {id} already; to replace it run key rotate",
    )
    exit_code = 3


class LogKeyExposed(LedgerError):
    code, zh, en = (
        "log-key-exposed",
        "密钥文件{file}可被他人读取,已拒绝使用;请改为0600,如可能外泄请运行 key rotate",
        "the key file {file} can be read by others and is not used: set its mode to 0600, "
        "and run key rotate if it may have leaked",
    )
    exit_code = UNUSABLE


class LogKeyInvalid(LedgerError):
    code, zh, en = (
        "log-key-invalid",
        "密钥文件{file}无法使用:{reason}",
        "the key file {file} cannot be used: {reason}",
    )
    exit_code = UNUSABLE


class NothingToSign(LedgerError):
    code, zh, en = (
        "nothing-to-sign",
        "日志中还没有事件,没有可签名的检查点",
        "the log has no event yet: there is no head to sign",
    )


class NoSuchHead(LedgerError):
    code, zh, en = (
        "no-such-head",
        "没有大小为{size}的已签名检查点",
        "no head of size {size} was signed",
    )


class LogShortened(LedgerError):
    """The store lacks events that a signed head covers."""

    code, zh, en = (
        "log-shortened",
        "已为{signed}个事件的日志签名(依据:{source}),而现有日志只有{size}个:数据库可能是恢复的旧备份。"
        "未签名。请找回较新的数据库;不要继续记账",
        "a log of {signed} events was signed ({source} says so), and this one has {size}: the "
        "store may be a restored old backup. This head was not signed. Bring back the newer store, "
        "and record nothing in this one",
    )
    exit_code = UNUSABLE


class LogForked(LedgerError):
    """The log's first events are not those that were signed."""

    code, zh, en = (
        "log-forked",
        "现有日志的前{signed}个事件与已签名的不同(依据:{source}):日志被改写,或从旧备份另行延续。"
        "未签名。请运行 log fsck,并与检查机构核对",
        "the first {signed} events of this log are not those that were signed ({source} says so): "
        "it was rewritten, or went on from an old backup. This head was not signed. Run log fsck, "
        "and compare with the inspection office",
    )
    exit_code = UNUSABLE


class SigningContested(LedgerError):
    code, zh, en = (
        "signing-contested",
        "有多个进程同时在签名,请稍后重试",
        "several processes sign at once; try again",
    )
    exit_code = 3


class WitnessesMissing(LedgerError):
    """Too few witnesses answer to know that this log is the one that they hold."""

    code, zh, en = (
        "witnesses-missing",
        "见证方须有{needed}家应答,仅{found}家({reasons})。未签名:无法确认日志未被旧备份替换。"
        "待见证方恢复后重试,或明确使用 --without-witnesses",
        "{needed} witnesses have to answer and {found} do ({reasons}). This head was not signed: "
        "whether the log was replaced by an old backup is not known. Try again when they are back, "
        "or say --without-witnesses",
    )
    exit_code = UNUSABLE


class PolicyInvalid(LedgerError):
    code, zh, en = (
        "policy-invalid",
        "见证策略文件有误:{reason}",
        "the policy of witnesses is not valid: {reason}",
    )


class NoteInvalid(LedgerError):
    code, zh, en = (
        "note-invalid",
        "已存的检查点无法核验:{reason}",
        "a checkpoint does not verify: {reason}",
    )
    exit_code = UNUSABLE


class OutsideLog(LedgerError):
    """A position or a size that the log does not have; an empty log has none."""

    code, zh, en = (
        "outside-log",
        "日志共{size}个事件,{asked}不在其中",
        "the log has {size} events: {asked} is outside it",
    )


class FeedGap(LedgerError):
    code, zh, en = (
        "projection-gap",
        "事件流在位置{expected}处中断,得到{found}",
        "the feed breaks off at position {expected}: found {found}",
    )
    exit_code = UNUSABLE


class BundleForeign(LedgerError):
    code, zh, en = (
        "bundle-foreign",
        "大小为{size}的检查点不是本账本的:账本与当时签署的不同,或检查点来自别处",
        "the checkpoint of size {size} is not of this log: the log is not the one that was signed, "
        "or the checkpoint comes from elsewhere",
    )
    exit_code = 3


class BundleTooLarge(LedgerError):
    """The verifier would refuse it; it must be asked for in smaller parts, or as the whole log."""

    code, zh, en = (
        "bundle-too-large",
        "证据包的{part}有{size}字节,超过查验程序的上限{limit}:请缩小范围,或用 --all 导出全部",
        "{part} of the bundle has {size} bytes, and the verifier reads {limit}: "
        "ask for less, or for the whole log by --all",
    )


class NothingSealed(LedgerError):
    code, zh, en = (
        "nothing-sealed",
        "检查点之前尚无封存,无法证明一个人的事件齐全;请先运行 seal 并签署检查点",
        "nothing is sealed before the checkpoint, so nobody's events can be proven complete; "
        "run seal, and sign a checkpoint after it",
    )
