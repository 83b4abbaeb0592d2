"""Every command: where it is shown, where it is, and what it does in one line.

The list is written down so that `rollbook --help` imports no command; a test holds it to the commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Listed(NamedTuple):
    """A command in the list.

    Attributes:
        module: Module below `rollbook.cli.commands` that has a function of the command's last word.
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
        "search": Listed("search", "Find versions or runs by what is known of them."),
        "view save": Listed("view", "Save a search under a name."),
        "view ls": Listed("view", "List your views and the shared ones of the project."),
        "view show": Listed("view", "Show what a view asks."),
        "view rm": Listed("view", "Take one of your views away."),
        "show": Listed("show", "Show everything known of a version or a run."),
        "get": Listed("get", "Write a version's files to a folder."),
        "diff": Listed("diff", "Show what differs between two versions."),
        "lineage": Listed("lineage", "Show what a version was made from, and what was made from it."),
        "provenance": Listed("provenance", "Show the in-toto statements of where a version came from."),
    },
    "Decide": {
        "compare": Listed("compare", "Compare models on the same students, overall and per group."),
        "plan seal": Listed("plan", "Seal what will be asked of a dataset, before anybody looks at its labels."),
        "report": Listed("report", "Show a report that was kept."),
        "recompute": Listed("report", "Compute a kept report again, and say whether every number is the same."),
        "ledger": Listed("report", "List every look at an evaluation dataset, the newest first."),
        "explore": Listed("explore", "See at once how models do on any students."),
        "promote": Listed("aliases", "Make a version the champion."),
        "rollback": Listed("aliases", "Put an alias back where it was before."),
        "alias": Listed("aliases", "Point an alias at a version, or take it away."),
        "history": Listed("aliases", "List every move of a collection's aliases."),
    },
    "Keep": {
        "verify": Listed("verify", "Check a version, or everything, byte by byte."),
        "usage": Listed("usage", "Show how much space a project takes, and its collections or versions."),
        "delete": Listed("delete", "Delete a version."),
        "undelete": Listed("delete", "Bring a deleted version back, under its number."),
        "deleted": Listed("delete", "List the project's deleted versions."),
        "retention keep": Listed("retention", "Say which versions of a collection, or of all, to keep."),
        "retention rm": Listed("retention", "Take a rule away: all versions are kept from now on."),
        "retention ls": Listed("retention", "List every rule that was ever set in the project, the newest first."),
        "retention preview": Listed(
            "retention", "List what the rules would delete now, and why everything else stays."
        ),
        "retention run": Listed("retention", "Delete what the rules no longer keep."),
        "gc": Listed("gc", "Free bytes that no version needs, of all projects."),
        "jobs ls": Listed("jobs", "List the housekeeping that a server does."),
        "jobs run": Listed("jobs", "Run a job now."),
        "backup": Listed("keep", "Take a backup of everything while others write."),
        "restore": Listed("keep", "Make a register of a backup, and check every byte of it."),
        "migrate": Listed("keep", "Copy a register to other places, from a folder to production or back."),
    },
    "Share": {
        "serve": Listed("serve", "Serve the data directory to a team, until stopped."),
        "login": Listed("login", "Keep an API key for a server, once the server has taken it."),
        "sync": Listed("login", "Send history rows of earlier runs that a server does not have yet."),
        "whoami": Listed("whoami", "Show who you are, and where you have which roles."),
        "user add": Listed("user", "Add a person or a service account."),
        "user ls": Listed("user", "List users."),
        "user password": Listed("user", "Give a person a password for signing in from a browser."),
        "user disable": Listed("user", "Shut a user out."),
        "user enable": Listed("user", "Let a disabled user in again."),
        "org add": Listed("org", "Add an organisation."),
        "org ls": Listed("org", "List organisations."),
        "team add": Listed("team", "Add a team to an organisation."),
        "team ls": Listed("team", "List teams."),
        "member add": Listed("member", "Give somebody a role."),
        "member remove": Listed("member", "Take a role away."),
        "member ls": Listed("member", "List who has which role."),
        "key add": Listed("key", "Make an API key; it is shown once."),
        "key ls": Listed("key", "List API keys."),
        "key revoke": Listed("key", "End an API key at once."),
    },
}
GROUPS: Mapping[str, str] = {
    "plan": "Manage sealed plans.",
    "retention": "Manage which versions are kept.",
    "jobs": "Manage housekeeping.",
    "view": "Manage saved searches.",
    "user": "Manage persons and service accounts.",
    "org": "Manage organisations.",
    "team": "Manage teams.",
    "member": "Manage who has which role.",
    "key": "Manage API keys.",
}
"""Commands of two words, by the first: what each is about."""

COMMANDS: Mapping[str, Listed] = {name: listed for section in SECTIONS.values() for name, listed in section.items()}


def within(prefix: str) -> Mapping[str, str]:
    """What stands in the list behind these words ("" for `rollbook` itself): each next word, and what it does."""
    return {word: summary for section in SECTIONS for word, summary in section_within(section, prefix).items()}


def section_within(section: str, prefix: str) -> Mapping[str, str]:
    """As `within`, of one section."""
    found: dict[str, str] = {}
    for name, listed in SECTIONS[section].items():
        words = name.split()
        before = prefix.split()
        if words[: len(before)] == before and len(words) > len(before):
            word = words[len(before)]
            found[word] = GROUPS[word] if len(words) > len(before) + 1 else listed.summary
    return found
