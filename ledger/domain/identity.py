"""Identity and certificate numbers: well-formedness, and what may be read off them.

The checks are GB 11643-1999 (18 digits, ISO 7064 MOD 11-2), carried out by python-stdnum. The
first six digits say where a number was first issued and are never taken as a residence.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from stdnum.cn import ric

from ledger.domain.errors import InvalidBirthDate, InvalidCertificate, InvalidIdentityNumber

_FULL_WIDTH = str.maketrans("0123456789Xx", "0123456789XX")
_CERTIFICATE = re.compile(r"(\d{17}[\dX])([1-7])([1-4])(B[1-9])?")


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity number that passed its checks, with the birth date and sex that it states."""

    number: str
    birth_date: date
    sex: Literal["male", "female"]


def parse_identity(text: str, *, today: date) -> Identity:
    """Read an identity number, in full-width digits too.

    Raises :class:`InvalidBirthDate` for a date that is none or lies after ``today`` or more than
    130 years before it, :class:`InvalidIdentityNumber` for anything else that is wrong.
    """
    number = text.translate(_FULL_WIDTH).strip().upper()
    if not re.fullmatch(r"\d{17}[\dX]", number):
        raise InvalidIdentityNumber(reason="length")
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError as error:
        raise InvalidBirthDate(reason="calendar") from error
    if born > today:
        raise InvalidBirthDate(reason="future")
    if today.year - born.year > 130:
        raise InvalidBirthDate(reason="too old")
    # Not ric.validate: it wants the county to have existed at birth, but numbers were first given
    # out in the 1980s, to people of any age, under the county codes of that day.
    if ric.calc_check_digit(number) != number[-1]:
        raise InvalidIdentityNumber(reason="checksum")
    return Identity(number, born, "male" if int(number[16]) % 2 else "female")


def check_certificate(text: str, identity_number: str, category: int, grade: int) -> str:
    """The certificate's number if it agrees with its holder's; InvalidCertificate otherwise.

    Twenty digits: the identity number, the category and the grade at issue, and in practice a
    suffix B1 to B9 for a replacement.
    """
    number = text.translate(_FULL_WIDTH).strip().upper()
    match = _CERTIFICATE.fullmatch(number)
    if match is None:
        raise InvalidCertificate(reason="form")
    if match.group(1) != identity_number:
        raise InvalidCertificate(reason="identity number")
    if (int(match.group(2)), int(match.group(3))) != (category, grade):
        raise InvalidCertificate(reason="category or grade")
    return number


def identity_problems(
    number: str, *, birth_date: str | None, birth_year: int, sex: str
) -> list[str]:
    """Where an identity number disagrees with itself or with what is recorded beside it.

    Codes ``form``, ``checksum``, ``birth-date`` and ``sex``; ``birth_date`` is ISO or absent.
    """
    if not re.fullmatch(r"\d{17}[\dX]", number):
        return ["form"]
    found = []
    if ric.calc_check_digit(number) != number[-1]:
        found.append("checksum")
    stated = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    if stated[:4] != f"{birth_year:04d}" or birth_date not in (None, "", stated):
        found.append("birth-date")
    if sex != ("male" if int(number[16]) % 2 else "female"):
        found.append("sex")
    return found


def mask_name(name: str) -> str:
    """A name for a public notice: the first and last characters at most (张*三, 李*)."""
    if len(name) <= 2:
        return name[:1] + "*"
    return name[0] + "*" * (len(name) - 2) + name[-1]


def mask_number(number: str) -> str:
    """An identity number for a public notice: six leading and four trailing digits at most."""
    return number[:6] + "*" * (len(number) - 10) + number[-4:]
