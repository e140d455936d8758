"""``doctor``: whether a home is sound, check by check. It mends nothing.

Cheap properties (order of times, types, dense versions and positions) are checked on every event;
decoding, canonical bytes and ids on a sample, or on every event with ``--full``. Sealed data is not
opened: that the vault unwraps its own secret shows that the master key fits.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import orjson
import typer

from ledger import codec
from ledger.codec import TYPE_OF
from ledger.domain.errors import LedgerError, NotCanonical
from ledger.domain.events import payrun as pr
from ledger.log.fsck import verify
from ledger.log.proofs import base64
from ledger.randomness import system_clock
from ledger.store.errors import HomeMissing
from ops.cli.log import PROBLEMS
from ops.cli.output import progress, yuan
from ops.cli.session import Session, command, must_be_whole
from ops.home import Home
from ops.signing_checks import Unsound, head_current, head_final, keys_private
from projections.report import trial_balance

app = typer.Typer()

SAMPLE = 20_000
"""Events decoded where not every one is."""
FREE_BYTES = 200_000_000
_NAMING_DOCUMENTS = frozenset(
    TYPE_OF[kind]
    for kind in (
        pr.PayRunComputed,
        pr.PayRunNoticed,
        pr.PayRunApproved,
        pr.PayRunIssued,
        pr.PayRunSettled,
        pr.PayRunDataAccessed,
    )
)
_DIGESTS = ("lines", "left_out_lines", "result", "persons")


class Check(NamedTuple):
    """One line of the doctor's list."""

    name: str
    zh: str
    en: str
    ok: bool
    detail: str
    error: LedgerError | None = None

    def said(self, lang: str) -> str:
        """What was found, for the screen."""
        return f"{self.error.code}: {self.error.message(lang)}" if self.error else self.detail


class Log(NamedTuple):
    """What one reading of every stored event found."""

    events: int
    sampled: int
    wrong: list[str]
    unordered: list[str]
    documents: set[str]


@command(app, "doctor", help="检查账本是否完好 | Check that a home is sound")
def doctor(
    session: Session,
    full: Annotated[
        bool, typer.Option("--full", help="逐个解码全部事件 | Decode every event")
    ] = False,
) -> int:
    """Exit status 1 when any check fails."""
    if not (session.home / "home.toml").exists():
        raise HomeMissing(home=str(session.home))
    checks = list(_checks(session, full))
    failed = [c for c in checks if not c.ok]
    if session.json:
        listed = [{k: v for k, v in c._asdict().items() if k != "error"} for c in checks]
        session.out.document({"ok": not failed, "full": full, "checks": listed})
    else:
        rows = [(session.pick(c.zh, c.en), c.ok, c.said(session.lang)) for c in checks]
        session.out.table(None, ("check", "ok", "detail"), rows)
        key = "problems" if failed else "sound"
        session.out.line(session.say(key, n=len(failed) or len(checks)))
    return 1 if failed else 0


def _checks(session: Session, full: bool) -> Iterator[Check]:
    """Every check in order; those that need the home open only where it opens."""
    path = session.home
    yield _check("home", "目录格式", "format of the home", lambda: _format(path))
    yield _check("disk", "磁盘空间", "free disk space", lambda: _disk(path))
    for name in _files(path):
        yield _check(name, f"{name} 完整", f"{name} is intact", partial(_intact, path, name))
    try:
        home = Home.open(path)
        must_be_whole(path)
    except LedgerError:
        return
    try:
        yield from _open_checks(session, home, full)
    finally:
        home.close()


def _open_checks(session: Session, home: Home, full: bool) -> Iterator[Check]:
    logs: list[Log] = []
    yield _check("vault", "密钥库可用", "the vault opens", lambda: _vault(home))
    yield _check("positions", "位置连续", "positions are dense", lambda: _positions(home))
    yield _check("tree", "树与事件一致", "events hash to the tree", lambda: _tree(session, home))
    yield _check("versions", "各流版本连续", "versions are dense", lambda: _versions(home))

    def events() -> str:
        with progress(session.pick("检查事件", "checking events"), session.lang) as report:
            logs.append(_read(home, full, report))
        if logs[0].wrong:
            raise Unsound("; ".join(logs[0].wrong[:3]))
        return f"{logs[0].sampled:,} / {logs[0].events:,}"

    def times() -> str:
        if not logs:
            raise Unsound("?")
        if logs[0].unordered:
            raise Unsound("; ".join(logs[0].unordered[:3]))
        return f"{logs[0].events:,}"

    yield _check("events", "事件可解码且为规范字节", "events decode, canonical, ids fit", events)
    yield _check("times", "记录时间不倒退", "recorded times never fall", times)
    yield _check(
        "documents", "所引文件齐全", "documents named by events", lambda: _documents(home, logs)
    )
    yield _check(
        "views", "视图与日志同步", "views reach the log's end", lambda: _views(session, home)
    )
    yield _check("balance", "试算平衡为零", "the trial balance is zero", lambda: _balance(home))
    yield from _signing_checks(home)


