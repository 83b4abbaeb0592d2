"""The tools that are compared, each behind the same three verbs: start a store, log a file or folder, get it back."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol

from bench.environments import own_program, program, script
from bench.measure import Command, measure


class Tool(Protocol):
    """A store of versions. `home` is a folder of the tool's own; everything it keeps is inside."""

    name: str

    def start(self, home: Path) -> None:
        """Make an empty store (not measured)."""
        ...

    def log(self, home: Path, source: Path) -> Command:
        """Do what need not be measured, and return the command that logs `source` as the next version."""
        ...

    def get(self, home: Path, target: Path) -> Command | None:
        """The command that fetches the latest version below `target`; None if the tool cannot without its server."""
        ...

    def kept(self, home: Path) -> Path:
        """The folder whose size on disk is what the tool needs for all versions."""
        ...


class Rollbook:
    """Rollbook through its command line: durable, locked, verified."""

    name = "rollbook"

    def start(self, home: Path) -> None:
        measure(Command([*self._words(home), "init"], home))

    def log(self, home: Path, source: Path) -> Command:
        return Command([*self._words(home), "log", str(source), "--name", "data", "--type", "dataset"], home)

    def get(self, home: Path, target: Path) -> Command:
        return Command([*self._words(home), "get", "data:latest", "--to", str(target)], home, result=target)

    def kept(self, home: Path) -> Path:
        return home / "store"

    def _words(self, home: Path) -> list[str]:
        return [own_program("rollbook"), "--data-dir", str(home / "store")]


class Copy:
    """`cp`, then fsync of each file: the floor for keeping a version that survives a power cut."""

    name = "cp+fsync"

    def start(self, home: Path) -> None:
        (home / "store").mkdir()

    def log(self, home: Path, source: Path) -> Command:
        target = home / "store" / f"v{len(list((home / 'store').iterdir()))}"
        line = 'cp -r "$1" "$2" && find "$2" -type f -exec sync {} +'
        return Command(["sh", "-c", line, "sh", str(source), str(target)], home)

    def get(self, home: Path, target: Path) -> Command:
        versions = sorted((home / "store").iterdir(), key=lambda path: path.stat().st_mtime_ns)
        return Command(["cp", "-r", str(versions[-1]), str(target)], home, result=target)

    def kept(self, home: Path) -> Path:
        return home / "store"


class Wandb:
    """wandb without a server. What it logs can only be fetched from one, so there is no `get`."""

    name = "wandb"

    def start(self, home: Path) -> None:
        program("wandb", "python")
        (home / "store").mkdir()

    def log(self, home: Path, source: Path) -> Command:
        return Command([*script("wandb", "wandb_log.py"), str(source)], home / "store", wandb_settings(home / "store"))

    def get(self, home: Path, target: Path) -> Command | None:
        del home, target
        return None

    def kept(self, home: Path) -> Path:
        return home / "store"


class Mlflow:
    """MLflow with SQLite and a local artifact store."""

    name = "mlflow"

    def start(self, home: Path) -> None:
        measure(Command([*script("mlflow", "mlflow_log.py"), str(home / "run-id")], home, mlflow_settings(home)))

    def log(self, home: Path, source: Path) -> Command:
        words = [*script("mlflow", "mlflow_log.py"), str(home / "run-id"), str(source)]
        return Command(words, home, mlflow_settings(home))

    def get(self, home: Path, target: Path) -> Command:
        words = [*script("mlflow", "mlflow_get.py"), str(home / "run-id"), str(target)]
        return Command(words, home, mlflow_settings(home), result=target)

    def kept(self, home: Path) -> Path:
        return home / "artifacts"


class Dvc:
    """DVC without git: `dvc add` in its work tree, and `dvc checkout` to get it back."""

    name = "dvc"

    def start(self, home: Path) -> None:
        (home / "tree").mkdir()
        measure(Command([program("dvc", "dvc"), "init", "--no-scm", "--quiet"], home / "tree", _DVC))

    def log(self, home: Path, source: Path) -> Command:
        data = home / "tree" / "data"
        measure(Command(["cp", "-ru", "--preserve=timestamps", "-T", str(source), str(data)], home))
        return Command([program("dvc", "dvc"), "add", "--quiet", "data"], home / "tree", _DVC)

    def get(self, home: Path, target: Path) -> Command:
        del target
        data = home / "tree" / "data"
        if data.is_dir():
            shutil.rmtree(data)
        else:
            data.unlink(missing_ok=True)
        return Command([program("dvc", "dvc"), "checkout", "--quiet"], home / "tree", _DVC, result=data)

    def kept(self, home: Path) -> Path:
        return home / "tree" / ".dvc"


class Xet:
    """The chunk store of the Hugging Face hub's client, kept locally."""

    name = "hf_xet"

    def start(self, home: Path) -> None:
        program("hf-xet", "python")
        (home / "store").mkdir()

    def log(self, home: Path, source: Path) -> Command:
        return self._command(home, "put", source)

    def get(self, home: Path, target: Path) -> Command:
        return self._command(home, "get", target)._replace(result=target)

    def kept(self, home: Path) -> Path:
        return home / "store"

    def _command(self, home: Path, verb: str, path: Path) -> Command:
        words = [*script("hf-xet", "xet.py"), verb, str(home / "store"), str(path)]
        return Command(words, home, {"HF_XET_CACHE": str(home / "cache")})


class Borg:
    """Borg backup with its defaults, without encryption. Measured where it is installed."""

    name = "borg"

    def start(self, home: Path) -> None:
        measure(Command(["borg", "init", "-e", "none", "store"], home, _borg_settings(home)))
        (home / "count").write_text("0")

    def log(self, home: Path, source: Path) -> Command:
        number = int((home / "count").read_text()) + 1
        (home / "count").write_text(str(number))
        words = ["borg", "create", f"{home / 'store'}::v{number}", source.name]
        return Command(words, source.parent, _borg_settings(home))

    def get(self, home: Path, target: Path) -> Command:
        target.mkdir()
        words = ["borg", "extract", f"{home / 'store'}::v{(home / 'count').read_text()}"]
        return Command(words, target, _borg_settings(home), result=target)

    def kept(self, home: Path) -> Path:
        return home / "store"


def all_tools() -> list[Tool]:
    """Rollbook, then every peer that can run here."""
    tools: list[Tool] = [Rollbook(), Copy(), Wandb(), Mlflow(), Dvc(), Xet()]
    return [*tools, Borg()] if shutil.which("borg") else tools


def wandb_settings(home: Path) -> dict[str, str]:
    """Keep everything of wandb's below `home`, and talk to nobody."""
    folders = {name: str(home / name.lower()) for name in ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR")}
    for folder in folders.values():
        Path(folder).mkdir(exist_ok=True)
    return {**folders, "WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}


def mlflow_settings(home: Path) -> dict[str, str]:
    """SQLite below `home`, no telemetry, no progress bars."""
    return {
        "MLFLOW_TRACKING_URI": f"sqlite:///{home / 'mlflow.db'}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    }


_DVC = {"DVC_NO_ANALYTICS": "1"}


def _borg_settings(home: Path) -> dict[str, str]:
    return {
        "BORG_BASE_DIR": str(home),
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
        "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
    }
