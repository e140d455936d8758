"""Every metric of the program, in one place, and the page that Prometheus scrapes.

Names follow Prometheus' conventions: one prefix, base units, ``_total`` for what only rises. What
can go stale is a time stamp rather than an age, so that a process which hangs shows as well:
an age is ``time() - …_timestamp_seconds``. Labels are event types, views, partitions and error
codes: some hundred series at most, and nothing of a person. A page has the metrics of the parts
that run in its process and no others: a zero that nobody sets would say something.
"""

from typing import Literal, get_args
from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    start_http_server,
)

from ledger.domain.errors import LedgerError

LOOPBACK = "127.0.0.1"
_WRITES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds that a durable write may take, from one small one to a large one on a busy disk."""


class MetricsPortUnusable(LedgerError):
    code, zh, en = (
        "metrics-port-unusable",
        "指标端口{address}:{port}无法使用:{reason}",
        "metrics cannot be served on {address}:{port}: {reason}",
    )


Part = Literal["ledger", "relay", "projection", "signing", "witness"]
PARTS: tuple[Part, ...] = get_args(Part)


class Metrics:
    """All metrics; ``registry`` has those of the parts that a process runs, and serves them."""

    def __init__(self, *parts: Part) -> None:
        """Without any named, of all parts."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        unseen = CollectorRegistry()

        def of(part: Part) -> CollectorRegistry:
            return self.registry if part in (parts or PARTS) else unseen

        self._define_ledger(of("ledger"))
        self._define_relay(of("relay"))
        self._define_projection(of("projection"))
        self._define_signing(of("signing"))
        self._define_witness(of("witness"))
        self.kafka_errors = Counter(
            "benefits_kafka_errors_total",
            "Failures between this process and the brokers, by error code.",
            ["component", "code"],
            registry=self.registry,
        )

    def _define_ledger(self, registry: CollectorRegistry) -> None:
        self.events_appended = Counter(
            "benefits_events_appended_total",
            "Events stored by this process.",
            ["type"],
            registry=registry,
        )
        self.append_seconds = Histogram(
            "benefits_append_duration_seconds",
            "Time to store the events of one transaction, durably.",
            buckets=_WRITES,
            registry=registry,
        )
        self.transaction_retries = Counter(
            "benefits_transaction_retries_total",
            "Decisions taken anew because what they rest on had moved on.",
            registry=registry,
        )

    def _define_relay(self, registry: CollectorRegistry) -> None:
        self.sequencer_position = Gauge(
            "benefits_sequencer_position",
            "Last position given in the log; -1 when it is empty.",
            registry=registry,
        )
        self.sequencer_advanced = Gauge(
            "benefits_sequencer_advanced_timestamp_seconds",
            "When the sequencer last gave every stored event its position.",
            registry=registry,
        )
        self.relay_position = Gauge(
            "benefits_relay_position",
            "Position of the last event committed on Kafka; -1 when none is.",
            registry=registry,
        )
        self.relay_lag_events = Gauge(
            "benefits_relay_lag_events",
            "Events in the log that are not on Kafka yet.",
            registry=registry,
        )
        self.relay_caught_up = Gauge(
            "benefits_relay_caught_up_timestamp_seconds",
            "When every event of the log was last known to be on Kafka; "
            "when the relay began, until then.",
            registry=registry,
        )
        self.relay_events = Counter(
            "benefits_relay_events_total",
            "Events committed on Kafka by this process.",
            registry=registry,
        )
        self.relay_bytes = Counter(
            "benefits_relay_bytes_total",
            "Bytes of these events.",
            registry=registry,
        )
        self.relay_transactions = Counter(
            "benefits_relay_transactions_total",
            "Transactions committed on Kafka by this process.",
            registry=registry,
        )
        self.relay_restarts = Counter(
            "benefits_relay_retries_total",
            "Times that the relay began again from what is committed, by error code.",
            ["code"],
            registry=registry,
        )

    def _define_projection(self, registry: CollectorRegistry) -> None:
        by_place = ["projection", "partition"]
        self.projection_lag_events = Gauge(
            "benefits_projection_lag_events",
            "Offsets between what the view has stored and the partition's end: "
            "its events, and the markers of transactions.",
            by_place,
            registry=registry,
        )
        self.projection_lag_seconds = Gauge(
            "benefits_projection_lag_seconds",
            "Age of the last event that the view has stored of the partition, "
            "by its recorded time; 0 when it has all.",
            by_place,
            registry=registry,
        )
        self.projection_caught_up = Gauge(
            "benefits_projection_caught_up_timestamp_seconds",
            "When the view last had all of the partition; when it was taken up, until then.",
            by_place,
            registry=registry,
        )
        self.projection_events = Counter(
            "benefits_projection_events_total",
            "Events of a partition folded into all views and stored.",
            ["partition"],
            registry=registry,
        )
        self.projection_flush_seconds = Histogram(
            "benefits_projection_flush_duration_seconds",
            "Time to write the rows and the place of one partition.",
            buckets=_WRITES,
            registry=registry,
        )
        self.projection_retries = Counter(
            "benefits_projection_retries_total",
            "Flushes given up because the stored place was another's.",
            registry=registry,
        )
        self.parked_events = Gauge(
            "benefits_projection_parked_events",
            "Events that wait because the view could not process one of their subject's.",
            ["projection"],
            registry=registry,
        )
        self.trial_balance = Gauge(
            "benefits_trial_balance_fen",
            "Debits less credits over all accounts of the views, which must be zero.",
            registry=registry,
        )
        self.rebuild_done = Gauge(
            "benefits_rebuild_offsets_done",
            "Offsets that the rebuild has read.",
            registry=registry,
        )
        self.rebuild_offsets = Gauge(
            "benefits_rebuild_offsets",
            "Offsets that the rebuild has to read.",
            registry=registry,
        )

    def _define_signing(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"benefits_{name}", text, labels, registry=registry)

        self.signing_log_events = gauge(
            "signing_log_events", "Events in the log when the signer last looked."
        )
        self.signing_looked = gauge(
            "signing_looked_timestamp_seconds",
            "When the signer last looked whether there is something to sign.",
        )
        self.signed_size = gauge("signed_head_size", "Events under the last head signed.")
        self.signed_time = gauge(
            "signed_head_timestamp_seconds",
            "When the last head was signed; when the signer began, before the first.",
        )
        self.final_size = gauge("final_head_size", "Events under the last head that is final.")
        self.final_time = gauge(
            "final_head_timestamp_seconds",
            "When the last final head was signed; when the signer began, before the first.",
        )
        self.witnesses_needed = gauge(
            "witnesses_needed", "How many witnesses make a head final; 0: none ever is."
        )
        self.cosigned_size = gauge(
            "cosigned_head_size", "Events under the last head that a witness cosigned.", "witness"
        )
        self.cosignatures = Counter(
            "benefits_cosignatures_total",
            "Cosignatures that this process got from a witness.",
            ["witness"],
            registry=registry,
        )
        self.signings_refused = Counter(
            "benefits_signings_refused_total",
            "Times that a head was not signed, by error code.",
            ["code"],
            registry=registry,
        )

    def _define_witness(self, registry: CollectorRegistry) -> None:
        self.witness_size = Gauge(
            "benefits_witness_head_size",
            "Events under the greatest head of a log that this witness cosigned.",
            ["origin"],
            registry=registry,
        )
        self.witness_time = Gauge(
            "benefits_witness_head_timestamp_seconds",
            "When it cosigned that head last.",
            ["origin"],
            registry=registry,
        )
        self.witness_answers = Counter(
            "benefits_witness_answers_total",
            "Answers of this witness, by HTTP status: 200 is a cosignature, 422 a log that does "
            "not continue the head held.",
            ["status"],
            registry=registry,
        )

    def serve(self, port: int, address: str = LOOPBACK) -> WSGIServer:
        """Answer ``/metrics`` from a thread of its own; port 0 takes a free one.

        Raises :class:`MetricsPortUnusable`.
        """
        try:
            server, _ = start_http_server(port, address, self.registry)
        except OSError as error:
            reason = error.strerror or str(error)
            raise MetricsPortUnusable(address=address, port=port, reason=reason) from error
        return server

    def names(self) -> set[str]:
        """The name of every series that may be scraped, but for the process's own."""
        found = set()
        for family in self.registry.collect():
            if not family.name.startswith("benefits_"):
                continue
            suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
            found |= {family.name + end for end in suffixes.get(family.type, [""])}
        return found
