"""Generated classrooms, for demos and tests where no real student may appear.

Everything made here is **synthetic** and must be labelled so wherever it is shown. Each generator states its formulas,
keeps the truth it drew from (so that a method can be checked against it) and takes its seed as an argument.
Knows nothing about versions, runs or files.
"""
