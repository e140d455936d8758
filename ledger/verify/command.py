"""``verify-bundle`` as a command: reads files, checks, and says what is proven and what is not.

Exit status: 0 everything holds; 1 the bundle is refused; 2 it could not be checked, since a file
cannot be read or a key or policy makes no sense, or what was found could not be written.
"""

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from ledger.verify.bundle import Trust, Verified, opened, verify_bundle
from ledger.verify.checkpoint import Policy
from ledger.verify.note import COSIGNATURE, LOG_SIGNATURE, NoteRefused, VerifierKey
from ledger.verify.refusal import Refused
from ledger.verify.report import lines, refusal_lines, summary

NOTE_LIMIT = 1 << 20
"""Bytes of a key, a policy or a note, at most."""


class _Unusable(Exception):
    """What was given cannot be used; it says why in a :class:`Refused`."""

    def __init__(self, refused: Refused) -> None:
        self.refused = refused


def main(arguments: Sequence[str] | None = None, program: str = "verify-bundle") -> int:
    """The command's exit status."""
    given = _parser(program).parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        # On a screen without Chinese the outcome must not end in an error of its own.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = run(
            given.bundle,
            keys=given.key,
            policy=given.policy,
            checkpoint=given.checkpoint,
            unsealed=given.unsealed,
            lang=given.lang,
            as_json=given.format == "json",
        )
        sys.stdout.flush()
    except OSError as error:
        # What is still to be written would be tried again at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # whoever closed it knows
            return _refused(Refused("unwritten", reason=error), 2, given.lang, False, sys.stderr)
        return 2
    return status


def run(
    bundle: Path,
    *,
    keys: Sequence[str] = (),
    policy: Path | None = None,
    checkpoint: Path | None = None,
    unsealed: bool = False,
    lang: str = "zh",
    as_json: bool = False,
    out: TextIO | None = None,
) -> int:
    """Check a bundle and print the outcome; the exit status."""
    to = out or sys.stdout
    try:
        trust = _trust(keys, policy, checkpoint, unsealed)
        try:
            with bundle.open("rb") as file:
                if not file.seekable():
                    raise _Unusable(Refused("unreadable", what=bundle.name, reason="not a file"))
                found = verify_bundle(file, trust)
        except OSError as error:
            raise _Unusable(Refused("unreadable", what=bundle.name, reason=error)) from None
    except _Unusable as error:
        return _refused(error.refused, 2, lang, as_json, to)
    except Refused as error:
        return _refused(error, 1, lang, as_json, to)
    _told(found, lang, as_json, to)
    return 0


def _trust(
    keys: Sequence[str], policy: Path | None, checkpoint: Path | None, unsealed: bool
) -> Trust:
    """What is relied on. Witnesses named by --key alone have all to have cosigned."""
    try:
        given = [VerifierKey.parse(_key_text(key)) for key in keys]
        asked = None if policy is None else Policy.parse(_read(policy).decode())
        log_keys = [key for key in given if key.algorithm == LOG_SIGNATURE]
        witnesses = [key for key in given if key.algorithm == COSIGNATURE]
        if asked is not None and witnesses:
            raise _Unusable(Refused("witnesses-twice"))
        if asked is not None:
            log_keys += [key for key in asked.logs if key not in log_keys]
        elif witnesses:
            asked = Policy(len(witnesses), tuple(witnesses))
    except (NoteRefused, UnicodeDecodeError) as error:
        raise _Unusable(Refused("key", reason=error)) from None
    if not log_keys:
        raise _Unusable(Refused("no-log-key"))
    cosigning = () if asked is None else asked.witnesses
    if {key.public for key in log_keys} & {key.public for key in cosigning}:
        raise _Unusable(Refused("key", reason="a log is named as its own witness"))
    trust = Trust(tuple(log_keys), asked, None, unsealed)
    return trust if checkpoint is None else _retaining(trust, _read(checkpoint))


def _retaining(trust: Trust, note: bytes) -> Trust:
    """With the head that was kept: a damaged one is no fault of the bundle's."""
    try:
        opened(note, trust)
    except Refused as error:
        raise _Unusable(Refused("kept-note", reason=error.fields["reason"])) from None
    return replace(trust, retained=note)


def _key_text(key: str) -> str:
    """A key as it is, or the file that it is in."""
    if "+" in key:
        return key.strip()
    return _read(Path(key)).decode().strip()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(NOTE_LIMIT + 1)
    except OSError as error:
        raise _Unusable(Refused("unreadable", what=path.name, reason=error)) from None
    if not raw.strip():
        raise _Unusable(Refused("empty", what=path.name))
    if len(raw) > NOTE_LIMIT:
        raise _Unusable(Refused("too-large", what=path.name, limit=NOTE_LIMIT))
    return raw


def _told(found: Verified, lang: str, as_json: bool, out: TextIO) -> None:
    if as_json:
        _document({"verified": True, **summary(found)}, out)
    else:
        print("\n".join(lines(found, lang)), file=out)


def _refused(refused: Refused, status: int, lang: str, as_json: bool, out: TextIO) -> int:
    if as_json:
        said: dict[str, Any] = {
            "code": refused.code,
            "zh": refused.message("zh"),
            "en": refused.message("en"),
        }
        _document({"verified": False, "error": said}, out)
    else:
        print("\n".join(refusal_lines(refused, lang, checked=status == 1)), file=out)
    return status


def _document(document: dict[str, Any], out: TextIO) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True)
    # Chinese stays readable; what a screen would act on is escaped as JSON can.
    shown = (c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
    print("".join(shown), file=out)


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument("bundle", type=Path, help="证据包 | the bundle")
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="VKEY",
        help="公钥(或其文件),可多次 | a key of the log or of a witness, or a file with one",
    )
    parser.add_argument("--policy", type=Path, help="见证要求文件 | the policy of witnesses")
    parser.add_argument(
        "--checkpoint", type=Path, metavar="NOTE", help="自己留存的检查点 | the head you kept"
    )
    parser.add_argument(
        "--unsealed",
        action="store_true",
        help="尚无封存时也查验 | accept a person's bundle from before the first seal",
    )
    parser.add_argument("--lang", choices=("zh", "en", "both"), default="both")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    return parser
