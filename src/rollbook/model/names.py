"""Naming rules for collections, projects, aliases, tags and file paths inside a version."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rollbook.model.canonical import check_text
from rollbook.model.errors import InvalidInput, InvalidName

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")
NUMBER = re.compile(r"v(0|[1-9][0-9]{0,17})\Z")
LATEST = "latest"
RESERVED = re.compile(r"(?i)(latest|sha256|v[0-9]+)\Z")
"""What a reference reads in another way: `latest`, a digest's first word, and anything that looks like a number."""
MAX_TAG = 128
MAX_PATH = 4096
MAX_COMPONENT = 255
_INVISIBLE = {"Cf", "Cc", "Cs", "Zl", "Zp"}


def check_name(name: str, what: str = "name") -> str:
    """Return `name` where it may name a collection, project, type or alias.

    Raises:
        InvalidName: It breaks the rule or is reserved.
    """
    if not NAME.match(name):
        raise InvalidName(
            f"{what} {name[:140]!r} is not allowed",
            hint="1 to 128 letters, digits, '.', '_' or '-', starting with a letter or digit",
        )
    if RESERVED.match(name):
        raise InvalidName(f"{what} {name!r} is reserved", hint="Rollbook keeps 'latest', 'sha256' and 'v0', 'v1' ...")
    return name


def check_project(name: str) -> str:
    """Return `name` where it may name a project: `name`, or `team/name` for a project that belongs to a team.

    Raises:
        InvalidName: A part breaks the rule or is reserved, or there are more than two.
    """
    parts = name.split("/")
    if len(parts) > 2:
        raise InvalidName(f"project {name[:140]!r} is not allowed", hint="write 'project', or 'team/project'")
    for part, what in zip(reversed(parts), ("project", "team"), strict=False):
        check_name(part, what)
    return name


def check_tag(tag: str) -> str:
    """Return `tag` where it may label a version: visible text of at most 128 characters.

    Raises:
        InvalidName: It is empty, too long or has control characters, or starts with the reserved `checked:`.
    """
    check_text(tag, "tag")
    if not tag.strip() or len(tag) > MAX_TAG or has_invisible(tag):
        raise InvalidName(f"tag {tag[:140]!r} is not allowed", hint=f"1 to {MAX_TAG} visible characters")
    if tag.strip().lower().startswith("checked:"):
        raise InvalidName(
            f"tag {tag!r} cannot be set by hand", hint="tags under 'checked:' are earned from a passing verdict"
        )
    return tag.strip()


def has_invisible(text: str) -> bool:
    """Whether text has control characters, or characters that hide or reorder what a reader sees."""
    return not text.isprintable() and any(unicodedata.category(c) in _INVISIBLE for c in text)


def check_path(path: str) -> str:
    """Return `path` where it may name a file inside a version: relative, `/`-separated, no tricks.

    Raises:
        InvalidInput: It is absolute, empty, too long, has `.` or `..` parts, backslashes or control characters.
    """
    check_text(path, "path")
    problem = _path_problem(path)
    if problem:
        raise InvalidInput(f"path {path[:200]!r} {problem}", hint="use a relative path such as 'data/train.parquet'")
    return path


@lru_cache(maxsize=2**16)  # a path is checked where it is found, where it is added and where it is sealed
def _path_problem(path: str) -> str:
    if not path:
        return "is empty"
    if len(path.encode()) > MAX_PATH:
        return f"is longer than {MAX_PATH} bytes"
    if path.startswith("/") or "\\" in path or re.match(r"[A-Za-z]:", path):
        return "is absolute or has a backslash or drive letter"
    if has_invisible(path):
        return "has control or invisible characters"
    for part in path.split("/"):
        if part in ("", ".", ".."):
            return "has an empty, '.' or '..' part"
        if len(part.encode()) > MAX_COMPONENT:
            return f"has a part longer than {MAX_COMPONENT} bytes"
    return ""
