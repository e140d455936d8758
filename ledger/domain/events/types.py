"""Field types shared by events: the constraint a reader may rely on, stated once.

Bounds are enforced whenever bytes are made or read; patterns are stated in the schema only.
"""

from typing import Annotated, Literal

import msgspec

Fen = Annotated[int, msgspec.Meta(gt=0, le=2**53 - 1, description="an amount in fen (1/100 yuan)")]
FenOrZero = Annotated[
    int, msgspec.Meta(ge=0, le=2**53 - 1, description="an amount in fen, possibly zero")
]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1, description="a count")]
Quantity = Annotated[int, msgspec.Meta(gt=0, le=2**31, description="how many, at least one")]
MonthText = Annotated[
    str,
    msgspec.Meta(
        min_length=7,
        max_length=7,
        description="a month, YYYY-MM",
        extra_json_schema={"pattern": "^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$"},
    ),
]
Digest = Annotated[
    str,
    msgspec.Meta(
        min_length=64,
        max_length=64,
        description="SHA-256, lower-case hexadecimal",
        extra_json_schema={"pattern": "^[0-9a-f]{64}$"},
    ),
]
Category = Annotated[int, msgspec.Meta(ge=1, le=7, description="category, GB/T 26341")]
Grade = Annotated[int, msgspec.Meta(ge=1, le=4, description="grade, 1 the most severe")]
Code = Annotated[
    str,
    msgspec.Meta(pattern="^[!-~]+$", description="a code in printable ASCII, without spaces"),
]
DivisionCode = Annotated[
    str, msgspec.Meta(pattern="^[0-9]{6}$", description="a division's code, GB/T 2260")
]
GrantFact = Literal["start_month"]
Year = Annotated[int, msgspec.Meta(ge=1900, le=2099, description="a calendar year")]
