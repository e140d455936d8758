"""A witness that is killed in the middle of its work: run as a process of its own.

Arguments: its folder, a file with a request, and the step before which it dies; or ``-`` for none:
then the answer's status and body go to standard output.
"""

import os
import signal
import sys
from pathlib import Path

from ops.witness.office import Witness


def main() -> None:
    folder, request, at = sys.argv[1:]

    def step(name: str) -> None:
        if name == at:
            os.kill(os.getpid(), signal.SIGKILL)

    opened = Witness.open(Path(folder))
    witness = Witness(opened._key, opened.memory, step=step)
    answer = witness.add_checkpoint(Path(request).read_bytes())
    sys.stdout.buffer.write(b"%d\n" % answer.status + answer.body)


if __name__ == "__main__":
    main()
