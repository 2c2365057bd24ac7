"""The names that count by name, up to a limit. Only the set of known names decides which ones.

Names come with events, so any producer can send any number of them (docs/metrics.md, "Experiments").
"""

from bisect import insort
from collections.abc import Collection
from typing import Final

#: Name under which all names beyond the limit count. An event's name `other` counts here too.
OTHER: Final = "other"
#: Names beyond the limit that are kept as examples for the operator.
_EXAMPLES: Final = 10


class SmallestNames:
    """The smallest names in use, up to a limit, and the number of users of each.

    A name beyond the limit is dropped, and its users are no longer counted. No dropped name is smaller than
    the first of `beyond`, so all users of a smaller name are counted.

    Args:
        limit: maximum number of names, if `chosen` is empty.
        chosen: the only names to hold, without a limit; empty to hold the smallest names.

    Attributes:
        beyond: smallest names that are not held, sorted; a name stays here after it goes out of use.
    """

    def __init__(self, limit: int, chosen: Collection[str] = ()) -> None:
        self.beyond: list[str] = []
        self._limit = limit
        self._chosen = frozenset(chosen)
        self._users: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        """Return whether a name is held."""
        return name in self._users

    def add_user(self, name: str) -> str | None:
        """Count a user of a name, if it is held or can be. Return the name dropped for it."""
        if name in self._users:
            self._users[name] += 1
        elif self._is_chosen(name):
            self._users[name] = 1
            if not self._chosen and len(self._users) > self._limit:
                return self._make_room(name)
        elif name != OTHER:
            self._add_beyond(name)
        return None

    def _is_chosen(self, name: str) -> bool:
        if name == OTHER:
            return False
        if self._chosen:
            return name in self._chosen
        return not self.beyond or name < self.beyond[0]

    def _make_room(self, added: str) -> str | None:
        dropped = next((name for name, users in self._users.items() if not users), None)
        if dropped is None:
            dropped = max(self._users)
            self._add_beyond(dropped)
        del self._users[dropped]
        return None if dropped == added else dropped

    def _add_beyond(self, name: str) -> None:
        if name not in self.beyond:
            insort(self.beyond, name)
            del self.beyond[_EXAMPLES:]

    def remove_user(self, name: str) -> None:
        """Count one user less of a name, if it is held."""
        if name in self._users:
            self._users[name] -= 1

    def drop_unused(self) -> list[str]:
        """Drop the names without a user, and return them."""
        unused = [name for name, users in self._users.items() if not users]
        for name in unused:
            del self._users[name]
        return unused

    @property
    def has_room(self) -> bool:
        """Whether fewer names than the limit are held, while names beyond it are in use."""
        return bool(self.beyond) and not self._chosen and len(self._users) < self._limit
