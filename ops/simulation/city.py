"""A synthetic city: people who do not exist, well-formed and reproducible from a seed.

Names come from a word list of ours; identity numbers have a correct check digit and a sequence
from 990 on, which marks them as fictitious. The counts are chosen so that every program of the
year finds the beneficiaries its rule asks for.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from random import Random

from stdnum.iso7064 import mod_11_2

from ledger.domain.errors import LedgerError
from ledger.domain.stream import derived_id
from ledger.vault import Vault

DIVISIONS = (
    ("220202", True, 14),
    ("220203", True, 10),
    ("220204", True, 12),
    ("220211", True, 8),
    ("220221", False, 11),
    ("220281", False, 12),
    ("220282", False, 11),
    ("220283", False, 12),
    ("220284", False, 10),
)
"""Division, whether most live in town, and a weight of its population."""

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "安柏晨岱恩帆谷禾嘉康朗明宁沛祺容森棠文熙晓彦毅悦泽芷昭哲筝竹"

CARE = 34_100
LOW_INCOME = 36_700
BOTH = 13_000
OTHERS = 3_000
"""Full-size cohorts: in need of care, of low income, both at once, and neither."""


CHILDREN = (2, 4, 5, 6, 7) * 4
"""Categories of a few further children, so that the smallest city has some of each."""


SMALLEST, LARGEST = Fraction(1, 100), 10
"""The cities whose year is simulated: in smaller ones some program finds nobody."""


class CityTooSmall(LedgerError):
    """No year can be planned from this seed: ``what`` finds too few people or households."""

    code, zh, en = (
        "city-too-small",
        "规模{scale}的城市太小,排不出一年的事务:{what}",
        "a city of scale {scale} is too small to plan a year for: {what}",
    )


def sized(count: int, scale: Fraction) -> int:
    """A count's share in a smaller city: rounded half up, at least one."""
    return max(1, int(count * scale + Fraction(1, 2)))


@dataclass(slots=True)
class Citizen:
    """One person of the plan; ``low_income`` and ``needs_care`` as of the start of the year."""

    index: int
    person: str
    id_number: str
    name: str
    division: str
    urban: bool
    born: date
    sex: str
    category: int
    grade: int
    low_income: bool
    needs_care: bool
    vehicle: bool
    student: str
    account: str
    household: str | None = None

    @property
    def age(self) -> int:
        """Years by calendar year in 2017, as the rules count them."""
        return 2017 - self.born.year

    @property
    def certificate(self) -> str:
        return f"{self.id_number}{self.category}{self.grade}"


def populate(seed: int, scale: Fraction, vault: Vault, year: int) -> list[Citizen]:
    """Everyone, in order of registration: care and low income first, then care, low income, others.

    Within each cohort, ages and categories cycle so that any large enough slice holds every kind.
    """
    care, low, both = (sized(n, scale) for n in (CARE, LOW_INCOME, BOTH))
    others = sized(OTHERS, scale) + len(CHILDREN)
    total = care + low - both + others
    cohorts = (
        [(True, True)] * both
        + [(True, False)] * (care - both)
        + [(False, True)] * (low - both)
        + [(False, False)] * others
    )
    draw = Random(f"{seed} city")
    used: dict[tuple[str, date, bool], int] = {}
    citizens = []
    for i, (needs_care, low_income) in enumerate(cohorts):
        citizen = _citizen(i, draw, used, vault, year, child=i >= total - len(CHILDREN))
        citizen.needs_care, citizen.low_income = needs_care, low_income
        citizen.grade = draw.choice((1, 2)) if needs_care else draw.choice((2, 3, 3, 4, 4))
        citizens.append(citizen)
    for citizen, category in zip(citizens[-len(CHILDREN) :], CHILDREN, strict=True):
        citizen.category = category
    _households(citizens)
    return citizens


def _citizen(
    index: int,
    draw: Random,
    used: dict[tuple[str, date, bool], int],
    vault: Vault,
    year: int,
    *,
    child: bool,
) -> Citizen:
    division, town, _ = draw.choices(DIVISIONS, weights=[w for *_, w in DIVISIONS])[0]
    age = draw.randint(5, 14) if child else _age(draw, index)
    male = draw.random() < 0.55
    born = date(year - age, 1, 1) + timedelta(days=draw.randrange(365))
    category = 4 if index % 5 in (0, 1) else (6, 5, 2, 1, 7, 6, 5, 3)[index // 5 % 8]
    id_number = _identity(draw, used, division, born, male)
    adult = 18 <= age <= 65
    return Citizen(
        index=index,
        person=vault.person_id(id_number),
        id_number=id_number,
        name=draw.choice(SURNAMES) + "".join(draw.choices(GIVEN, k=draw.choice((1, 2, 2)))),
        division=division,
        urban=town if draw.random() < 0.85 else not town,
        born=date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14])),
        sex="male" if male else "female",
        category=category,
        grade=4,
        low_income=False,
        needs_care=False,
        vehicle=adult and category == 4 and draw.random() < 0.6,
        student=_student(age, index),
        account="6217" + "".join(draw.choices("0123456789", k=15)),
    )


def _age(draw: Random, index: int) -> int:
    """Three quarters of working age, an eighth children, an eighth older."""
    match index % 8:
        case 0:
            return draw.randint(3, 17)
        case 1:
            return draw.randint(60, 88)
        case _:
            return draw.randint(18, 59)


def _student(age: int, index: int) -> str:
    if 6 <= age <= 14:
        return "compulsory"
    if 15 <= age <= 17:
        return "senior-secondary"
    if 18 <= age <= 22 and index % 3 == 0:
        return "higher"
    return "none"


def _identity(
    draw: Random,
    used: dict[tuple[str, date, bool], int],
    division: str,
    born: date,
    male: bool,
) -> str:
    """A number of its own: five sequences a sex, day and place of issue, then the next day."""
    while used.get((division, born, male), 0) == 5:
        born = born.replace(day=1, month=1) if born.month == 12 else born + timedelta(days=1)
        division = draw.choice(DIVISIONS)[0]
    taken = used.get((division, born, male), 0)
    used[division, born, male] = taken + 1
    sequence = 990 + 2 * taken + (1 if male else 0)
    body = f"{division}{born:%Y%m%d}{sequence}"
    return str(body + mod_11_2.calc_check_digit(body))


def _households(citizens: list[Citizen]) -> None:
    """Every third person shares the household of the one before, if they live together."""
    for before, citizen in zip([None, *citizens[:-1]], citizens, strict=True):
        shares = (
            before is not None
            and citizen.index % 3 == 2
            and before.division == citizen.division
            and before.household is not None
        )
        if shares and before is not None:
            citizen.household = before.household
        elif citizen.age >= 18:
            citizen.household = derived_id("household", citizen.person)
