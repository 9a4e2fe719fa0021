"""Cuts the sections of a document into chunks of bounded size.

It knows nothing of file formats, and counts characters (code points), not bytes or model tokens.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from percolate_reading.errors import ReadingError

SIZE_MIN, SIZE_MAX, SIZE_DEFAULT, OVERLAP_DEFAULT = 100, 100_000, 1_500, 150

# Where a chunk may end, best first: the end of a paragraph, of a line, of a sentence, of a word.
# Each mark is (text to find, how many of its characters still belong to the chunk).
_ENDS: tuple[tuple[tuple[str, int], ...], ...] = (
    (("\n\n", 0), ("\r\n\r\n", 0)),
    (("\n", 0),),
    ((". ", 1), ("! ", 1), ("? ", 1), ("。", 1)),
    ((" ", 0), ("\t", 0)),
)


class Chunk(BaseModel):
    """One piece of a document; the pieces of a document are in reading order."""

    index: int
    """Position among the document's chunks, from 0."""
    text: str
    headings: list[str]
    """The headings above this text, outermost first; always empty for text and PDF."""
    page: int | None
    """Page number from 1; only for PDF."""
    start: int | None
    """Offset of the text in the decoded source, in characters; only for text and Markdown."""
    end: int | None
    """Offset just past the text: the source from `start` to `end` equals `text`."""


@dataclass(frozen=True)
class Section:
    """A run of text that one chunk may hold: what stands under one heading, or on one page."""

    text: str
    headings: tuple[str, ...] = ()
    page: int | None = None
    offset: int | None = None
    """Where `text` begins in the decoded source, or None if it is not a copy of the source."""


@dataclass(frozen=True)
class Cut:
    """How long chunks are, and how much of its end a chunk shares with the next; in characters."""

    size: int = SIZE_DEFAULT
    overlap: int = OVERLAP_DEFAULT

    def __post_init__(self) -> None:
        """Refuse sizes that could not be met.

        Raises:
            ReadingError: the size is out of range, or the overlap is more than half of it.
        """
        if not SIZE_MIN <= self.size <= SIZE_MAX:
            raise ReadingError(f"size is {self.size}, wanted {SIZE_MIN} to {SIZE_MAX} characters")
        # A chunk may end at a good place just past its half; a longer overlap would never advance.
        if not 0 <= self.overlap <= self.size // 2:
            raise ReadingError(
                f"overlap is {self.overlap}, wanted 0 to {self.size // 2} characters "
                f"(half of the size, {self.size})"
            )


def chunks_of(sections: Iterable[Section], cut: Cut) -> list[Chunk]:
    """Cut every section; no chunk crosses the border of a section, and none is blank."""
    chunks: list[Chunk] = []
    for section in sections:
        for start, end in _spans(section.text, cut):
            offset = section.offset
            chunks.append(
                Chunk(
                    index=len(chunks),
                    text=section.text[start:end],
                    headings=list(section.headings),
                    page=section.page,
                    start=None if offset is None else offset + start,
                    end=None if offset is None else offset + end,
                )
            )
    return chunks


def _spans(text: str, cut: Cut) -> Iterator[tuple[int, int]]:
    last = len(text.rstrip())
    start = _skip_space(text, 0)
    while start < last:
        if last - start <= cut.size:
            yield start, last
            return
        border = _border(text, start, cut.size)
        yield start, start + len(text[start:border].rstrip())
        start = _skip_space(text, _word_start(text, border - cut.overlap, border))


def _border(text: str, start: int, size: int) -> int:
    """The best place to end a chunk in the second half of its room, else the end of the room."""
    low, high = start + size // 2 + 1, start + size
    for marks in _ENDS:
        found = [
            at + kept
            for mark, kept in marks
            if (at := text.rfind(mark, low, high - kept + len(mark))) >= 0
        ]
        if found:
            return max(found)
    return high


def _word_start(text: str, begin: int, border: int) -> int:
    """The first place from `begin` on where a word starts; `begin` itself inside a long word."""
    if begin == border or text[begin - 1].isspace():
        return begin
    return next((at for at in range(begin, border) if text[at].isspace()), begin)


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at
