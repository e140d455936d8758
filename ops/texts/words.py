"""Codes of the catalog, of figures and of states in Chinese; in English a code is its own word.

JSON has the codes in either language.
"""

UNITS = {
    "case": "件",
    "class": "期",
    "device": "件",
    "device-class": "类",
    "episode": "期",
    "group": "批",
    "household": "户",
    "item": "条",
    "medal": "枚",
    "organization": "家",
    "percent": "%",
    "person": "人",
    "rank": "名次",
    "service-type": "项",
    "session": "期",
    "visit": "人次",
    "yuan": "元",
    "yuan/person/month": "元/人/月",
    "yuan/person/once": "元/人/次",
    "yuan/person/year": "元/人/年",
}
"""What a published figure is counted in."""

STATES = {
    "applied": "已申请",
    "approved": "已批准",
    "assessed": "已审核",
    "cancelled": "已取消",
    "computed": "已核算",
    "ended": "已终止",
    "issued": "已下达",
    "notice-closed": "公示期满",
    "noticed": "公示中",
    "opened": "已开立",
    "rejected": "未批准",
    "settled": "已回盘",
    "suspended": "已停发",
}
"""Where a pay run or an enrollment is."""

KINDS = {
    "activity": "活动",
    "case": "个案",
    "contribution": "代缴保费",
    "device": "辅助器具",
    "donation": "捐赠",
    "employment": "就业",
    "entitlement-in-kind": "实物待遇",
    "one-off-cash": "一次性现金",
    "periodic-cash": "定期现金",
    "policy": "政策文件",
    "poverty": "脱贫",
    "service": "服务",
    "training": "培训",
    "works": "工程",
}
"""What a program gives."""

PERIODS = {"month": "月", "none": "无", "once": "一次性", "year": "年"}
"""How often a rule pays."""

SOURCES = {"assumed": "假定", "published": "公布", "reported": "报道"}
"""What a rule's figures rest on."""

FLAGS = {"False": "否", "None": "未知", "True": "是"}
"""What a fact is that is a flag, or not known."""
