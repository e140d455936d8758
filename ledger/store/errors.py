"""What can be wrong with what is stored: the database, the vault, the folder that holds both."""

import errno

from ledger.domain.errors import UNUSABLE, LedgerError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says when nothing more can be written: the disk, a quota, a limit of size."""


# --- writing


class StaleVersion(LedgerError):
    code, zh, en = (
        "stale-version",
        "记录{stream}已被他人更新,请重试",
        "stream {stream} has moved on; decide again",
    )
    exit_code = 3


class IdempotencyConflict(LedgerError):
    code, zh, en = (
        "idempotency-conflict",
        "幂等键{key}已用于不同内容",
        "idempotency key {key} was used with other content",
    )
    exit_code = 3


# --- the database


class StoreDamaged(LedgerError):
    code, zh, en = (
        "store-damaged",
        "数据库损坏或不完整:{reason}",
        "the database is damaged or truncated: {reason}",
    )
    exit_code = UNUSABLE


class StoreFull(LedgerError):
    """No room: the disk's, a quota's or a limit's; or a write that the disk failed."""

    code, zh, en = (
        "store-full",
        "磁盘已满或无法写入({reason}),本次操作未写入",
        "the disk is full or cannot be written ({reason}); nothing of this operation was stored",
    )
    exit_code = UNUSABLE


class StoreBusy(LedgerError):
    code, zh, en = (
        "store-busy",
        "数据库正被占用:{reason}",
        "the database is in use: {reason}",
    )
    exit_code = UNUSABLE


class StoreUnreachable(LedgerError):
    """No connection to the server, or it broke. What was under way is resolved by its key."""

    code, zh, en = (
        "store-unreachable",
        "数据库无法连接:{reason}",
        "the database cannot be reached: {reason}",
    )
    exit_code = UNUSABLE


class StoreDenied(LedgerError):
    """The server refuses the login, the role or the statement."""

    code, zh, en = (
        "store-denied",
        "数据库拒绝了此操作(权限):{reason}",
        "the database refuses this: {reason}",
    )
    exit_code = UNUSABLE


class StoreNewer(LedgerError):
    code, zh, en = (
        "store-newer",
        "数据库由更新的版本(第{found}次迁移)建立,本版本只认识到第{known}次",
        "the database is at migration {found}, newer than the {known} this version knows",
    )
    exit_code = UNUSABLE


class StoreOutdated(LedgerError):
    code, zh, en = (
        "store-outdated",
        "数据库只到第{found}次迁移,需要第{known}次;请运行 init",
        "the database is at migration {found} and needs {known}; run init",
    )
    exit_code = UNUSABLE


class MigrationChanged(LedgerError):
    """What was once applied reads otherwise now: the layout of the tables can't be relied on."""

    code, zh, en = (
        "migration-changed",
        "第{number}次迁移的内容与数据库所记录的不同",
        "migration {number} is not the one that was applied to the database",
    )
    exit_code = UNUSABLE


# --- the home


class HomeMissing(LedgerError):
    code, zh, en = (
        "home-missing",
        "目录{home}中没有账本,请先运行 init 或 simulate",
        "there is no ledger in {home}; run init or simulate first",
    )


class HomeNewer(LedgerError):
    code, zh, en = (
        "home-newer",
        "目录{home}由更新的版本(格式{found})建立,本版本只认识格式{known}",
        "home {home} has format {found}, newer than the {known} this version knows",
    )
    exit_code = UNUSABLE


class HomeMismatch(LedgerError):
    code, zh, en = (
        "home-mismatch",
        "目录{home}的{what}为{found},与所给的{given}不同",
        "home {home} has {what} {found}, not the given {given}",
    )
    exit_code = 3


class HomeSimulated(HomeMismatch):
    """A city with a seed, where a home for real use was asked for."""

    zh, en = (
        "目录{home}是模拟城市(种子{found}),不是业务账本;请另选--home",
        "home {home} is a simulated city (seed {found}), not for real use; choose another --home",
    )


class HomeNotSimulated(HomeMismatch):
    """A home for real use, where a city was to be simulated."""

    zh, en = (
        "目录{home}不是simulate建立的模拟城市;请另选--home",
        "home {home} was not made by simulate; choose another --home",
    )


# --- the vault


class VaultKeyMissing(LedgerError):
    code, zh, en = (
        "vault-key-missing",
        "密钥库中没有所需的密钥:{what}",
        "the vault has no key for {what}",
    )
    exit_code = UNUSABLE


class SealBroken(LedgerError):
    code, zh, en = (
        "seal-broken",
        "密封内容无法打开:{what}",
        "the sealed content cannot be opened: {what}",
    )
    exit_code = UNUSABLE
