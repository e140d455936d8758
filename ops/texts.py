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
    "applied": ("已入账", "applied"),
    "balance": ("余额", "balance"),
    "after": ("此后", "after"),
    "bank": ("银行", "bank"),
    "batch": ("批次", "batch"),
    "before": ("此前", "before"),
    "beneficiary": ("受益对象", "beneficiary"),
    "broker": ("节点", "broker"),
    "change": ("变动(元)", "change (yuan)"),
    "check": ("检查", "check"),
    "column": ("列", "column"),
    "columns": ("列", "columns"),
    "count": ("笔数", "lines"),
    "credit": ("贷方", "credit"),
    "debit": ("借方", "debit"),
    "detail": ("说明", "detail"),
    "difference": ("差异", "difference"),
    "digest": ("摘要", "digest"),
    "division": ("区划", "division"),
    "effective": ("生效", "effective"),
    "enrollment": ("登记", "enrollment"),
    "event": ("事件", "event"),
    "events": ("事件", "events"),
    "expected": ("应有", "expected"),
    "figure": ("指标", "figure"),
    "folded": ("已处理", "folded"),
    "found": ("事实", "found"),
    "first-rows": ("共{total:,}行,只列出前{n}行", "the first {n} of {total:,} rows"),
    "fund": ("资金", "fund"),
    "granted": ("核定", "granted"),
    "heading": ("列", "column"),
    "holds": ("符合", "holds"),
    "id-number": ("证件号码", "identity number"),
    "in_transit": ("在途", "in transit"),
    "kind": ("类型", "kind"),
    "key-columns": ("键", "key"),
    "last-month": ("最近到账月", "last month settled"),
    "left": ("剩余", "left"),
    "matches": ("一致", "match"),
    "month": ("月份", "month"),
    "name": ("名称", "name"),
    "offset": ("位移", "offset"),
    "ok": ("正常", "ok"),
    "overpaid": ("多发", "overpaid"),
    "owed": ("应退", "owed"),
    "partition": ("分区", "partition"),
    "payable": ("应付", "payable"),
    "payrun": ("发放批次", "pay run"),
    "parked-at": ("搁置时间", "parked"),
    "passed-over": ("略过", "passed over"),
    "period": ("周期", "period"),
    "pid": ("进程", "process"),
    "port": ("端口", "port"),
    "position": ("位置", "position"),
    "present": ("账本已有", "there already"),
    "printed": ("公布", "published"),
    "program": ("项目", "program"),
    "rate": ("标准(元)", "rate (yuan)"),
    "read": ("读入", "read"),
    "reason": ("原因", "reason"),
    "ready": ("就绪", "ready"),
    "rebuilt": ("重建", "rebuilt"),
    "recorded": ("记录时间", "recorded"),
    "rejected": ("退回", "rejected"),
    "repeated": ("表内重复", "said twice"),
    "returned": ("退回", "returned"),
    "rows": ("行数", "rows"),
    "rule": ("规则", "rule"),
    "setting": ("设置", "setting"),
    "settled": ("到账", "settled"),
    "source": ("来源", "source"),
    "start-month": ("起始月", "start month"),
    "sql-value": ("SQL重算", "by SQL"),
    "status": ("状态", "status"),
    "subject": ("主体", "subject"),
    "subjects": ("主体数", "subjects"),
    "table": ("表", "table"),
    "topic": ("主题", "topic"),
    "total": ("总额(元)", "total (yuan)"),
    "type": ("类型", "type"),
    "unit": ("单位", "unit"),
    "value": ("数值", "value"),
    "view": ("视图", "view"),
    "waiting": ("等待", "waiting"),
    "wanted": ("应为", "must be"),
    "what": ("内容", "what"),
    "why": ("原因", "why"),
    "at-hand": ("在手", "at hand"),
    "cosigners": ("会签", "cosigners"),
    "head-key": ("签名密钥", "key"),
    "head-origin": ("日志", "log"),
    "head-root": ("树根", "root"),
    "head-signed": ("签名时间", "signed"),
    "head-size": ("大小", "size"),
    "head-status": ("状态", "status"),
    "head-timestamp": ("时间戳", "time stamp"),
    "head-witness": ("会签", "witness"),
    "in-use": ("使用中", "in use"),
    "key-id": ("密钥编号", "key id"),
    "root": ("树根", "root"),
    "signed-at": ("签名时间", "signed"),
    "size": ("大小", "size"),
    "vkey": ("公钥", "verifier key"),
    # sentences
    "cosigned": ("已会签", "cosigned"),
    "final": ("最终(见证方已会签)", "final (cosigned by its witnesses)"),
    "head-was-signed": ("已签名:大小{size:,},{status}", "signed: size {size:,}, {status}"),
    "heads-published": ("已发布检查点{count}个", "published {count} checkpoints"),
    "heads-signed": (
        "签名{count}次,最后大小{size:,}",
        "signed {count} heads, the last of size {size:,}",
    ),
    "log-key-adopted": (
        "已启用签名密钥,公钥如下(私钥在{folder},请单独备份):\n{vkey}",
        "the key is in use; its public half follows (the secret one is in {folder}: back it up "
        "apart from the database)\n{vkey}",
    ),
    "pending": ("待见证", "pending"),
    "unsigned": ("未签名", "unsigned"),
    "pending-means": (
        "待见证:尚无足够的见证方会签,只是操作方自己的陈述",
        "pending: not enough witnesses cosigned it; so far it is the operator's word alone",
    ),
    "stamp-asked": (
        "大小{size:,}的检查点的时间戳请求已写入{file}",
        "wrote the request for the head of size {size:,} to {file}",
    ),
    "stamp-kept": (
        "大小{size:,}的检查点:时间戳{time}(UTC)已核验并保存",
        "the head of size {size:,}: its time stamp {time} (UTC) verifies and is kept",
    ),
    "witness-away": ("见证方{name}未会签:{reason}", "the witness {name} did not cosign: {reason}"),
    "witness-distrusts": (
        "不再信任{origin}的密钥{id}",
        "the key {id} of {origin} is trusted no longer",
    ),
    "witness-made": (
        "见证方已建立于{folder},公钥如下(交给日志的操作方):\n{vkey}",
        "the witness is in {folder}; its public key, for the log's operator, follows\n{vkey}",
    ),
    "witness-serving": ("见证服务:{url}", "the witness serves at {url}"),
    "witness-trusts": (
        "将为{origin}作见证(密钥{id})",
        "{origin} is witnessed, by its key {id}",
    ),
    "archive-same": (
        "账本的前{events:,}个事件与归档逐一相符",
        "the first {events:,} events of the ledger are those archived",
    ),
    "archive-sound": (
        "归档完好:{segments}段,{events:,}个事件,树根{root}",
        "the archive is whole: {segments} segments, {events:,} events, root {root}",
    ),
    "archive-signed": (
        "前{size:,}个事件在已签名的检查点之下:{status};其后{beyond:,}个尚未签名",
        "the first {size:,} events are under a signed head: {status}; {beyond:,} after it are "
        "unsigned",
    ),
    "archive-unsigned": (
        "{status}:归档的事件尚无已签名的检查点",
        "{status}: no signed head is over what is archived",
    ),
    "archived": (
        "已归档至{path}:{segments}段,{events:,}个事件(新增{added:,}个),树根{root}",
        "archived to {path}: {segments} segments, {events:,} events ({added:,} of them new), "
        "root {root}",
    ),
    "archiving": ("归档", "archiving"),
    "adopted": (
        "采用项目{programs}个、规则{rules}条,开立资金{funds}个",
        "adopted {programs} programs and {rules} rules, opened {funds} funds",
    ),
    "balance-title": ("{person} 的收支", "Balances of {person}"),
    "bank-file-written": (
        "已写入{path}:{lines}笔,{total}元(仅所有者可读)",
        "wrote {path}: {lines} lines, {total} yuan (readable by its owner only)",
    ),
    "bundled": (
        "证据包已写入{path}:{events:,}个事件,{size:,}字节(仅所有者可读)",
        "bundle written to {path}: {events:,} events, {size:,} bytes (readable by its owner only)",
    ),
    "bundling": ("导出", "bundling"),
    "catalog-good": (
        "目录无误:{programs}个项目,{funds}个资金",
        "{programs} programs and {funds} funds, no problem",
    ),
    "demo-balance": (
        "试算平衡:借贷差额{yuan}元",
        "the trial balance closes at {yuan} yuan",
    ),
    "demo-down": ("进程与服务均已停止", "processes and servers are stopped"),
    "demo-failed": ("演示未通过:{what}", "the demonstration failed: {what}"),
    "demo-sealed": (
        "{period}年度已封存:{subjects:,}个主体的索引入账",
        "the year {period} is sealed: the index of {subjects:,} subjects is in the log",
    ),
    "demo-signed": (
        "{size:,}个事件的日志已签名,见证方{witness}已答复:{status}",
        "the head of {size:,} events is signed and shown to {witness}: {status}",
    ),
    "demo-bundle": (
        "{person}的证据包({events}个事件,{size:,}字节)以所持公钥与检查点查验无误,无一遗漏:{file}",
        "the bundle of {person} ({events} events, {size:,} bytes) verifies against the pinned keys "
        "and the head its witness holds, and nothing of the person is left out: {file}",
    ),
    "demo-ok": (
        "全部一致:{total}项指标逐项相符,试算平衡为零,两次独立重建的摘要相同,证据包查验无误",
        "All agree: {total} of {total} figures match, the trial balance is zero, two "
        "independent rebuilds give the same digests, and the bundle verifies",
    ),
    "demo-ok-short": ("演示完成,用时{seconds:.0f}秒", "done in {seconds:.0f} s"),
    "demo-figures": (
        "由Kafka更新的视图:{n}项指标与公布数一致,共{total}项",
        "from the views that Kafka fed, {n} of {total} figures match the published account",
    ),
    "demo-flowing": (
        "已入账{stored:,}个事件,其中{folded:,}个已进入视图",
        "{stored:,} events stored, {folded:,} of them in the views",
    ),
    "demo-folded": (
        "全部{events:,}个事件已进入视图(每秒{rate:,.0f}个)",
        "all {events:,} events are in the views ({rate:,.0f} a second)",
    ),
    "demo-kafka-ok": (
        "{checks}项核对全部一致:没有丢失、重复或改动任何事件",
        "All {checks} checks hold: no event was lost, doubled or changed on the way",
    ),
    "demo-killed": (
        "视图有{events:,}个事件时,强行终止{worker}(kill -9,进程{pid})",
        "with {events:,} events in the views, {worker} is killed (kill -9, process {pid})",
    ),
    "demo-reconciled": (
        "逐条比较PostgreSQL与Kafka的{events:,}个事件:差异{differences}处",
        "PostgreSQL and Kafka compared, event by event: {events:,} events, "
        "{differences} differences",
    ),
    "demo-same-log": (
        "同一种子不用任何服务重新模拟:{events:,}个事件逐字节相同(SHA-256 {sha256:.12}…)",
        "the same seed without any server: {events:,} events, byte for byte the same "
        "(SHA-256 {sha256:.12}…)",
    ),
    "demo-same-views": (
        "其{views}个视图、{rows:,}行的摘要与由Kafka更新的视图比较,不同者:{differing}",
        "its {views} views, {rows:,} rows, have the digests of the views that Kafka fed; "
        "different: {differing}",
    ),
    "demo-servers": (
        "Kafka(端口{kafka})与PostgreSQL(端口{postgres})已启动",
        "Kafka (port {kafka}) and PostgreSQL (port {postgres}) are up",
    ),
    "demo-simulated": (
        "城市一年模拟完成:{events:,}个事件入账PostgreSQL({seconds:.0f}秒),转发与投影同时进行",
        "the city's year is decided: {events:,} events in PostgreSQL ({seconds:.0f} s), "
        "relayed and projected meanwhile",
    ),
    "demo-starting": (
        "正在启动Kafka与PostgreSQL(首次须下载44 MB)…",
        "starting Kafka and PostgreSQL (the first time, 44 MB are fetched)…",
    ),
    "demo-summary": (
        "小城市一年的{events:,}个事件:由业务命令写入PostgreSQL,转发到Kafka的{partitions}个分区,"
        "再由两个工作进程(其中一个中途被强行终止)更新视图;用时{seconds:.0f}秒,每秒{rate:,.0f}个事件。",
        "A small city's year, {events:,} events: decided by commands into PostgreSQL, relayed to "
        "{partitions} partitions of Kafka, and folded into the views by two workers, of which one "
        "was killed on the way. {seconds:.0f} s in all, {rate:,.0f} events a second.",
    ),
    "demo-summary-again": (
        "小城市一年的{events:,}个事件,前次已开始入账PostgreSQL;由Kafka的{partitions}个分区,"
        "经两个工作进程(其中一个中途被强行终止)重新更新视图;用时{seconds:.0f}秒,每秒{rate:,.0f}个事件。",
        "A small city's year, {events:,} events, begun in PostgreSQL by a run before: folded anew "
        "from {partitions} partitions of Kafka by two workers, of which one was killed on the way. "
        "{seconds:.0f} s in all, {rate:,.0f} events a second.",
    ),
    "demo-takeover": (
        "{seconds:.0f}秒后,另一个工作进程已接管全部{partitions}个分区",
        "{seconds:.0f} s later the other worker has all {partitions} partitions",
    ),
    "demo-topics": (
        "主题已建立并检查:事件分{partitions}个分区,问题{problems}个",
        "the topics are made and checked: {partitions} partitions of events, {problems} problems",
    ),
    "demo-wait-group": (
        "等待工作进程分配分区",
        "waiting for the workers to share the partitions",
    ),
    "demo-wait-simulation": ("等待模拟完成", "waiting for the simulation"),
    "demo-wait-views": ("等待事件进入视图", "waiting for events to reach the views"),
    "demo-was-there": (
        "城市一年的{events:,}个事件前次已入账并转发;视图已清空,正由Kafka重新更新",
        "a run before decided the city's year, {events:,} events; the views were emptied and are "
        "folded from Kafka anew",
    ),
    "demo-workers": (
        "两个工作进程等待事件,各得分区:{shares}",
        "two workers wait for events and share the partitions: {shares}",
    ),
    "differences": ("账本与Kafka不一致:{kinds}", "the store and Kafka differ: {kinds}"),
    "discarded": (
        "视图{view}将略过位置{position:,}的事件,重建时也略过;工作进程读到此决定后处理其后的事件",
        "the view {view} passes over the event at {position:,} from now on, in rebuilds too; "
        "what waits behind it is folded as a worker comes to this decision",
    ),
    "diff-events": (
        "两个时点之间有{n:,}个事件",
        "{n:,} events lie between the two moments",
    ),
    "diff-figures": ("变动的指标", "Figures that changed"),
    "diff-money": (
        "收支变动的人员与项目,共{n:,}项(元)",
        "Whose money changed: {n:,} persons and programs (yuan)",
    ),
    "diff-none": ("两个时点之间没有变动", "nothing changed between the two moments"),
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
    "engines-agree": (
        "两个引擎一致:位置{position:,},{rows:,}行逐项相符",
        "both engines agree at position {position:,}: {rows:,} rows, cell by cell",
    ),
    "engines-differ": (
        "两个引擎不一致:位置{position:,},差异{n:,}处",
        "the engines differ at position {position:,}: {n:,} cells",
    ),
    "explained": (
        "{zh}:{total},共{n}个事件;{rule}",
        "{en}: {total}, from {n} events; {rule}",
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
    "log-bad": (
        "日志({size:,}个事件)有{n}处问题",
        "the log of {size:,} events has {n} problems",
    ),
    "log-exported": (
        "已导出{size:,}个事件至{folder}(原有{before:,}个),写入{files:,}个文件",
        "{folder} has {size:,} events ({before:,} before), {files:,} files written",
    ),
    "log-good": (
        "{size:,}个事件逐个重算哈希,与树一致;树根{root}",
        "all {size:,} events hash to the tree; root {root}",
    ),
    "log-unanchored": (
        "仅与账本自身的树比较;要证明未被整体改写,请用--checkpoint与自己留存的检查点比较",
        "compared with the home's own tree only: to exclude that all of it was rewritten, compare "
        "with a checkpoint that you keep (--checkpoint)",
    ),
    "made-home": ("账本目录:{home}(机构{operator})", "home {home} of operator {operator}"),
    "matching": ("一致{n}项,共{total}项", "{n} of {total} figures match"),
    "metrics-at": ("指标:{url}", "metrics: {url}"),
    "money": (
        "资金净额:公布{published}元,重放{replayed}元",
        "money, net: {published} yuan published, {replayed} yuan replayed",
    ),
    "more-rows": ("只列出前{n}行,可用 --limit 增加", "the first {n} rows; see --limit"),
    "next": ("接下来可以试:", "What to try next:"),
    "none-waiting": ("没有搁置的事件", "no event waits"),
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
    "worked": (
        "已处理{events:,}个事件,分区{partitions}",
        "{events:,} events folded, partitions {partitions}",
    ),
    "worker-again": ("读取失败({reason}),重试", "reading failed ({reason}), trying again"),
    "parked-event": (
        "视图{view}不能处理位置{position:,}的事件({reason}),该对象已搁置",
        "the view {view} cannot process the event at {position:,} ({reason}); its subject waits",
    ),
    "assigned": ("分区:{partitions}", "partitions: {partitions}"),
    "views-behind": (
        "视图在位置{position:,},账本在{end:,}:工作进程尚未处理完",
        "the views are at position {position:,} of {end:,}: the workers are not there yet",
    ),
    "rebuilding": ("重建视图", "rebuilding"),
    "rebuilding-aside": ("另行重建", "rebuilding aside"),
    "rehearsed": ("只检查,未入账", "checked only, nothing applied"),
    "rejects-written": (
        "退回{rows}行及原因已写入{path}(仅所有者可读)",
        "{rows} rejected rows and their reasons written to {path} (readable by its owner only)",
    ),
    "reconciled": (
        "账本与Kafka一致:{events:,}个事件",
        "the store and Kafka agree on all {events:,} events",
    ),
    "reconciling": ("比较", "comparing"),
    "again-later": (
        "{error};{seconds:.1f}秒后重试",
        "{error}; trying again in {seconds:.1f} s",
    ),
    "relay-started": (
        "自位置{position:,}之后开始转发",
        "relaying what follows position {position:,}",
    ),
    "relayed": (
        "已转发{events:,}个事件,至位置{position:,}",
        "relayed {events:,} events, to position {position:,}",
    ),
    "repeated-key": (
        "此幂等键已执行过,返回原结果",
        "this key was used before; the first result stands",
    ),
    "report-title": (
        "{city}{year}年度指标:公布与重放(规模{scale})",
        "{city}, fiscal year {year}: published and replayed (scale {scale})",
    ),
    "seal-signed": (
        "已签署大小为{size:,}的检查点,封存在内({status})",
        "a checkpoint of size {size:,} is signed, with the seals under it ({status})",
    ),
    "seal-unsigned": (
        "账本尚无签名密钥:封存已入账,但未签署检查点",
        "the log has no signing key yet: the seals are recorded, no checkpoint was signed",
    ),
    "sealing": ("封存", "sealing"),
    "seals-agree": (
        "{n}次封存与账本重算逐项相同",
        "{n} seals are what the log yields",
    ),
    "seals-differ": (
        "{n}次封存与账本重算不同",
        "{n} seals are not what the log yields",
    ),
    "server-never": (
        "此目录的{server}从未启动",
        "{server} was never started in this home",
    ),
    "server-starting": ("正在启动{server}…", "starting {server}…"),
    "server-stopped": ("{server}已停止", "{server} stopped"),
    "server-was-down": ("{server}未在运行", "{server} was not running"),
    "simulated": (
        "模拟完成:{events:,}个事件({seconds:.0f}秒),目录{home}",
        "simulated {events:,} events in {seconds:.0f} s, home {home}",
    ),
    "simulating": ("模拟", "simulating"),
    "sound": ("全部{n}项检查正常", "all {n} checks passed"),
    "sum": ("合计", "sum"),
    "ten-thousand": ("万 ", "10k "),
    "topics-created": ("已建立主题:{topics}", "topics made: {topics}"),
    "topics-sound": ("主题设置正常", "the topics are set as they must be"),
    "trial-balance": ("试算平衡(元)", "Trial balance (yuan)"),
    "trial-zero": (
        "试算平衡:借贷差额{balance}元",
        "trial balance: debits less credits {balance} yuan",
    ),
    "verifying": ("核验", "verifying"),
    "unknown-headings": (
        "未识别而不采用的列:{headings}",
        "columns not known and not used: {headings}",
    ),
    "unquantified": ("公布中未列数字的项目", "Programs named without a figure"),
    # the audit
    "planted": (
        "植入{n}项疑点,见audit/planted.json",
        "{n} findings planted, see audit/planted.json",
    ),
    "at-stake": ("涉及金额(元)", "at stake (yuan)"),
    "audit-no-vault": (
        "没有密钥库,{check}未比对密封信息",
        "there is no vault: {check} compared nothing sealed",
    ),
    "audited": (
        "前{position:,}个事件:{n:,}项待处理疑点,涉及{amount}元",
        "the first {position:,} events: {n:,} open findings, {amount} yuan at stake",
    ),
    "auditing": ("审计", "auditing"),
    "decided": ("已处理", "decided"),
    "findings-exported": ("已导出{n:,}项疑点:{file}", "{n:,} findings exported: {file}"),
    "finding": ("疑点", "finding"),
    "finding-converted": (
        "疑点{finding}({check})已转为多发认定",
        "finding {finding} ({check}) is an overpayment now",
    ),
    "finding-dismissed": (
        "疑点{finding}({check})已排除",
        "finding {finding} ({check}) is dismissed",
    ),
    "open-findings": ("待处理", "open"),
    "parameter": ("参数", "parameter"),
    "parameters": ("参数", "parameters"),
    "severity": ("程度", "severity"),
}


def label(key: str, lang: str) -> str:
    """The text of a key in ``zh`` or ``en``."""
    zh, en = LABELS[key]
    return en if lang == "en" else zh
