"""Every command: where it is shown, where it is, and what it does in one line.

The list is written down so that `rollbook --help` imports no command; a test holds it to the commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Listed(NamedTuple):
    """A command in the list.

    Attributes:
        module: Module below `rollbook.cli.commands` that has a function of the command's name.
        summary: First sentence of its help.
    """

    module: str
    summary: str


SECTIONS: Mapping[str, Mapping[str, Listed]] = {
    "Begin": {
        "init": Listed("setup", "Make a data directory."),
        "demo": Listed("demo", "See the main job on real student records, in a minute."),
        "doctor": Listed("doctor", "Check this machine and the data directory."),
    },
    "Record": {
        "log": Listed("log", "Log a file or folder as a version."),
        "evaluate": Listed("evaluate", "Log a model's predictions for students as an evaluation."),
        "pseudonymise": Listed("pseudonymise", "Replace the student ids of a table by pseudonyms."),
        "tag": Listed("notes", "Add and remove labels of a version."),
        "describe": Listed("notes", "Set the description of a version."),
    },
    "Read": {
        "ls": Listed("ls", "List collections, versions, runs or projects."),
        "show": Listed("show", "Show everything known of a version or a run."),
        "get": Listed("get", "Write a version's files to a folder."),
        "diff": Listed("diff", "Show what differs between two versions."),
        "lineage": Listed("lineage", "Show what a version was made from, and what was made from it."),
        "provenance": Listed("provenance", "Show the in-toto statements of where a version came from."),
    },
    "Decide": {
        "compare": Listed("compare", "Compare models on the same students, overall and per group."),
        "explore": Listed("explore", "See at once how models do on any students."),
        "promote": Listed("aliases", "Make a version the champion."),
        "rollback": Listed("aliases", "Put an alias back where it was before."),
        "alias": Listed("aliases", "Point an alias at a version, or take it away."),
        "history": Listed("aliases", "List every move of a collection's aliases."),
    },
    "Keep": {
        "verify": Listed("verify", "Check a version, or everything, byte by byte."),
    },
    "Share": {
        "serve": Listed("serve", "Serve the data directory to a team, until stopped."),
    },
}
COMMANDS: Mapping[str, Listed] = {name: listed for section in SECTIONS.values() for name, listed in section.items()}
