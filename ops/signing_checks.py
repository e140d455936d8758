"""Whether a home's log is signed as it should be: its keys, its last head, its witnesses.

Each check gives what is shown where all is well and raises :class:`Unsound`, or the error of the
ledger that it met. A log that has no key was never meant to be signed: nothing is wrong with it.
"""

from datetime import datetime, timedelta

from ledger.codec import recorded
from ledger.log.errors import LogForked, LogShortened
from ops.home import Home

BEHIND_EVENTS = 100_000
"""So many events without a signed head over them are too many, however young."""
BEHIND = timedelta(days=1)
"""How long an event may be under no signed head."""
PENDING = timedelta(days=1)
"""How long a head may wait for its witnesses."""
LOOKED_AT = 20
"""The newest heads, among which the last final one is sought."""


class Unsound(Exception):
    """A check found something wrong; the text says what."""


def keys_private(home: Home) -> str:
    """The key in use is at hand, and no key's file can be read by others.

    Raises :class:`~ledger.log.errors.LogKeyMissing`, LogKeyExposed, LogKeyInvalid.
    """
    adopted = home.log_keys()
    if not adopted:
        return "-"
    key = home.keys.load(adopted[-1])
    home.keys.at_hand(adopted[:-1])
    return key.verifier.id.hex()


def head_current(home: Home, now: datetime) -> str:
    """The last head is one of this log, and what is beyond it is neither much nor old."""
    log, signer = home.log, home.signer()
    end = log.size()
    with home.store.heads() as heads:
        last = heads.last()
    size = 0
    if last is not None:
        checkpoint = signer.opened(last).checkpoint
        size = checkpoint.size
        if size > end:
            raise LogShortened(signed=size, size=end, source=home.store.name)
        if log.tree(size).root() != checkpoint.root:
            raise LogForked(signed=size, source=home.store.name)
    if size < end and home.log_keys():
        first = recorded(log.entry(size)).decode()
        if end - size > BEHIND_EVENTS or now - datetime.fromisoformat(first) > BEHIND:
            raise Unsound(f"{end - size:,} / {end:,}, {first[:19]}")
    return f"{size:,} / {end:,}"


def head_final(home: Home, now: datetime) -> str:
    """No head waits too long for as many witnesses as the policy asks for."""
    signer = home.signer()
    with home.store.heads() as heads:
        newest = heads.newest(LOOKED_AT)
    waiting = []
    for head in reversed(newest):
        if signer.final(head):
            break
        waiting.append(head)
    if not signer.policy.k or not waiting:
        return f"{newest[-1].size if newest and not waiting else 0:,}"
    first = waiting[-1]
    if now - datetime.fromisoformat(first.signed) > PENDING:
        raise Unsound(f"{first.size:,}, {first.signed[:19]}")
    return f"{newest[-len(waiting) - 1].size if len(waiting) < len(newest) else 0:,}"
