"""Frozen values, the error tree and pure rules. No I/O, no clock, no randomness: every room may import this one."""
