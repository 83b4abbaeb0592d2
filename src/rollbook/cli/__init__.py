"""The command line: parse, call the SDK, render. No decision about data is made here.

main      the entry: exit codes, errors, interruptions
index     every command with its one-line summary; modules are imported when their command runs
commands/ one function per command
views/    what people read, made of plain values: lines, tables, facts
"""
