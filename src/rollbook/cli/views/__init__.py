"""What people read: pure functions from facts to blocks (lines, tables, labelled facts)."""
