"""What a run can tell of itself without being asked: environment and code. Secrets are redacted first."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from rollbook.model.canonical import JSON
from rollbook.model.digest import Digest
from rollbook.model.provenance import Code

MAX_DIFF = 16 * 1024 * 1024
REDACTED = "[redacted]"
# `token` only at the end of a name: `--tokenizer` and `--max-tokens` are parameters, not secrets.
_SECRET_NAME = re.compile(
    r"(?i)(api[-_]?key|(access|private|secret)[-_]?key|token$|secret|passw(or)?d|passphrase|credential"
    r"|(^|[-_.])(auth|authorization|pass|pwd)($|[-_.]))"
)
_USERINFO = re.compile(r"(?i)(?P<scheme>[a-z][a-z0-9+.-]*://)[^\s/?#]*@")
_QUERY = re.compile(r"(?P<name>[?&](?P<word>[^=&\s#]+)=)[^&\s#]+")
_SIGNATURE = re.compile(r"(?i)(x-amz-|x-goog-|sig$|signature$|key$)")
# What a person's git settings would change about a patch: colours, prefixes, filters that show instead of store.
_PLAIN_DIFF = (
    *("-c", "color.ui=false", "-c", "diff.noprefix=false", "-c", "diff.mnemonicPrefix=false"),
    *("-c", "diff.relative=false", "diff", "HEAD"),
    *("--no-ext-diff", "--no-textconv", "--no-color", "--binary", "--submodule=short"),
)


class CapturedCode(msgspec.Struct, frozen=True):
    """Code facts, and what must be kept because no commit holds it.

    Attributes:
        code: The facts.
        files: Path inside a code version -> bytes.
    """

    code: Code
    files: dict[str, bytes]


def environment() -> dict[str, JSON]:
    """Python, platform, hardware and installed packages."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "memory_bytes": _memory(),
        "packages": _packages(),
    }


def _packages() -> dict[str, JSON]:
    """Installed packages and versions, as their metadata folders are named: reading 100 metadata files takes 0.3 s.

    The first folder on the path wins, as it does when Python imports.
    """
    found: dict[str, JSON] = {}
    for folder in sys.path:
        for path in Path(folder or ".").glob("*.dist-info"):
            name, _, version = path.stem.rpartition("-")
            found.setdefault(name.replace("_", "-").lower(), version)
    return dict(sorted(found.items()))


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
    commit = (_git(folder, "rev-parse", "HEAD") or b"").decode().strip()
    diff = _git(folder, *_PLAIN_DIFF) if commit else b""
    files: dict[str, bytes] = {}
    if diff and len(diff) <= MAX_DIFF:
        files["difference.patch"] = diff
    if source is not None and not (commit and _is_committed(folder, entry)):
        files[Path(entry).name or "code.py"] = source
    return CapturedCode(
        Code(
            commit=commit,
            remote=_remote(folder) if commit else "",
            dirty=diff is None or bool(diff),  # what git could not tell is not called clean
            diff=Digest.sha256(diff) if diff else None,
            entry=_printable(Path(entry).name),
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


def _remote(folder: Path) -> str:
    return redact(_printable(os.fsdecode(_git(folder, "remote", "get-url", "origin") or b"").strip()))


def _git(folder: Path, *arguments: str) -> bytes | None:
    """What git prints, or None where it fails, is not there or takes longer than ten seconds."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def redact(text: str) -> str:
    """Take user names, passwords, keys and signatures out of URLs."""
    return _QUERY.sub(_redact_query, _USERINFO.sub(rf"\g<scheme>{REDACTED}@", text))


def _redact_query(found: re.Match[str]) -> str:
    word = found["word"]
    return found["name"] + REDACTED if _SECRET_NAME.search(word) or _SIGNATURE.search(word) else found[0]


def _printable(text: str) -> str:
    """Text that every store can hold; bytes that are not UTF-8 become question marks."""
    return text.encode(errors="replace").decode()


def redact_arguments(arguments: list[str]) -> list[str]:
    """Take the values of secret-looking options out of a command line."""
    kept: list[str] = []
    hide_next = False
    for argument in arguments:
        name, has_value, _ = argument.partition("=")
        secret = bool(_SECRET_NAME.search(name))
        if hide_next and not argument.startswith("-"):
            kept.append(REDACTED)
        elif secret and has_value:
            kept.append(f"{_printable(name)}={REDACTED}")
        else:
            kept.append(_printable(redact(argument)))
        hide_next = secret and not has_value and name.startswith("-")
    return kept
