"""Runs an audit over a home, with what the home's ``audit`` folder adds to the log.

``audit/officers.toml`` is the register of officers' accounts and kin, ``audit/parameters.toml`` has
further parameters, both as an inspection office keeps them. The last answer is kept there too and
given again while the log, the bounds and these files are the same, so that a finding can be
looked up without folding the log once more. Whoever can write the home can write that file as
well: what is to be relied on (``audit run``, an export) is computed anew.
"""

import hashlib
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from ledger.domain.errors import InvalidValue, LedgerError, NotFound
from ledger.domain.stream import program_id
from ledger.log.feed import Record
from ledger.recognition import Recognition
from ledger.store.heads import SignedHead
from ops.files import FileUnusable, write_whole
from ops.home import Home
from projections.asof import AsOf
from projections.checks import ALL_CHECKS
from projections.checks.audit import Audit, Progress, audit
from projections.checks.check import Check
from projections.checks.explain import FindingExplanation, Prover, explain_finding, no_proof
from projections.checks.finding import Finding
from projections.checks.parameters import Parameter, Parameters
from projections.checks.sources import Register, Sources


class UnknownCheck(LedgerError):
    code, zh, en = (
        "unknown-check",
        "没有这项检查:{check}(现有:{known})",
        "no such check: {check} (there are: {known})",
    )


CHECKS: dict[str, type[Check]] = {check.code: check for check in ALL_CHECKS}
"""Every check by its code."""

KEPT = "last-run.json"


def checks_of(codes: Sequence[str] | None) -> tuple[type[Check], ...]:
    """The checks named, in the order of the table; all if none is. Raises :class:`UnknownCheck`."""
    if not codes:
        return ALL_CHECKS
    if unknown := sorted(set(codes) - CHECKS.keys()):
        raise UnknownCheck(check=", ".join(unknown), known=", ".join(CHECKS))
    return tuple(check for check in ALL_CHECKS if check.code in codes)


def sources_of(home: Home) -> Sources:
    """Parameters, register and recognition of a home; a copy without its vault has the last not.

    Raises :class:`InvalidValue` for a file of the audit folder that cannot be read.
    """
    folder = home.path / "audit"
    register = _read(folder / "officers.toml", Register) or Register()
    more = _read(folder / "parameters.toml", _More)
    packaged = Parameters.packaged()
    parameters = Parameters([*packaged.entries, *more.parameters]) if more else packaged
    known = {(p.check, p.name) for p in packaged.entries}
    for entry in more.parameters if more else []:
        if (entry.check, entry.name) not in known:
            raise InvalidValue(field="parameters.toml", value=f"{entry.check}.{entry.name}")
    vault = (home.path / "vault" / "vault.db").exists()
    return Sources(
        parameters=parameters,
        register=register,
        recognizer=Recognition(home.vault) if vault else None,
    )


class _More(msgspec.Struct, frozen=True):
    parameters: list[Parameter] = []


class _Kept(msgspec.Struct, frozen=True):
    """An answer and the digest of the question."""

    asked: str
    audit: Audit


def run(
    home: Home,
    bound: AsOf,
    codes: Sequence[str] | None = None,
    progress: Progress | None = None,
    *,
    anew: bool = False,
) -> Audit:
    """The audit's answer: the one kept, unless it is asked for ``anew``."""
    checks = checks_of(codes)
    sources = sources_of(home)
    file = home.path / "audit" / KEPT
    asked = _digest(home, bound, checks, sources)
    kept = None if anew else _kept(file)
    if kept is not None and kept.asked == asked:
        return kept.audit
    made = audit(home.feed, checks, sources, bound, progress)
    _keep(file, _Kept(asked, made))
    return made


def find(made: Audit, wanted: str) -> Finding:
    """A finding by its id, or by a beginning of it that no other has. Raises NotFound."""
    found = [f for f in made.findings if f.id.startswith(wanted)]
    found = found or [f for f in made.findings if f.id.startswith(f"finding-{wanted}")]
    if len(found) != 1:
        raise NotFound(what=wanted)
    return found[0]


def explain(home: Home, finding: Finding, prove: Prover = no_proof) -> FindingExplanation:
    """What a finding rests on, read from the log again."""
    rules = home.store.stream(program_id(finding.program)) if finding.program else []
    records = [_record(home, position) for position in finding.positions]
    return explain_finding(
        finding, CHECKS[finding.code], sources_of(home).parameters, records, rules, prove=prove
    )


def last_head(home: Home) -> SignedHead | None:
    """The checkpoint that was signed last, if the log's heads are signed at all."""
    with home.store.heads() as heads:
        return heads.last()


def prover(home: Home, head: SignedHead | None) -> Prover:
    """Proves inclusion in the log of a signed head; events after it, or without it, have none."""
    if head is None:
        return no_proof
    log, size = home.log, head.size

    def prove(position: int) -> dict[str, Any] | None:
        return log.inclusion(position, size).document() if position < size else None

    return prove


def _record(home: Home, position: int) -> Record:
    for batch in home.feed.read(position, position + 1):
        return batch[0]
    raise NotFound(what=str(position))


def _digest(home: Home, bound: AsOf, checks: Sequence[type[Check]], sources: Sources) -> str:
    """What an answer depends on: how far the log goes and its last event, bounds, checks, files."""
    end = home.feed.end()
    asked: dict[str, Any] = {
        "end": end,
        "last": hashlib.sha256(_record(home, end - 1)[1]).hexdigest() if end else "",
        "bound": [bound.position, bound.recorded, bound.effective],
        "checks": [c.code for c in checks],
        "parameters": sources.parameters.entries,
        "register": sources.register,
        "vault": sources.recognizer is not None,
    }
    return hashlib.sha256(msgspec.json.encode(asked)).hexdigest()


def _kept(file: Path) -> _Kept | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return None


def _keep(file: Path, kept: _Kept) -> None:
    """Keep an answer; a home that may only be read is audited all the same."""
    with suppress(FileUnusable, FileExistsError, PermissionError):
        file.parent.mkdir(exist_ok=True)
        write_whole(file, 0o644, lambda out: out.write(msgspec.json.encode(kept)))


def _read(file: Path, kind: type[Any]) -> Any:
    """A TOML file as a value; None where there is none."""
    try:
        return msgspec.convert(tomllib.loads(file.read_text("utf-8")), kind)
    except FileNotFoundError:
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise InvalidValue(field=file.name, value=str(error)) from error
    except OSError as error:
        raise FileUnusable(file=str(file), reason=error.strerror) from error
