"""How long to wait before beginning again what failed: longer and longer, never the same."""

import random

BACKOFF_S, BACKOFF_MAX_S = 0.5, 30.0
ATTEMPTS = 10
"""Failures in a row after which what is to end gives up; what follows the log never does."""
_DOUBLINGS = 8
"""As many as it takes from the first pause to the longest, and some."""


class Backoff:
    """Pauses that double, and differ, lest those who failed together come back together."""

    def __init__(self) -> None:
        self.failures = 0

    def failed(self, *, progressed: bool) -> float:
        """Seconds to wait after a failure; ``progressed`` says that something was done before."""
        self.failures = 0 if progressed else self.failures + 1
        longest = min(BACKOFF_MAX_S, BACKOFF_S * (1 << min(self.failures, _DOUBLINGS)))
        return longest * random.uniform(0.5, 1.0)
