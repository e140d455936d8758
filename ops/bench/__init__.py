"""Benchmarks as ratios: ours beside a floor, in turn, in one run (``make bench``).

Each pair does comparable work on the same machine a few times over, ours and the floor alternating,
and the medians are set in proportion; absolute figures are printed for scale and promise nothing.
"""
