"""From what a user names to a draft: a path, or `name:vN` for the file or folder `name` (or `name.*`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rollbook.model.errors import InvalidInput, SourceUnreadable
from rollbook.model.names import NAME, check_name
from rollbook.model.reference import split_stated
from rollbook.sdk.artifact import Artifact, FilePart


def draft(
    source: str | Path,
    name: str | None,
    type: str | None,  # noqa: A002 - W&B's word
    *,
    metadata: Mapping[str, Any] | None = None,
    description: str = "",
    data_class: str = "internal",
) -> Artifact:
    """A draft of one file or folder.

    Raises:
        InvalidInput: No type is given, or several files fit the name.
        SourceUnreadable: No file fits the name, or the folder holds none.
    """
    if type is None:
        raise InvalidInput(f"no type is given for {str(source)!r}", hint="for example type='dataset' or type='model'")
    path, stated = _locate(source) if name is None else (_existing(Path(source)), name)
    made = Artifact(stated, type, metadata, description, data_class)
    if path.is_dir():
        made.add_dir(path)
        if not made.parts:
            raise SourceUnreadable(f"folder {str(path)!r} holds no file", hint="save something into it first")
    else:
        made.add_file(path)
    return made


def _existing(path: Path) -> Path:
    if not path.exists():
        raise SourceUnreadable(f"{str(path)!r} does not exist", hint="name an existing file or folder")
    return path


def _locate(source: str | Path) -> tuple[Path, str]:
    """The path that a source names, and the collection (with the stated number) it goes to."""
    path = Path(source)
    if path.exists():
        return path, _collection_of(path)
    if not isinstance(source, str) or "/" in source:
        return _existing(path), ""
    collection, _ = split_stated(source)
    exact = Path(collection)
    if exact.exists():
        return exact, source
    candidates = sorted(found for found in Path.cwd().glob(f"{collection}.*") if not found.name.endswith("~"))
    if len(candidates) > 1:
        names = ", ".join(found.name for found in candidates)
        raise InvalidInput(f"{collection!r} could be {names}", hint="name one: run.log_artifact('file', name=...)")
    if not candidates:
        raise SourceUnreadable(
            f"there is no file or folder {collection!r} or {collection + '.*'!r} in {str(Path.cwd())!r}",
            hint="save it first, or log a path with run.log_artifact('path', name=..., type=...)",
        )
    return candidates[0], source


def _collection_of(path: Path) -> str:
    stem = path.name if path.is_dir() else path.stem
    if not NAME.match(stem):
        raise InvalidInput(f"{stem!r} cannot name a collection", hint="pass name='...'")
    return check_name(stem, "collection")


def known_size(draft: Artifact) -> int:
    """Bytes of the files that will be read, as far as they can be told now."""
    sizes = (Path(part.source).stat().st_size for part in draft.parts.values() if isinstance(part, FilePart))
    try:
        return sum(sizes)
    except OSError:
        return 0
