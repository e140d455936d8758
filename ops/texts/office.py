"""Of the office's work: catalog, applications and rosters, pay runs, queries, exports."""

TEXTS = {
    "adopted": (
        "采用项目{programs}个、规则{rules}条,开立资金{funds}个",
        "adopted {programs} {programs:program|programs} and {rules} {rules:rule|rules}, "
        "opened {funds} {funds:fund|funds}",
    ),
    "balance-title": ("{person} 的收支", "Balances of {person}"),
    "bank-file-written": (
        "已写入{path}:{lines}笔,{total}元(仅所有者可读)",
        "wrote {path}: {lines} {lines:line|lines}, {total} yuan (readable by its owner only)",
    ),
    "catalog-good": (
        "目录无误:{programs}个项目,{funds}个资金",
        "{programs} programs and {funds} funds, no problem",
    ),
    "diff-events": (
        "两个时点之间有{n:,}个事件",
        "{n:,} {n:event lies|events lie} between the two moments",
    ),
    "diff-figures": ("变动的指标", "Figures that changed"),
    "diff-money": (
        "收支变动的人员与项目,共{n:,}项(元)",
        "Whose money changed: {n:,} {n:person and program|persons and programs} (yuan)",
    ),
    "diff-none": ("两个时点之间没有变动", "nothing changed between the two moments"),
    "earmark-widened": (
        "资金{fund}的专项范围已加入:{programs}",
        "fund {fund} may now pay for: {programs}",
    ),
    "erased": ("(已清除)", "(erased)"),
    "error": ("错误", "error"),
    "explained": (
        "{zh}:{total},共{n}个事件;{rule}",
        "{en}: {total}, from {n} {n:event|events}; {rule}",
    ),
    "exported": (
        "已写入{path}:{transactions:,}笔交易,{accounts}个科目余额断言,至位置{position:,}",
        "wrote {path}: {transactions:,} transactions, {accounts} balance assertions, to position "
        "{position:,}",
    ),
    "exporting": ("导出", "exporting"),
    "importing": ("导入", "importing"),
    "key": ("幂等键:{id}", "idempotency key: {id}"),
    "left-out": ("未列入发放:", "left out:"),
    "made-home": ("账本目录:{home}(机构{operator})", "home {home} of operator {operator}"),
    "matching": ("一致{n}项,共{total}项", "{n} of {total} figures match"),
    "money": (
        "资金净额:公布{published}元,重放{replayed}元",
        "money, net: {published} yuan published, {replayed} yuan replayed",
    ),
    "more-rows": ("只列出前{n}行,可用 --limit 增加", "the first {n} rows; see --limit"),
    "notes": ("原文中的矛盾与说明:", "Contradictions in the source, noted:"),
    "notice-exported": (
        "公示名单已写入{path}:{lines}人",
        "public list written to {path}: {lines} {lines:line|lines}",
    ),
    "notice-title": ("公示名单({month} {program})", "Public notice ({month} {program})"),
    "payrun-is": (
        "{payrun}:{status},{count}笔,{total}元",
        "{payrun}: {status}, {count} {count:line|lines}, {total} yuan",
    ),
    "problems": ("发现{n}个问题", "{n} {n:problem|problems} found"),
    "rehearsed": ("只检查,未入账", "checked only, nothing applied"),
    "rejects-written": (
        "退回{rows}行及原因已写入{path}(仅所有者可读)",
        "{rows} rejected {rows:row|rows} and their reasons written to {path} (readable by its "
        "owner only)",
    ),
    "repeated-key": (
        "此幂等键已执行过,返回原结果",
        "this key was used before; the first result stands",
    ),
    "report-title": (
        "{city}{year}年度指标:公布与重放(规模{scale})",
        "{city}, fiscal year {year}: published and replayed (scale {scale})",
    ),
    "sound": ("全部{n}项检查正常", "all {n} checks passed"),
    "ten-thousand": ("万", "10k "),
    "trial-balance": ("试算平衡(元)", "Trial balance (yuan)"),
    "trial-zero": (
        "试算平衡:借贷差额{balance}元",
        "trial balance: debits less credits {balance} yuan",
    ),
    "unknown-headings": (
        "未识别而不采用的列:{headings}",
        "columns not known and not used: {headings}",
    ),
    "unquantified": ("公布中未列数字的项目", "Programs named without a figure"),
}
