"""The console script: what is told to stop before there is a command to stop ends quietly too."""

import sys


def main() -> None:
    """Always ends with SystemExit; status 130 where it was interrupted."""
    try:
        from ops.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
