"""Laws of cutting, held on many texts; no file format is involved."""

import random

import pytest

from percolate_reading.chunks import Chunk, Cut, Section, chunks_of
from percolate_reading.errors import ReadingError


def random_text(seed: int) -> str:
    dice = random.Random(seed)
    pieces = [
        "word",
        "a",
        "é",
        "日本語。",
        "x" * 150,
        " ",
        "\t",
        "\n",
        "\n\n",
        "\r\n\r\n",
        ". ",
        "! ",
    ]
    pieces += [" " * 120]
    return "".join(dice.choice(pieces) for _ in range(dice.randrange(400)))


@pytest.mark.parametrize("seed", range(60))
def test_chunks_are_bounded_ordered_copies_that_lose_nothing(seed: int) -> None:
    text = random_text(seed)
    size = 100 + seed
    overlap = (seed * 7) % (size // 2 + 1)
    chunks = chunks_of([Section(text, offset=0)], Cut(size, overlap))
    covered: set[int] = set()
    last_start, last_end = -1, 0
    for index, chunk in enumerate(chunks):
        assert chunk.index == index
        assert chunk.start is not None
        assert chunk.end is not None
        assert chunk.text == text[chunk.start : chunk.end] == chunk.text.strip()
        assert 0 < len(chunk.text) <= size
        assert chunk.start > last_start
        assert last_end - chunk.start <= overlap
        covered.update(range(chunk.start, chunk.end))
        last_start, last_end = chunk.start, chunk.end
    assert all(at in covered for at, char in enumerate(text) if not char.isspace())


def texts(text: str, size: int = 100, overlap: int = 0) -> list[str]:
    return [chunk.text for chunk in chunks_of([Section(text)], Cut(size, overlap))]


def test_the_best_end_in_the_second_half_wins() -> None:
    paragraph, sentence = "p" * 60, "s" * 20 + "."
    assert texts(f"{paragraph}\n\n{sentence} {sentence}") == [
        paragraph,
        f"{sentence} {sentence}",
    ]
    assert texts(f"{paragraph} {sentence} {sentence}") == [f"{paragraph} {sentence}", sentence]


def test_a_word_longer_than_a_chunk_is_cut() -> None:
    assert texts("x" * 250) == ["x" * 100, "x" * 100, "x" * 50]


def test_overlap_begins_with_a_whole_word() -> None:
    first, second = texts("word " * 30, overlap=12)
    assert first.endswith("word")
    assert set(second.split()) == {"word"}
    assert len(first.split()) + len(second.split()) == 30 + 2


def test_no_chunk_crosses_a_section() -> None:
    sections = [Section("a", ("H",), offset=3), Section("  "), Section("b", page=2)]
    assert chunks_of(sections, Cut()) == [
        Chunk(index=0, text="a", headings=["H"], page=None, start=3, end=4),
        Chunk(index=1, text="b", headings=[], page=2, start=None, end=None),
    ]


@pytest.mark.parametrize(
    ("size", "overlap", "sentence"),
    [
        (99, 0, "size is 99, wanted 100 to 100000 characters"),
        (100_001, 0, "size is 100001, wanted"),
        (100, -1, "overlap is -1, wanted 0 to 50 characters"),
        (101, 51, "overlap is 51, wanted 0 to 50 characters (half of the size, 101)"),
    ],
)
def test_sizes_that_cannot_be_met_are_refused(size: int, overlap: int, sentence: str) -> None:
    with pytest.raises(ReadingError) as caught:
        Cut(size, overlap)
    assert str(caught.value).startswith(sentence)


def test_the_limits_themselves_are_accepted() -> None:
    assert texts("x " * 200, size=100, overlap=50)
    assert texts("x", size=100_000, overlap=50_000) == ["x"]
