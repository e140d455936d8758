"""The words of the screen, Chinese first and English second, by a key.

Only labels and sentences of the command line are here. Errors bring their own words, programs
theirs from the catalog, and events theirs from the decision that made them.
"""

LABELS: dict[str, tuple[str, str]] = {
    # columns
    "account": ("科目", "account"),
    "account-number": ("账号", "account number"),
    "active": ("有效", "active"),
    "actor": ("经办人", "actor"),
    "actual": ("重放", "replayed"),
    "amount": ("金额(元)", "amount (yuan)"),
    "balance": ("余额", "balance"),
    "bank": ("银行", "bank"),
    "batch": ("批次", "batch"),
    "beneficiary": ("受益对象", "beneficiary"),
    "change": ("变动(元)", "change (yuan)"),
    "check": ("检查", "check"),
    "count": ("笔数", "lines"),
    "credit": ("贷方", "credit"),
    "debit": ("借方", "debit"),
    "detail": ("说明", "detail"),
    "digest": ("摘要", "digest"),
    "division": ("区划", "division"),
    "effective": ("生效", "effective"),
    "enrollment": ("登记", "enrollment"),
    "event": ("事件", "event"),
    "events": ("事件", "events"),
    "expected": ("应有", "expected"),
    "figure": ("指标", "figure"),
    "found": ("事实", "found"),
    "fund": ("资金", "fund"),
    "granted": ("核定", "granted"),
    "holds": ("符合", "holds"),
    "id-number": ("证件号码", "identity number"),
    "in_transit": ("在途", "in transit"),
    "kind": ("类型", "kind"),
    "last-month": ("最近到账月", "last month settled"),
    "left": ("剩余", "left"),
    "matches": ("一致", "match"),
    "month": ("月份", "month"),
    "name": ("名称", "name"),
    "ok": ("正常", "ok"),
    "overpaid": ("多发", "overpaid"),
    "owed": ("应退", "owed"),
    "payable": ("应付", "payable"),
    "payrun": ("发放批次", "pay run"),
    "period": ("周期", "period"),
    "position": ("位置", "position"),
    "printed": ("公布", "published"),
    "program": ("项目", "program"),
    "rate": ("标准(元)", "rate (yuan)"),
    "rebuilt": ("重建", "rebuilt"),
    "recorded": ("记录时间", "recorded"),
    "returned": ("退回", "returned"),
    "rows": ("行数", "rows"),
    "rule": ("规则", "rule"),
    "settled": ("到账", "settled"),
    "source": ("来源", "source"),
    "start-month": ("起始月", "start month"),
    "status": ("状态", "status"),
    "subject": ("主体", "subject"),
    "total": ("总额(元)", "total (yuan)"),
    "type": ("类型", "type"),
    "unit": ("单位", "unit"),
    "value": ("数值", "value"),
    "view": ("视图", "view"),
    "what": ("内容", "what"),
    "why": ("原因", "why"),
    # sentences
    "adopted": (
        "采用项目{programs}个、规则{rules}条,开立资金{funds}个",
        "adopted {programs} programs and {rules} rules, opened {funds} funds",
    ),
    "balance-title": ("{person} 的收支", "Balances of {person}"),
    "bank-file-written": (
        "已写入{path}:{lines}笔,{total}元(仅所有者可读)",
        "wrote {path}: {lines} lines, {total} yuan (readable by its owner only)",
    ),
    "catalog-good": (
        "目录无误:{programs}个项目,{funds}个资金",
        "{programs} programs and {funds} funds, no problem",
    ),
    "demo-failed": ("演示未通过:{what}", "the demonstration failed: {what}"),
    "demo-ok": (
        "全部一致:{total}项指标逐项相符,试算平衡为零,两次独立重建的摘要相同",
        "All agree: {total} of {total} figures match, the trial balance is zero, and two "
        "independent rebuilds give the same digests",
    ),
    "demo-ok-short": ("演示完成,用时{seconds:.0f}秒", "done in {seconds:.0f} s"),
    "digests-differ": ("重建后摘要不同:{views}", "rebuilt with other digests: {views}"),
    "digests-equal": (
        "两次独立重建:{views}个视图、{rows:,}行,摘要均与现有视图相同",
        "two independent rebuilds: {views} views, {rows:,} rows, digests equal to the live ones",
    ),
    "earmark-widened": (
        "资金{fund}的专项范围已加入:{programs}",
        "fund {fund} may now pay for: {programs}",
    ),
    "erased": ("(已清除)", "(erased)"),
    "error": ("错误", "error"),
    "explained": (
        "{zh}:{total},共{n}个事件;{rule}",
        "{en}: {total}, from {n} events; {rule}",
    ),
    "key": ("幂等键:{id}", "idempotency key: {id}"),
    "left-out": ("未列入发放:", "left out:"),
    "made-home": ("账本目录:{home}(机构{operator})", "home {home} of operator {operator}"),
    "matching": ("一致{n}项,共{total}项", "{n} of {total} figures match"),
    "money": (
        "资金净额:公布{published}元,重放{replayed}元",
        "money, net: {published} yuan published, {replayed} yuan replayed",
    ),
    "more-rows": ("只列出前{n}行,可用 --limit 增加", "the first {n} rows; see --limit"),
    "next": ("接下来可以试:", "What to try next:"),
    "notes": ("原文中的矛盾与说明:", "Contradictions in the source, noted:"),
    "notice-exported": (
        "公示名单已写入{path}:{lines}人",
        "public list written to {path}: {lines} lines",
    ),
    "notice-title": ("公示名单({month} {program})", "Public notice ({month} {program})"),
    "payrun-is": (
        "{payrun}:{status},{count}笔,{total}元",
        "{payrun}: {status}, {count} lines, {total} yuan",
    ),
    "problems": ("发现{n}个问题", "{n} problems found"),
    "projected": (
        "视图已到位置{position:,}({seconds:.1f}秒)",
        "views at position {position:,} ({seconds:.1f} s)",
    ),
    "projecting": ("更新视图", "projecting"),
    "rebuilding": ("重建视图", "rebuilding"),
    "rebuilding-aside": ("另行重建", "rebuilding aside"),
    "repeated-key": (
        "此幂等键已执行过,返回原结果",
        "this key was used before; the first result stands",
    ),
    "report-title": (
        "{city}{year}年度指标:公布与重放(规模{scale})",
        "{city}, fiscal year {year}: published and replayed (scale {scale})",
    ),
    "simulated": (
        "模拟完成:{events:,}个事件({seconds:.0f}秒),目录{home}",
        "simulated {events:,} events in {seconds:.0f} s, home {home}",
    ),
    "simulating": ("模拟", "simulating"),
    "sound": ("全部{n}项检查正常", "all {n} checks passed"),
    "sum": ("合计", "sum"),
    "ten-thousand": ("万 ", "10k "),
    "trial-balance": ("试算平衡(元)", "Trial balance (yuan)"),
    "trial-zero": (
        "试算平衡:借贷差额{balance}元",
        "trial balance: debits less credits {balance} yuan",
    ),
    "unquantified": ("公布中未列数字的项目", "Programs named without a figure"),
}


def label(key: str, lang: str) -> str:
    """The text of a key in ``zh`` or ``en``."""
    zh, en = LABELS[key]
    return en if lang == "en" else zh
