"""Codes of the catalog and of figures in Chinese; in English a code is its own word.

JSON has the codes in either language. Those that errors name too are in ``ledger.domain.words``.
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

PERIODS = {"month": "月", "none": "无", "once": "一次性", "year": "年"}
"""How often a rule pays."""

SOURCES = {"assumed": "假定", "published": "公布", "reported": "报道"}
"""What a rule's figures rest on."""

FLAGS = {"False": "否", "None": "未知", "True": "是"}
"""What a fact is that is a flag, or not known."""

AMOUNTS = {
    "cancelled": "撤销",
    "granted": "核定",
    "in_transit": "在途",
    "instructed": "指令",
    "overpaid": "多发",
    "owed": "应退",
    "payable": "应付",
    "recovered": "追回",
    "refunded": "返还",
    "returned": "退回",
    "returned_late": "到账后退回",
    "reversed": "冲销",
    "settled": "到账",
    "waived": "免退",
}
"""What a balance is made of."""

STREAMS = {
    "activity": "活动",
    "case": "个案",
    "enrollment": "登记",
    "organization": "机构",
    "payrun": "发放批次",
    "program": "项目",
}
"""Whose events a report counts of a program that was named without a number."""
