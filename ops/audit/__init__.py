"""An audit of a home: what it is given, how it is run, how its findings are handed over."""
