"""Administrative divisions by their GB/T 2260 code, and which of them lies within which.

A code has six digits: province, city, district or county, two digits each; a part written 00 means
all of that level. An officer acts within a division and those below it, and ``covers`` is that
test. This module knows no names and no list of divisions (the catalog has them), and never takes
the prefix of an identity number for a residence.
"""

import msgspec

from ledger.domain.errors import UnknownDivision


class Division(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One division; ``urban`` is None where both town and country lie below it."""

    code: str
    zh: str
    en: str
    parent: str | None = None
    urban: bool | None = None


def covers(parent_code: str, code: str) -> bool:
    """Whether ``code`` is ``parent_code`` itself or lies below it.

    Raises ``UnknownDivision`` for what is not six digits with a province.
    """
    for each in (parent_code, code):
        if not is_division_code(each):
            raise UnknownDivision(division=each)
    return code.startswith(_prefix(parent_code))


def is_division_code(code: str) -> bool:
    """Whether ``code`` is well-formed: six ASCII digits, no level below one that is 00."""
    if len(code) != 6 or not (code.isascii() and code.isdigit()) or code.startswith("00"):
        return False
    return code[2:4] != "00" or code[4:] == "00"


def _prefix(code: str) -> str:
    if code.endswith("0000"):
        return code[:2]
    return code[:4] if code.endswith("00") else code
