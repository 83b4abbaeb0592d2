"""Environments of the peers: one each, made on first use from the pinned lists in `bench/peers/`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PEERS = Path(__file__).parent / "peers"
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


def program(peer: str, name: str) -> str:
    """The path of program `name` in the environment of `peer`, which is made now if it is not there.

    Raises:
        subprocess.CalledProcessError: The environment cannot be made; what went wrong was printed.
    """
    folder = ROOT / f".env-{peer}"
    pins = PEERS / f"{peer}.txt"
    stamp = folder / ".made-from"
    made_from = f"{folder}\n{pins.read_text()}"
    if not stamp.exists() or stamp.read_text() != made_from:
        print(f"making the environment of {peer} ...", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
        subprocess.run([*_installer(folder), "--compile-bytecode", "--require-hashes", "-r", pins], check=True)
        stamp.write_text(made_from)
    return str(folder / "bin" / name)


def script(peer: str, name: str) -> list[str]:
    """The first words of a command that runs `bench/peers/NAME` in the environment of `peer`."""
    return [program(peer, "python"), str(PEERS / name)]


def own_program(name: str) -> str:
    """The path of a program beside the running Python: Rollbook's own."""
    return os.path.join(os.path.dirname(sys.executable), name)  # noqa: PTH118, PTH120  Resolving the link leaves the environment.


def _installer(folder: Path) -> list[str]:
    trust = ["--system-certs"] if _AUTHORITIES.exists() else []
    return [sys.executable, "-m", "uv", "--quiet", *trust, "pip", "install", "--python", str(folder / "bin" / "python")]
