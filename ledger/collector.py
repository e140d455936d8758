"""Python's cycle collector, held back while work makes many objects that form no cycles.

Events, states and rows point one way only. Looking for cycles among hundreds of thousands of them
costs more than the decisions and folds themselves: a sixth of a simulated year's time.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused(paused: bool = True) -> Iterator[None]:
    """Look for no cycles inside the block; as before after it. ``paused`` False changes nothing."""
    was = gc.isenabled()
    if paused:
        gc.disable()
    try:
        yield
    finally:
        if paused and was:
            gc.enable()
