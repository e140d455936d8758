"""One module a view: its rows, and the pure fold from events to them."""

from projections.view import View
from projections.views.balances import Balances
from projections.views.entitlements import Entitlements
from projections.views.registry import Registry
from projections.views.totals import ProgramTotals

ALL_VIEWS: tuple[type[View], ...] = (Registry, Entitlements, Balances, ProgramTotals)
"""Every view of the ledger, in the order in which they are folded."""
