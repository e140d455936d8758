"""What a page says of a worker is what is known, and as of when."""

from consumers.worker_observer import Unobserved
from ops.metrics import Metrics
from ops.observing import WorkerMetrics

PLACE = {"projection": "balances", "partition": "0"}


def test_a_view_had_all_when_the_brokers_were_asked_and_not_when_it_is_told() -> None:
    """They may be away since; the page goes on being asked for."""
    metrics, clock = Metrics(), iter([100.0, 110.0, 120.0, 200.0])
    observer = WorkerMetrics(metrics, Unobserved(), now=lambda: next(clock))

    def told(left: int, age_s: float) -> tuple[float | None, float | None]:
        observer.behind(0, {"balances": left}, None, age_s)
        sample = metrics.registry.get_sample_value
        return (
            sample("benefits_projection_lag_events", PLACE),
            sample("benefits_projection_caught_up_timestamp_seconds", PLACE),
        )

    assert told(7, 1.0) == (7, 100)
    assert told(0, 0.5) == (0, 109.5)
    assert told(3, 0.5) == (3, 109.5)
    assert told(0, 85.0) == (0, 115)
