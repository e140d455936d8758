"""Of views and the processes that keep them: relay, workers, servers, rebuilds."""

TEXTS = {
    "again-later": (
        "{error};{seconds:.1f}秒后重试",
        "{error}; trying again in {seconds:.1f} s",
    ),
    "assigned": ("分区:{partitions}", "partitions: {partitions}"),
    "differences": ("账本与Kafka不一致:{kinds}", "the store and Kafka differ: {kinds}"),
    "digests-differ": ("重建后摘要不同:{views}", "rebuilt with other digests: {views}"),
    "digests-equal": (
        "两次独立重建:{views}个视图、{rows:,}行,摘要均与现有视图相同",
        "two independent rebuilds: {views} views, {rows:,} rows, digests equal to the live ones",
    ),
    "discarded": (
        "视图{view}将略过位置{position:,}的事件,重建时也略过;工作进程读到此决定后处理其后的事件",
        "the view {view} passes over the event at {position:,} from now on, in rebuilds too; "
        "what waits behind it is folded as a worker comes to this decision",
    ),
    "metrics-at": ("指标:{url}", "metrics: {url}"),
    "none-waiting": ("没有搁置的事件", "no event waits"),
    "parked-event": (
        "视图{view}不能处理位置{position:,}的事件({reason}),该对象已搁置",
        "the view {view} cannot process the event at {position:,} ({reason}); its subject waits",
    ),
    "projected": (
        "视图已到位置{position:,}({seconds:.1f}秒)",
        "views at position {position:,} ({seconds:.1f} s)",
    ),
    "projecting": ("更新视图", "projecting"),
    "rebuilding": ("重建视图", "rebuilding"),
    "rebuilding-aside": ("另行重建", "rebuilding aside"),
    "reconciled": (
        "账本与Kafka一致:{events:,}个事件",
        "the store and Kafka agree on all {events:,} events",
    ),
    "reconciling": ("比较", "comparing"),
    "relay-started": (
        "自位置{position:,}之后开始转发",
        "relaying what follows position {position:,}",
    ),
    "relayed": (
        "已转发{events:,}个事件,至位置{position:,}",
        "relayed {events:,} events, to position {position:,}",
    ),
    "server-never": (
        "此目录的{server}从未启动",
        "{server} was never started in this home",
    ),
    "server-starting": ("正在启动{server}…", "starting {server}…"),
    "server-stopped": ("{server}已停止", "{server} stopped"),
    "server-was-down": ("{server}未在运行", "{server} was not running"),
    "topics-created": ("已建立主题:{topics}", "topics made: {topics}"),
    "topics-sound": ("主题设置正常", "the topics are set as they must be"),
    "views-behind": (
        "视图在位置{position:,},账本在{end:,}:工作进程尚未处理完",
        "the views are at position {position:,} of {end:,}: the workers are not there yet",
    ),
    "worked": (
        "已处理{events:,}个事件,分区{partitions}",
        "{events:,} events folded, partitions {partitions}",
    ),
    "worker-again": ("读取失败({reason}),重试", "reading failed ({reason}), trying again"),
}
