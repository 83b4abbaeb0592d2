"""Frozen values, the error tree and pure rules. No I/O, no clock, no randomness: everything above may import this room."""
