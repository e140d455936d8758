"""One module a view: its rows, and the pure fold from events to them."""

from projections.view import View
from projections.views.activities import Activities
from projections.views.balances import Balances
from projections.views.cases import Cases
from projections.views.deliveries import Deliveries
from projections.views.devices import Devices
from projections.views.discards import Discards
from projections.views.employment import Employments
from projections.views.entitlements import Entitlements
from projections.views.findings import Findings
from projections.views.funds import Funds
from projections.views.households import Households
from projections.views.log_keys import LogKeys
from projections.views.objections import Objections
from projections.views.organizations import Organizations
from projections.views.payruns import PayRuns
from projections.views.programs import Programs
from projections.views.registry import Registry
from projections.views.seals import Seals
from projections.views.totals import ProgramTotals

ALL_VIEWS: tuple[type[View], ...] = (
    Programs,
    Registry,
    Households,
    Entitlements,
    Balances,
    Funds,
    ProgramTotals,
    PayRuns,
    Objections,
    Devices,
    Deliveries,
    Employments,
    Organizations,
    Cases,
    Activities,
    Discards,
    Seals,
    LogKeys,
    Findings,
)
"""Every view of the ledger, in the order in which they are folded."""
