"""The catalog: programs, funds and divisions as data files, one file a program.

A program is added by adding ``programs/<code>.toml``, here or in a folder of one's own. Each value
states its source: ``published`` in the federation's account, ``reported`` by secondary sources, or
``assumed`` by us; where a rule mixes them, ``source`` speaks for its amounts and ``note`` for the
rest. A program whose date of adoption is not known is entered as adopted on 2017-01-01, the first
day of the fiscal year. Nothing here decides or pays.
"""

from ledger.catalog.loader import FundDefinition, load_divisions, load_funds, load_programs

__all__ = ["FundDefinition", "load_divisions", "load_funds", "load_programs"]
