"""A store of made pictures that holds no more than so many bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any


class Cache:
    """The newest values whose arrays fit into so many bytes."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held: OrderedDict[object, tuple[object, int]] = OrderedDict()
        self._bytes = 0

    @property
    def size(self) -> int:
        """Bytes held."""
        return self._bytes

    def get(self, key: object, make: Callable[[], Any], weigh: Callable[[Any], int]) -> Any:
        """The value of a key, made when it is not held."""
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
            return found[0]
        value = make()
        weight = weigh(value)
        self._held[key] = (value, weight)
        self._bytes += weight
        while self._bytes > self._capacity and len(self._held) > 1:
            _, (_, freed) = self._held.popitem(last=False)
            self._bytes -= freed
        return value
