"""Pauses after failures grow to a longest one and stay there, however long a server is away."""

from consumers.backoff import BACKOFF_MAX_S, BACKOFF_S, Backoff


def test_pauses_grow_up_to_the_longest_and_never_end() -> None:
    backoff = Backoff()
    pauses = [backoff.failed(progressed=False) for _ in range(5_000)]
    assert pauses[0] <= 2 * BACKOFF_S
    assert all(BACKOFF_S / 2 <= pause <= BACKOFF_MAX_S for pause in pauses)
    assert min(pauses[10:]) >= BACKOFF_MAX_S / 2
    assert len(set(pauses)) > 4_000


def test_what_got_on_begins_again_with_the_shortest() -> None:
    backoff = Backoff()
    for _ in range(20):
        backoff.failed(progressed=False)
    assert backoff.failed(progressed=True) <= BACKOFF_S
    assert backoff.failures == 0
