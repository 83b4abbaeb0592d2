"""Benchmarks: Rollbook beside the tools that people use instead, in one interleaved run on the same machine.

Every number is a median of whole processes, start-up included. `python -m bench all` prints the tables and what must be
reached, and keeps a JSON file with the facts of the machine. Nothing here runs in the tests but a tiny workload.
"""
