"""The tests. A package by name, because an installed library brings a package `tests` too."""
