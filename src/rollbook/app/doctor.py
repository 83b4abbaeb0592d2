"""Doctor: is this data directory safe to work in? Every check says what it looked at and what to do."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from rollbook.app import datadir
from rollbook.app.register import Register
from rollbook.catalog import space
from rollbook.model import instant
from rollbook.model.errors import RollbookError
from rollbook.model.results import Check

LOW_SPACE = 1024 * 1024 * 1024
LARGE_LOG = 64 * 1024 * 1024


def doctor(register: Register) -> list[Check]:
    """Look at the data directory, the database, the disk and the keys. Changes nothing but a probe file."""
    register.allow("store.verify", datadir.ORGANISATION)
    checks: list[Check] = []
    for look in (_format, _database, _disk, _space, _durability, _keys, _permissions):
        try:
            checks.extend(look(register))
        except (RollbookError, OSError) as error:
            checks.append(Check(check=_title(look), status="fail", message=str(error), hint="see the message"))
    return checks


def _title(look: Callable[[Register], Iterator[Check]]) -> str:
    return look.__name__.strip("_")


def _format(register: Register) -> Iterator[Check]:
    marker = datadir.read_marker(register.root)
    yield Check(
        check="format", status="ok", message=f"format {marker.format}, register {marker.instance} at {register.root}"
    )


def _database(register: Register) -> Iterator[Check]:
    health = register.catalog.health()
    yield Check(
        check="database",
        status="ok" if health.fixed else "warn",
        message=f"{health.database} {health.database_version}, schema {health.revision}",
        hint="" if health.fixed else "this SQLite can damage its log under several writers: pip install pysqlite3",
    )
    if health.log_bytes > LARGE_LOG:
        yield Check(
            check="database log",
            status="warn",
            message=f"the write-ahead log has {health.log_bytes:,} bytes",
            hint="a reader has been open for long; close it",
        )
    for problem in health.damage:
        yield Check(check="database", status="fail", message=problem, hint="stop, and restore a backup")


def _disk(register: Register) -> Iterator[Check]:
    free = shutil.disk_usage(register.root).free
    yield Check(
        check="disk",
        status="ok" if free > LOW_SPACE else "warn",
        message=f"{free / 1e9:,.1f} GB free",
        hint="" if free > LOW_SPACE else "free some space: writes are refused cleanly when it is full",
    )
    stats = register.blobs.stats()
    yield Check(
        check="store",
        status="ok",
        message=f"chunks {stats.chunks:,}, {stats.logical_bytes:,} bytes; packs {stats.packs:,}, "
        f"{stats.stored_bytes:,} bytes stored",
    )


def _space(register: Register) -> Iterator[Check]:
    """Bytes that nothing needs, as the last collection saw them, and housekeeping that nobody does."""
    with register.catalog.read() as connection:
        waiting = space.packs(connection, space.SUSPECT, space.CONDEMNED)
        state = space.state(connection)
    held = sum(row.bytes for row in waiting.values())
    last = f"last collected on {instant.to_text(state.cycle_at)[:10]}" if state.cycle_at else "never collected"
    yield Check(
        check="space",
        status="ok",
        message=f"{last}; {len(waiting):,} packs of {held:,} bytes hold some that nothing needs",
        hint="'rollbook gc' frees what is due" if waiting else "",
    )
    from rollbook.app import jobs  # what jobs do is much to import for commands that run none

    for job in jobs.overdue(register):
        why = f"failed: {job.last_error}" if job.last_error else f"was due on {instant.to_text(job.run_at)}"
        yield Check(
            check="jobs",
            status="warn",
            message=f"job {job.kind} {why}",
            hint=f"a running server does it; by hand: rollbook jobs run {job.kind}",
        )


def _durability(register: Register) -> Iterator[Check]:
    """Whether the file system takes what publishing needs: fsync of files and folders, and hard links."""
    probe = register.root / f".rollbook-{register.random(8).hex()}"
    linked = probe.with_suffix(".linked")
    try:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, b"probe")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.link(probe, linked)
        datadir.sync_folder(register.root)
        yield Check(check="durability", status="ok", message="fsync and hard links work here")
    finally:
        linked.unlink(missing_ok=True)
        probe.unlink(missing_ok=True)


def _keys(register: Register) -> Iterator[Check]:
    keys = sorted((register.root / datadir.KEYS).glob("*.key"))
    for path in keys:
        if _mode(path) & (stat.S_IRWXG | stat.S_IRWXO):
            yield Check(check="keys", status="fail", message=f"{path} can be read by others", hint=f"chmod 600 {path}")
    yield Check(
        check="keys",
        status="ok",
        message=f"{len(keys)} pseudonym {'key' if len(keys) == 1 else 'keys'}",
        hint="back them up apart from the data: whoever has both can link students" if keys else "",
    )


def _permissions(register: Register) -> Iterator[Check]:
    open_to_others = _mode(register.root) & (stat.S_IRWXG | stat.S_IRWXO)
    yield Check(
        check="permissions",
        status="warn" if open_to_others else "ok",
        message=f"{register.root} has mode {_mode(register.root):04o}",
        hint=f"chmod 700 {register.root}" if open_to_others else "",
    )


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
