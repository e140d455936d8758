"""What a long demonstration tells as it goes: a line for each step, with the time it came at."""

import time
from dataclasses import dataclass, field
from typing import Any

from ops.cli.session import Session


@dataclass
class Told:
    """Steps that were taken and checks that hold or do not; kept for the JSON document too."""

    session: Session
    start: float = field(default_factory=time.monotonic)
    steps: list[dict[str, Any]] = field(default_factory=list)
    checks: dict[str, bool] = field(default_factory=dict)

    def step(self, name: str, **values: Any) -> None:
        """Something is done. Its text is the label ``demo-<name>``, filled with ``values``."""
        self._tell(name, "", values)

    def check(self, name: str, holds: bool, **values: Any) -> None:
        """Something was compared; all is well only if every check holds."""
        self.checks[name] = holds
        self._tell(name, "✓ " if holds else "✗ ", values)

    def note(self, name: str, **values: Any) -> None:
        """Something is under way: said on standard error, and forgotten."""
        self.session.out.note(f"{'':11}{self.session.say(f'demo-{name}', **values)}")

    def _tell(self, name: str, mark: str, values: dict[str, Any]) -> None:
        at = time.monotonic() - self.start
        self.steps.append({"step": name, "at_seconds": round(at, 3), **values})
        line = f"{at:7.1f} s  {mark}{self.session.say(f'demo-{name}', **values)}"
        if self.session.json:
            self.session.out.note(line)
        else:
            self.session.out.line(line)
