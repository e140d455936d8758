"""A signer that is killed in the middle of its work: run as a process of its own.

Arguments: the home, and the step before which it dies.
"""

import os
import signal
import sys
from pathlib import Path

from ops.home import opened


def main() -> None:
    home, at = sys.argv[1:]

    def step(name: str) -> None:
        if name == at:
            os.kill(os.getpid(), signal.SIGKILL)

    with opened(Path(home)) as found:
        signer = found.signer()
        signer._step = step
        signer.sign()


if __name__ == "__main__":
    main()
