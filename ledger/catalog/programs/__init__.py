"""One data file a program, named after its code; a package so that installing takes them along."""
