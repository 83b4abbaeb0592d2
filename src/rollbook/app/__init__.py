"""The verbs: what the system can do. Each takes the register first, asks for permission first, and is one transaction.

No HTTP, no SQL, no W&B words.
"""
