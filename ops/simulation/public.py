"""The year in public: donations, cases, news, episodes, classes, sport, policies and pilots."""

from collections.abc import Iterator

from ledger.application import Command
from ledger.commands.activity import AirEpisode, HoldActivity, PublishItem, RecordResult
from ledger.commands.case import AssignCase, CloseCase, ReceiveCase, ReopenCase, ResolveCase
from ledger.commands.program import DesignatePilot, ReceiveDonation, SetTarget
from ledger.domain.activity import Form, Medium
from ledger.domain.case import case_id
from ledger.domain.events.activity import Medal
from ops.simulation.calendar import CITY, accountant, director
from ops.simulation.city import sized
from ops.simulation.deliveries import CLASSES, GOODS_FEN, WHEELCHAIRS_FEN
from ops.simulation.plan import Scenario
from ops.simulation.runner import Item, Runner

CASH_GIFTS_FEN = 5_000_000
REHAB_TARGET = 19_143
CASES = {"complaint": 120, "legal-aid": 17, "petition-individual": 190}
GROUP_VISITORS = (33, 34, 34, 34, 34, 34)
NEWS: tuple[tuple[str, Medium, str, int], ...] = (
    ("news-broadcast", "broadcast", "市广播电视台", 112),
    ("news-print", "print", "江城日报", 83),
    ("news-web", "web", "市残联网站", 2_665),
)
MEDALS: dict[str, dict[Medal, int]] = {
    "省第二届残疾人运动会": {"gold": 22, "silver": 24, "bronze": 21},
    "全国特奥轮滑": {"gold": 3, "silver": 5, "bronze": 8},
}
RANKS = {
    "第十一届世界特奥会地板曲棍": 4,
    "2017年国际特殊奥林匹克东亚区融合篮球赛": 1,
}
PILOTS = {
    "employment-quota": "按比例安排残疾人就业省级试点",
    "rehab-information-pilot": "全国康复服务机构信息发布试点",
    "disability-prevention-pilot": "全国残疾预防综合试验区试点",
    "precise-rehab-pilot": "全省残疾人精准康复服务试点",
}
POLICIES = (
    "service-institution-policy",
    "child-rehab-policy",
    "two-exemptions-one-subsidy",
    "student-aid-project",
    "school-coverage",
)
HELD: tuple[tuple[str, Form, str, int, int], ...] = (
    ("practical-training", "class", "实用技术培训班", 1, 3),
    ("vocational-training", "class", "职业技术培训班", CLASSES, 3),
    ("rehab-training-session", "session", "精准康复培训班", 16, 5),
    ("skills-contest", "contest", "职业技能竞赛", 1, 6),
    ("training-base-seminar", "seminar", "全国残疾人职业培训基地研讨会", 1, 7),
    ("legal-outreach", "outreach", "普法宣传", 1, 5),
    ("website-accessibility", "outreach", "网站无障碍改造上线", 1, 8),
    ("art-performance", "show", "第六届残疾人艺术汇演", 1, 9),
    ("art-exhibition", "exhibition", "第六届残疾人优秀艺术作品展", 1, 9),
    ("media-column", "session", "残疾人专题专栏", 1, 4),
)
"""Program, form, title, how many, and the month."""


