"""What a run can tell of itself without being asked: environment and code. Secrets are redacted before they are kept."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from rollbook.model.canonical import JSON
from rollbook.model.digest import Digest
from rollbook.model.provenance import Code

MAX_DIFF = 16 * 1024 * 1024
REDACTED = "[redacted]"
_SECRET_NAME = re.compile(r"(?i)(api[-_]?key|token|secret|passw(or)?d|credential|auth)")
_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/@\s]+@")


class CapturedCode(msgspec.Struct, frozen=True):
    """Code facts, and the files that must be kept because no commit holds them (path inside a code version -> bytes)."""

    code: Code
    files: dict[str, bytes]


def environment() -> dict[str, JSON]:
    """Python, platform, hardware and installed packages."""
    packages = {dist.name: dist.version for dist in metadata.distributions() if dist.name}
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "memory_bytes": _memory(),
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
    }


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None


def code(folder: Path) -> CapturedCode:
    """The code of this process, as seen from `folder`: git commit and difference, else the script or notebook itself.

    A clean commit is enough to find the code again; a difference or a script that no commit holds is kept as a file.
    """
    entry, source = _entry()
    commit = _git(folder, "rev-parse", "HEAD").strip()
    diff = _git(folder, "diff", "HEAD", "--no-ext-diff", "--binary") if commit else ""
    files: dict[str, bytes] = {}
    if 0 < len(diff) <= MAX_DIFF:
        files["difference.patch"] = diff.encode(errors="surrogateescape")
    if source is not None and not (commit and _is_committed(folder, entry)):
        files[Path(entry).name or "code.py"] = source
    return CapturedCode(
        Code(
            commit=commit,
            remote=redact(_git(folder, "remote", "get-url", "origin").strip()) if commit else "",
            dirty=bool(diff),
            diff=Digest.sha256(diff.encode(errors="surrogateescape")) if diff else None,
            entry=Path(entry).name,
            arguments=tuple(redact_arguments(sys.argv[1:])),
        ),
        files,
    )


def _entry() -> tuple[str, bytes | None]:
    """The started script or notebook and its source; ("", None) in an interactive session without one."""
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        cells: list[str] = shell.user_ns.get("In", [])
        notebook = os.environ.get("JPY_SESSION_NAME") or shell.user_ns.get("__vsc_ipynb_file__") or "notebook.ipynb"
        source = "\n\n# ----\n".join(cell for cell in cells if cell.strip())
        return f"{Path(str(notebook)).stem}.cells.py", source.encode() if source else None
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if not script:
        return "", None
    try:
        return script, Path(script).read_bytes()
    except OSError:
        return script, None


def _is_committed(folder: Path, script: str) -> bool:
    path = str(Path(script).absolute())
    return bool(_git(folder, "ls-files", "--error-unmatch", "--", path))


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="surrogateescape") if done.returncode == 0 else ""


def redact(text: str) -> str:
    """Take user names and passwords out of URLs."""
    return _USERINFO.sub(rf"\g<scheme>{REDACTED}@", text)


def redact_arguments(arguments: list[str]) -> list[str]:
    """Take the values of secret-looking options out of a command line."""
    kept: list[str] = []
    hide_next = False
    for argument in arguments:
        name, has_value, _ = argument.partition("=")
        secret = name.startswith("-") and bool(_SECRET_NAME.search(name))
        if hide_next and not argument.startswith("-"):
            kept.append(REDACTED)
        elif secret and has_value:
            kept.append(f"{name}={REDACTED}")
        else:
            kept.append(redact(argument).encode(errors="replace").decode())
        hide_next = secret and not has_value
    return kept
