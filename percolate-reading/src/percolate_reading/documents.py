"""From the bytes of a document to its chunks: which kind it is, and how its bytes become text.

It does not guess: the kind comes from the file's name or the media type; text is UTF-8, or UTF-16
with a byte order mark, and anything else is refused rather than read wrongly.
"""

import codecs
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePath

from pydantic import BaseModel

from percolate_reading import parsers
from percolate_reading.chunks import Chunk, Cut, Section, chunks_of
from percolate_reading.errors import ReadingError, TooLargeError, UnsupportedKindError


class Document(BaseModel):
    """A document that was read."""

    name: str
    kind: str
    """`text`, `markdown`, `html` or `pdf`."""
    chunks: list[Chunk]


@dataclass(frozen=True)
class _Kind:
    name: str
    suffixes: tuple[str, ...]
    media_types: tuple[str, ...]
    parse: Callable[[bytes, str], Iterable[Section]]
    """From the bytes and the name of a document to its sections."""


def read(
    data: bytes,
    name: str,
    *,
    cut: Cut,
    max_bytes: int,
    media_type: str | None = None,
) -> Document:
    """Read one document whole.

    Args:
        data: the document's bytes.
        name: the file's name; its suffix decides the kind, and messages call the document so.
        cut: the size of the chunks.
        max_bytes: the largest size that is accepted.
        media_type: decides the kind where the suffix does not; parameters are ignored.

    Raises:
        ReadingError: the document is too large, of no known kind, empty, broken or locked.
    """
    if len(data) > max_bytes:
        raise TooLargeError(name, max_bytes)
    kind = _kind(name, media_type)
    if not data:
        raise ReadingError(f"{name} is empty; send a document that holds text")
    chunks = chunks_of(kind.parse(data, name), cut)
    if not chunks:
        hint = "; if its pages are scanned, run OCR first" if kind.name == "pdf" else ""
        raise ReadingError(f"{name} holds no text{hint}")
    return Document(name=name, kind=kind.name, chunks=chunks)


def _kind(name: str, media_type: str | None) -> _Kind:
    suffix = PurePath(name).suffix.lower()
    media_type = (media_type or "").partition(";")[0].strip().lower()
    for kind in _KINDS:
        if suffix in kind.suffixes:
            return kind
    for kind in _KINDS:
        if media_type in kind.media_types:
            return kind
    found = f"the suffix {suffix!r}" if suffix else "no suffix"
    if media_type:
        found += f" and the media type {media_type!r}"
    wanted = ", ".join(suffix for kind in _KINDS for suffix in kind.suffixes)
    raise UnsupportedKindError(f"{name} has {found}; wanted one of {wanted}")


def _text(data: bytes, name: str) -> str:
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if is_utf16 else "utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise ReadingError(
            f"{name} is not valid {error.encoding}: {error.reason} at byte {error.start}; "
            "save it as UTF-8"
        ) from error
    if "\x00" in text:
        raise ReadingError(
            f"{name} is not text: it holds a NUL character at offset {text.index(chr(0))}; "
            "save it as UTF-8, or give it the suffix of its kind"
        )
    return text


_KINDS = (
    _Kind(
        "text",
        (".txt", ".text"),
        ("text/plain",),
        lambda data, name: parsers.text_sections(_text(data, name)),
    ),
    _Kind(
        "markdown",
        (".md", ".markdown"),
        ("text/markdown",),
        lambda data, name: parsers.markdown_sections(_text(data, name)),
    ),
    _Kind(
        "html",
        (".html", ".htm", ".xhtml"),
        ("text/html", "application/xhtml+xml"),
        lambda data, name: parsers.html_sections(_text(data, name)),
    ),
    _Kind("pdf", (".pdf",), ("application/pdf",), parsers.pdf_sections),
)