class PublicYear:
    """What happens in public, month by month."""

    def __init__(self, runner: Runner, scenario: Scenario) -> None:
        self._runner = runner
        self._calendar = scenario.calendar
        self._scale = scenario.scale

    def month(self, month: int) -> None:
        """On the 2nd, what the month has."""
        key = f"{self._calendar.month(month)}/public"
        self._runner.group(key, self._calendar.at(month, 2, 3), lambda: self._items(month))

    def _items(self, month: int) -> Iterator[Item]:
        by = accountant(self._calendar.day(month, 2))
        if month == 1:
            yield from self._beginning()
        for program, form, title, count, held_in in HELD:
            if held_in == month:
                for n in range(sized(count, self._scale)):
                    held = HoldActivity(
                        program=program,
                        division=CITY,
                        reference=f"{program}-{n + 1}",
                        form=form,
                        title=f"{title}{n + 1}",
                        attendees=50,
                    )
                    yield held, by
        yield from self._news(month)
        yield from self._cases(month)
        if month == 8:
            yield from self._sport()

    def _beginning(self) -> Iterator[Item]:
        by = director(self._calendar.day(1, 2))
        target = sized(REHAB_TARGET, self._scale)
        yield (
            SetTarget(
                program="rehab-service",
                year=self._calendar.year,
                target=target,
                document="省政府民生实事任务书",
            ),
            by,
        )
        for program, title in PILOTS.items():
            pilot = DesignatePilot(
                program=program, title=title, authority="上级残联", document="试点通知"
            )
            yield pilot, by
        for program in POLICIES:
            policy = HoldActivity(
                program=program,
                division=CITY,
                reference=program,
                form="policy",
                title="政策发布",
                document="市政府文件",
            )
            yield policy, by
        gifts = (
            ("cash", CASH_GIFTS_FEN, None, None),
            ("goods", GOODS_FEN, "学习用品", sized(20, self._scale)),
            ("goods", WHEELCHAIRS_FEN, "脑瘫儿童轮椅", sized(60, self._scale)),
        )
        for n, (form, total_fen, item, quantity) in enumerate(gifts):
            gift = ReceiveDonation(
                fund="charity",
                donation=f"donation-{n + 1}",
                form="cash" if form == "cash" else "goods",
                amount_fen=sized(total_fen, self._scale),
                item=item,
                quantity=quantity,
                donor="示例爱心企业",
            )
            yield gift, by

    def _news(self, month: int) -> Iterator[Item]:
        by = accountant(self._calendar.day(month, 2))
        for program, medium, outlet, count in NEWS:
            for n in self._share(count, month):
                item = PublishItem(
                    program=program,
                    division=CITY,
                    medium=medium,
                    outlet=outlet,
                    reference=f"{program}-{n + 1}",
                    title=f"残疾人事业报道{n + 1}",
                )
                yield item, by
        for n in self._share(48, month):
            aired = AirEpisode(
                program="sign-language-program", division=CITY, channel="市电视台", episode=n + 1
            )
            yield aired, by

    def _cases(self, month: int) -> Iterator[Item]:
        by = accountant(self._calendar.day(month, 2))
        for program, count in CASES.items():
            for n in self._share(count, month):
                reopened = program == "complaint" and n == 0
                yield from ((c, by) for c in _case(program, n, 1, reopened=reopened))
        for n in self._share(len(GROUP_VISITORS), month):
            visitors = self._group(n)
            yield from ((c, by) for c in _case("petition-group", n, visitors, reopened=False))

    def _group(self, n: int) -> int:
        """Visitors of the n-th group, so that all groups together keep the year's share."""
        groups = sized(len(GROUP_VISITORS), self._scale)
        share = sized(sum(GROUP_VISITORS), self._scale)
        return max(1, share // groups + (1 if n < share % groups else 0))

    def _sport(self) -> Iterator[Item]:
        by = accountant(self._calendar.day(8, 2))
        for competition, medals in MEDALS.items():
            for color, count in medals.items():
                for n in range(count):
                    won = RecordResult(
                        program="sport",
                        division=CITY,
                        competition=competition,
                        discipline=f"{color}-{n + 1}",
                        medal=color,
                    )
                    yield won, by
        for competition, rank in RANKS.items():
            ranked = RecordResult(
                program="sport",
                division=CITY,
                competition=competition,
                discipline="团体",
                rank=rank,
            )
            yield ranked, by

    def _share(self, count: int, month: int) -> range:
        """The month's share of a year's count, numbered through the year."""
        total = sized(count, self._scale)
        return range(total * (month - 1) // 12, total * month // 12)


def _case(program: str, n: int, visitors: int, *, reopened: bool) -> Iterator[Command]:
    number = f"{program}-{n + 1:04d}"
    case = case_id(number)
    yield ReceiveCase(
        program=program,
        number=number,
        division=CITY,
        visitors=visitors,
        channel="来访",
        topic="补贴与救助",
        text="来访人反映的情况",
    )
    yield AssignCase(case=case, handler=f"officer-{CITY}-04")
    yield ResolveCase(case=case, outcome="已答复")
    if reopened:
        yield ReopenCase(case=case, reason="当事人不认可答复")
        yield AssignCase(case=case, handler=f"officer-{CITY}-05")
        yield ResolveCase(case=case, outcome="重新核查并解决")
    yield CloseCase(case=case)
