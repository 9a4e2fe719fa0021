"""What a memory is and where it is kept. It knows no HTTP and no terminal.

A memory is one record of kind *resource*: its key is the memory's id, its value JSON. There is no
index of words: a search reads every memory, as is right for the thousands that one person keeps.
"""

import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import percolate_rocks
from pydantic import BaseModel, ValidationError

MAX_TEXT_BYTES: Final = 1024 * 1024
"""The largest memory, in bytes of UTF-8. A larger text is to be cut into chunks first."""

MAX_PAGE: Final = 1000
"""The most memories one answer holds."""

# Lower case and no slash, so that an id is the same in a URL, a file name and a terminal.
_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")

_WORD: Final = re.compile(r"\w+")

_SCAN_PAGE: Final = 16

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class PercolateError(Exception):
    """Something a user can mend; its text is a sentence made for them."""


class InvalidMemoryError(PercolateError):
    """The id, the text, the question or the page asked for breaks a rule."""


class TooLargeError(PercolateError):
    """The text is larger than MAX_TEXT_BYTES."""


class UnknownMemoryError(PercolateError):
    """No memory has this id."""


class StoreError(PercolateError):
    """The store's file cannot be opened, read or written."""


class Memory(BaseModel):
    """A text that was put, and when."""

    id: str
    text: str
    written: datetime


class Memories:
    """An open store of memories in a folder. Threads may share it; another process may not."""

    def __init__(
        self, folder: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Open the store in ``folder``; both are made when they are not there.

        ``now`` tells the time of a writing, with its zone; new ids are made of it too.
        """
        self._now = now
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror or error
            raise StoreError(f"cannot make the folder {folder}: {reason}") from error
        with _store_errors():
            self._store = percolate_rocks.Store.open(folder / "memories.redb")

    def put(self, text: str, id: str | None = None) -> Memory:
        """Keep ``text`` under ``id``, in place of what was there; by default under a new id.

        New ids are ordered by time, so that a list is in the order of writing.
        """
        written = self._now()
        key = _new_id(written) if id is None else _checked_id(id)
        if not text.strip():
            raise InvalidMemoryError("the text is empty; a memory needs at least one word")
        try:
            size = len(text.encode())
        except UnicodeEncodeError as error:
            raise InvalidMemoryError(
                f"the text is not valid Unicode at character {error.start}; send it as UTF-8"
            ) from error
        check_size(size)
        memory = Memory(id=key, text=text, written=written)
        with _store_errors():
            self._store.put("resource", key, memory.model_dump_json().encode())
        return memory

    def get(self, id: str) -> Memory:
        """Return the memory with this id; ``UnknownMemoryError`` when there is none."""
        with _store_errors():
            value = self._store.get("resource", _checked_id(id))
        if value is None:
            raise UnknownMemoryError(f"there is no memory {id!r}; `percolate list` shows all ids")
        return _read(id, value)

    def page(self, *, after: str = "", limit: int = 100) -> list[Memory]:
        """Return at most ``limit`` memories in the order of their ids, from behind ``after``."""
        _check_limit(limit)
        if after:
            _checked_id(after)
        with _store_errors():
            page = self._store.scan("resource", after=after, limit=limit)
        return [_read(key, value) for key, value in page]

    def search(self, question: str, *, limit: int = 20) -> list[Memory]:
        """Return the memories that hold every word of ``question``, those that say them most first.

        Words are compared whole and without regard to case.
        """
        _check_limit(limit)
        wanted = frozenset(_words(question))
        if not wanted:
            raise InvalidMemoryError("the question holds no word; ask for letters or digits")
        found: list[tuple[int, str, Memory]] = []
        for memory in self._all():
            counts = Counter(_words(memory.text))
            if all(counts[word] for word in wanted):
                found.append((-sum(counts[word] for word in wanted), memory.id, memory))
        found.sort(key=lambda entry: entry[:2])
        return [memory for _, _, memory in found[:limit]]

    def close(self) -> None:
        """Give the store's file free."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _all(self) -> Iterator[Memory]:
        # By pages, so that a search holds one page in memory and not the whole store.
        after = ""
        while page := self.page(after=after, limit=_SCAN_PAGE):
            yield from page
            after = page[-1].id


def check_size(size: int) -> None:
    """Refuse a text of ``size`` bytes when that is too much; callers ask before they read one."""
    if size > MAX_TEXT_BYTES:
        raise TooLargeError(
            f"the text is {size} bytes long; a memory holds at most {MAX_TEXT_BYTES}"
        )


@contextmanager
def _store_errors() -> Iterator[None]:
    """Give the store's errors, which are sentences already, the type that users' errors have."""
    try:
        yield
    except percolate_rocks.Error as error:
        raise StoreError(str(error)) from error


def _read(key: str, value: bytes) -> Memory:
    try:
        memory = Memory.model_validate_json(value)
    except ValidationError as error:
        raise StoreError(
            f"the record {key!r} is not a memory; another program wrote it, or the file is damaged"
        ) from error
    # Listing goes on behind the last id it saw; one that is not its key would lead in a circle.
    if memory.id != key:
        raise StoreError(
            f"the record {key!r} calls itself {memory.id!r}; another program wrote it, "
            "or the file is damaged"
        )
    # `put` keeps no such text, and a list shows the first line of each.
    if not memory.text.strip():
        raise StoreError(
            f"the record {key!r} is not a memory: its text is empty, and a memory needs at least "
            f"one word; another program wrote it; `percolate put TEXT --id {key!r}` replaces it"
        )
    return memory


def _new_id(written: datetime) -> str:
    # Twelve digits of milliseconds outlast any store; the rest tells two of one millisecond apart.
    milliseconds = (written - _EPOCH) // timedelta(milliseconds=1)
    return f"{milliseconds:012x}-{secrets.token_hex(4)}"


def _checked_id(id: str) -> str:
    if not _ID.fullmatch(id):
        raise InvalidMemoryError(
            f"{id[:140]!r} cannot be an id; use 1 to 128 of a-z, 0-9, '.', '_' and '-', "
            "beginning with a letter or digit"
        )
    return id


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidMemoryError(f"the limit is {limit}; it must be from 1 to {MAX_PAGE}")


def _words(text: str) -> Iterator[str]:
    return (word.casefold() for word in _WORD.findall(text))
