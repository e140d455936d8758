"""What an audit looks for: each check by its code, in the order of the table of checks."""

from projections.checks.accounts import OfficialAccount, SharedAccount
from projections.checks.check import Check
from projections.checks.conduct import AccessAbuse, BatchPattern
from projections.checks.devices import DeviceRepeat
from projections.checks.eligibility import (
    CertificateLapsed,
    CustodyPaid,
    NoLowIncome,
    NotTheHigher,
    Stacking,
    WrongCategory,
    WrongGrade,
)
from projections.checks.households import ExitFlaw, ExitThenPoor
from projections.checks.life import AfterDeath, BadIdentity, DeadPaid, Ghost, LateStop
from projections.checks.money import (
    CrossDivision,
    DoublePay,
    OverCap,
)
from projections.checks.notices import NoNotice, ShortNotice
from projections.checks.owed import NotGranted, WrongfulStop
from projections.checks.procedure import (
    Backdated,
    KinUndeclared,
    SelfApproval,
    WrongStart,
)
from projections.checks.totals import FundMisuse, Unreconciled

ALL_CHECKS: tuple[type[Check], ...] = (
    DeadPaid,
    LateStop,
    AfterDeath,
    Ghost,
    BadIdentity,
    WrongGrade,
    WrongCategory,
    CertificateLapsed,
    WrongfulStop,
    NotGranted,
    NoLowIncome,
    Stacking,
    NotTheHigher,
    DoublePay,
    CrossDivision,
    SharedAccount,
    OfficialAccount,
    KinUndeclared,
    SelfApproval,
    OverCap,
    WrongStart,
    Backdated,
    NoNotice,
    ShortNotice,
    ExitFlaw,
    ExitThenPoor,
    DeviceRepeat,
    CustodyPaid,
    Unreconciled,
    FundMisuse,
    BatchPattern,
    AccessAbuse,
)
"""All 32 checks."""
