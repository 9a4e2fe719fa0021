"""The types of the wheel's only module, which is written in Rust (src/python.rs)."""

import os
from types import TracebackType
from typing import Final, Literal, TypeAlias, final

__all__ = [
    "MAX_KEY_BYTES",
    "MAX_VALUE_BYTES",
    "BusyError",
    "ClosedError",
    "CorruptError",
    "Error",
    "Store",
    "__version__",
]

# Not of the module at run time: a spelling for type checkers.
_Kind: TypeAlias = Literal["resource", "entity", "moment"]

__version__: Final[str]

MAX_KEY_BYTES: Final[int]
"""The longest key, in bytes of UTF-8."""

MAX_VALUE_BYTES: Final[int]
"""The largest value, in bytes."""

class Error(Exception):
    """A store could not do what was asked."""

class BusyError(Error):
    """The store's file is open elsewhere."""

class CorruptError(Error):
    """The store's file is damaged, or none."""

class ClosedError(Error):
    """The store was closed before."""

@final
class Store:
    """An open store. Threads may share it; the interpreter lock is free during disk work.

    Every call raises ``ValueError`` for an unknown kind, and for a key or value of a length that
    is not allowed; ``ClosedError`` after ``close``; ``CorruptError`` when damage is found.
    """

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Store:
        """Open the store in the file at ``path``, and create it when there is none."""

    def put(self, kind: _Kind, key: str, value: bytes) -> None:
        """Write ``value`` under ``key``; it is on disk when the call returns."""

    def get(self, kind: _Kind, key: str) -> bytes | None:
        """Return the value under ``key``, or ``None``."""

    def delete(self, kind: _Kind, key: str) -> bool:
        """Remove the record under ``key`` and say whether there was one."""

    def scan(
        self, kind: _Kind, prefix: str = "", *, after: str = "", limit: int | None = None
    ) -> list[tuple[str, bytes]]:
        """Return at most ``limit`` records with ``prefix``, in order, from behind ``after``."""

    def close(self) -> None:
        """Give the file free. Closing twice is no error."""

    def __enter__(self) -> Store: ...
    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None: ...
