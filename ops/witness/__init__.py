"""The witness: what an inspection office runs, with a key and a memory of its own.

It cosigns a log's head only if that continues the head it cosigned before, by C2SP tlog-witness.
The client side, by which a ledger asks it, is in :mod:`ops.witness.client`.
"""
