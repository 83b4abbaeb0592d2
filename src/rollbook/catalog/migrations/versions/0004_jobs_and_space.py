"""Jobs with leases, retention rules, collected space."""

from __future__ import annotations

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the tables."""
