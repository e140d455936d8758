"""Whoever starts a process knows of it before anything can end them."""

import signal

import pytest

from ops.cli.children import held_back


def test_an_interrupt_waits_for_the_end_of_the_block() -> None:
    reached = []

    def started() -> None:
        with held_back():
            signal.raise_signal(signal.SIGINT)
            reached.append("the end")

    with pytest.raises(KeyboardInterrupt):
        started()
    assert reached == ["the end"]


def test_signals_mean_what_they_meant_before() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with held_back():
        pass
    assert signal.getsignal(signal.SIGTERM) is before
