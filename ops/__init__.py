"""Running it: the command line, the home directory, the simulation and the benchmarks."""
