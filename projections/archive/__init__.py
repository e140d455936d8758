"""The archive: the log as sealed Parquet segments, and a second engine that reads it by SQL.

A segment holds the exact bytes of its events and columns derived from them; the manifest names
every segment with its digest and Merkle roots. :mod:`writing` adds segments, :mod:`verifying`
checks all of them from the bytes, :mod:`asking` opens a read-only DuckDB over them, and
:mod:`recomputing` compares the money views with what SQL makes of the same events.
"""
