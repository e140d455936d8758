"""Rosters: the lists that federations really have, from a file to commands and back to a file.

``reading`` opens the file, ``headings`` finds the columns, ``cells`` cleans what is in them,
``persons`` and ``applications`` make a command of a row or say all that is wrong with it,
``importing`` carries the commands out in chunks, ``rejects`` writes the bad rows back. All but the
first and the last are pure. What a row holds is personal data: it goes into commands and into the
workbook of rejects, and nowhere else.
"""
