"""Memory that is free, given back to the system.

What was freed stays with the C library, which cannot use it for Python's small objects: a stage
that needs many of those would add its memory to what the stage before it no longer has.
"""

import ctypes


def give_back() -> None:
    """Return free memory to the system, where the C library can be asked to (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
