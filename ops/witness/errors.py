"""What can be wrong with a witness's own folder, for those who run it."""

from ledger.domain.errors import UNUSABLE, LedgerError


class WitnessMissing(LedgerError):
    code, zh, en = (
        "witness-missing",
        "{folder}不是见证方目录,请先运行 witness init",
        "there is no witness in {folder}: run witness init first",
    )


class WitnessExists(LedgerError):
    code, zh, en = (
        "witness-exists",
        "{folder}已有见证方{name}",
        "{folder} has the witness {name} already",
    )
    exit_code = 3


class WitnessUntrusting(LedgerError):
    code, zh, en = (
        "witness-untrusting",
        "不能信任该密钥:{reason}",
        "this key cannot be trusted: {reason}",
    )


class WitnessDamaged(LedgerError):
    code, zh, en = (
        "witness-damaged",
        "见证方状态损坏或不可用:{reason}。不得以空目录代替:见证方会忘记其已签名的检查点",
        "the witness's memory is damaged or unusable: {reason}. Never put an empty folder in its "
        "place: it would forget what it cosigned",
    )
    exit_code = UNUSABLE


class NotLoopback(LedgerError):
    code, zh, en = (
        "not-loopback",
        "只能监听本机地址,不能是{host}",
        "only a loopback address can be listened on, not {host}",
    )
