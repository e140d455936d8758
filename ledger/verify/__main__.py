"""``python -m ledger.verify BUNDLE --key VKEY``: see :mod:`ledger.verify.command`."""

import sys

from ledger.verify.command import main

if __name__ == "__main__":
    sys.exit(main(program="python -m ledger.verify"))
