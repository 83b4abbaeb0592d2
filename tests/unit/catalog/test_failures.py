from __future__ import annotations

import pytest
from sqlalchemy import exc

from rollbook.catalog import failures
from rollbook.model.errors import CorruptData, InvalidInput, RollbookError, StorageFull, Unavailable


class DriverError(Exception):
    def __init__(self, *, sqlite: int | None = None, state: str | None = None) -> None:
        super().__init__("the driver's words")
        self.sqlite_errorcode, self.sqlstate = sqlite, state


class Context:
    """What SQLAlchemy hands to the listener."""

    engine = None
    is_pre_ping = is_disconnect = False

    def __init__(self, error: BaseException, wrapped: type[exc.DBAPIError] = exc.OperationalError) -> None:
        self.original_exception = error
        self.sqlalchemy_exception = wrapped("SELECT 1", (), error)


def raised(context: Context) -> type[BaseException] | None:
    caught: BaseException | None = None
    try:
        failures.on_error(context)  # pyright: ignore[reportArgumentType]
    except RollbookError as error:
        caught = error
    assert caught is None or "the driver's words" in str(caught)
    return caught and type(caught)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (5, Unavailable),  # BUSY
        (261, Unavailable),  # BUSY_RECOVERY
        (517, Unavailable),  # BUSY_SNAPSHOT
        (6, Unavailable),  # LOCKED
        (8, StorageFull),  # READONLY
        (1032, StorageFull),  # READONLY_DBMOVED
        (13, StorageFull),  # FULL
        (4874, StorageFull),  # IOERR_SHMSIZE
        (10, Unavailable),  # IOERR
        (1034, Unavailable),  # IOERR_FSYNC
        (14, Unavailable),  # CANTOPEN
        (11, CorruptData),  # CORRUPT
        (26, CorruptData),  # NOTADB
        (1, None),  # ERROR: a mistake of ours
    ],
)
def test_codes_of_sqlite(code, kind):
    assert raised(Context(DriverError(sqlite=code))) is kind


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("40001", Unavailable),  # serialization_failure
        ("40P01", Unavailable),  # deadlock_detected
        ("55P03", Unavailable),  # lock_not_available
        ("57P01", Unavailable),  # admin_shutdown
        ("08006", Unavailable),  # connection_failure
        ("53300", Unavailable),  # too_many_connections
        ("53100", StorageFull),  # disk_full
        ("25006", StorageFull),  # read_only_sql_transaction
        ("22003", InvalidInput),  # numeric_value_out_of_range
        ("42601", None),  # syntax_error: a mistake of ours
    ],
)
def test_states_of_postgresql(state, kind):
    assert raised(Context(DriverError(state=state))) is kind


def test_our_own_errors_pass_unwrapped():
    assert raised(Context(InvalidInput("the driver's words"))) is InvalidInput


def test_a_connection_that_cannot_be_made_is_away():
    assert raised(Context(DriverError(), exc.InterfaceError)) is Unavailable
