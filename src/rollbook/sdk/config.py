"""A run's configuration and summary: mappings that also read as attributes and tell when they change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, cast

from rollbook.model.canonical import JSON, to_json


class Facts(MutableMapping[str, Any]):
    """Named JSON values. `facts.lr` reads `facts["lr"]`.

    Args:
        what: How messages name it (`config`, `summary`).
        values: Where it starts.
        changed: Called after every change with all values.
    """

    def __init__(self, what: str, values: Mapping[str, Any], changed: Callable[[dict[str, JSON]], None]) -> None:
        self._what = what
        self._changed = changed
        self._values = self._plain(values)

    def _plain(self, values: Mapping[str, Any]) -> dict[str, JSON]:
        plain = to_json(values, self._what)
        assert isinstance(plain, dict)
        return plain

    def _keep(self, values: dict[str, JSON]) -> None:
        """What could not be stored is not remembered either."""
        self._changed(dict(values))
        self._values = values

    def as_dict(self) -> dict[str, JSON]:
        """A copy of all values."""
        return dict(self._values)

    def update(self, *others: Any, **values: Any) -> None:
        """Set several values at once, in one write.

        Raises:
            InvalidInput: A value is not JSON; nothing was set.
        """
        given: dict[str, Any] = {}
        for other in others:
            is_namespace = hasattr(other, "__dict__") and not isinstance(other, Mapping)
            given.update(cast(Any, vars(other) if is_namespace else other))
        self._keep(self._values | self._plain(given | values))

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        kept = self.as_dict()
        del kept[key]
        self._keep(kept)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        try:
            return self._values[key]
        except KeyError:
            known = ", ".join(self._values) or "nothing"
            raise AttributeError(f"{self._what} has no {key!r}; it has {known}") from None

    def __setattr__(self, key: str, value: Any) -> None:
        if key.startswith("_"):
            super().__setattr__(key, value)
        else:
            self[key] = value

    def __repr__(self) -> str:
        return f"{self._what} {self._values!r}"
