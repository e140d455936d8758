"""Of the simulated city and the demonstrations."""

TEXTS = {
    "demo-balance": (
        "试算平衡:借贷差额{yuan}元",
        "the trial balance closes at {yuan} yuan",
    ),
    "demo-down": ("进程与服务均已停止", "processes and servers are stopped"),
    "demo-failed": ("演示未通过:{what}", "the demonstration failed: {what}"),
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
    "next": ("接下来可以试:", "What to try next:"),
    "planted": (
        "植入{n}项疑点,见audit/planted.json",
        "{n} findings planted, see audit/planted.json",
    ),
    "simulated": (
        "模拟完成:{events:,}个事件({seconds:.0f}秒),目录{home}",
        "simulated {events:,} events in {seconds:.0f} s, home {home}",
    ),
    "simulating": ("模拟", "simulating"),
}