def _signing_checks(home: Home) -> Iterator[Check]:
    now = system_clock()
    yield _check(
        "keys", "签名密钥在手且不外露", "signing keys are here, private", lambda: keys_private(home)
    )
    yield _check(
        "signed",
        "日志已签名(已签/全部)",
        "the log is signed (signed / all)",
        lambda: head_current(home, now),
    )
    yield _check(
        "final",
        "检查点已由见证方会签(至)",
        "heads are final, not left pending (up to)",
        lambda: head_final(home, now),
    )


def _files(path: Path) -> tuple[str, ...]:
    """The SQLite files that belong to the home; where it can't be told, those of the usual one."""
    try:
        in_server = Home.open(path).info.store == "postgres"
    except LedgerError:
        in_server = False
    return ("vault/vault.db",) if in_server else ("ledger.db", "vault/vault.db", "views.db")


def _check(name: str, zh: str, en: str, run: Callable[[], str]) -> Check:
    """Run one check; what it raises is what it found."""
    try:
        return Check(name, zh, en, True, run())
    except LedgerError as error:
        return Check(name, zh, en, False, f"{error.code}: {error}", error)
    except (Unsound, sqlite3.Error, OSError) as error:
        return Check(name, zh, en, False, str(error))


def _format(path: Path) -> str:
    home = Home.open(path)
    return f"{home.info.format} {home.info.operator}"


def _disk(path: Path) -> str:
    free = shutil.disk_usage(path).free
    if free < FREE_BYTES:
        raise Unsound(f"{free // 1_000_000:,} MB")
    return f"{free // 1_000_000:,} MB"


def _intact(path: Path, name: str) -> str:
    file = path / name
    if name == "views.db" and not file.exists():
        return "-"
    if name != "views.db":
        must_be_whole(path, name)
    with _reading(file) as db:
        found = [str(row[0]) for row in db.execute("PRAGMA quick_check(3)")]
    if found != ["ok"]:
        raise Unsound("; ".join(found))
    return f"{file.stat().st_size // 1_000_000:,} MB"


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write."""
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as db:
        yield db


def _vault(home: Home) -> str:
    home.vault.keyed_digest("doctor", "")
    return "-"


def _positions(home: Home) -> str:
    """Every stored event has one position, and every position an event."""
    end = home.feed.end()
    with home.store.order() as order:
        stored, runs = order.count(), order.runs()
    expected, notification = 0, 0
    for first, number, length in runs:
        if first != expected or number <= notification:
            raise Unsound(f"{first} != {expected}")
        expected, notification = first + length, number + length - 1
    if not expected == stored == end:
        raise Unsound(f"{expected:,} {stored:,} {end:,}")
    return f"{end:,}"


def _tree(session: Session, home: Home) -> str:
    """Every event hashed anew: no slower than reading them."""
    with progress(session.pick("校验日志", "verifying the log"), session.lang) as report:
        found = verify(home.store, report)
    if found.problems:
        first = found.problems[0]
        raise Unsound(f"{session.pick(*PROBLEMS[first.kind])}: {first.position} {first.found}")
    return base64(found.root) if found.root is not None else "-"


def _versions(home: Home) -> str:
    count, wrong = home.store.streams()
    if wrong:
        raise Unsound(", ".join(wrong))
    return f"{count:,}"


def _read(home: Home, full: bool, report: Callable[[int, int], None]) -> Log:
    """Every event once: cheap checks on all, decoding on each or on a sample."""
    total = home.feed.end()
    every = 1 if full else max(1, total // SAMPLE)
    wrong: list[str] = []
    unordered: list[str] = []
    documents: set[str] = set()
    before, n, sampled = b"", 0, 0
    for stream, version, topic, raw in home.store.scan():
        time = _recorded(raw)
        if time < before:
            unordered.append(f"{n}: {time.decode(errors='replace')}")
        before = time
        naming = topic in _NAMING_DOCUMENTS
        if naming or n % every == 0:
            sampled += 1
            problem = _event_problem(raw, f"{stream}/{version}", topic)
            if problem is not None:
                wrong.append(f"{n}: {problem}")
            elif naming:
                data = orjson.loads(raw)["data"]
                documents.update(data[name] for name in _DIGESTS if name in data)
        n += 1
        if n % 5_000 == 0:
            report(n, total)
    return Log(n, sampled, wrong, unordered, documents)


def _recorded(raw: bytes) -> bytes:
    """The recorded time; empty where the bytes hold none, which falls below any other."""
    try:
        return codec.recorded(raw)
    except NotCanonical:
        return b""


def _event_problem(raw: bytes, id: str, topic: str) -> str | None:
    try:
        event = codec.decode(raw)
        same = codec.canonical(orjson.loads(raw)) == raw
    except (NotCanonical, orjson.JSONDecodeError) as error:
        return str(error)
    if event.id != id:
        return f"{event.id} != {id}"
    if event.type != topic:
        return f"{event.type} != {topic}"
    return None if same else "bytes"


def _documents(home: Home, logs: list[Log]) -> str:
    digests = logs[0].documents if logs else set()
    for digest in sorted(digests):
        home.documents.get(digest)
    return f"{len(digests):,}"


def _views(session: Session, home: Home) -> str:
    end = home.feed.end()
    position = session.caught_up(home).position()
    if position < end:
        raise Unsound(f"{position:,} / {end:,}")
    return f"{position:,}"


def _balance(home: Home) -> str:
    found = trial_balance(home.projector).balance_fen
    if found:
        raise Unsound(yuan(found))
    return yuan(found)
