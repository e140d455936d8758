"""The latest states of streams in memory, so that a busy stream is not folded for every command."""

from collections import OrderedDict
from typing import Any


class StateCache:
    """The latest states of streams, bounded; each is as of the version it carries.

    A cached state may be behind the store. That is found out when its events are appended, since
    the store checks every version, so a stale state costs a retry and never a wrong decision.
    """

    def __init__(self, limit: int = 80_000) -> None:
        """``limit`` states are some 80 MB: most of a city's, which a month asks for in turn."""
        self._limit = limit
        self._states: OrderedDict[str, Any] = OrderedDict()

    def get(self, stream_id: str) -> Any:
        return self._states.get(stream_id)

    def put(self, stream_id: str, state: Any) -> None:
        self._states[stream_id] = state
        if len(self._states) > self._limit:
            self._states.popitem(last=False)

    def forget(self, stream_id: str) -> None:
        self._states.pop(stream_id, None)

    def clear(self) -> None:
        self._states.clear()
