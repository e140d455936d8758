"""The verifier: checks proofs, signatures and bundles, and imports nothing else of the ledger.

Only Python's own library is used, so that an inspector can read all of it, and carry it.
"""
