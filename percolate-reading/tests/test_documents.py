"""Every kind of document, whole and broken, through `read`."""

import pytest

from percolate_reading import Cut, Document, ReadingError, read
from samples import HTML, MARKDOWN, encrypted_pdf, pdf

LIMIT = 1_000_000


def read_it(data: bytes | str, name: str, media_type: str | None = None) -> Document:
    data = data.encode() if isinstance(data, str) else data
    return read(data, name, cut=Cut(), max_bytes=LIMIT, media_type=media_type)


def refusal(data: bytes, name: str, media_type: str | None = None) -> ReadingError:
    with pytest.raises(ReadingError) as caught:
        read_it(data, name, media_type)
    assert "\n" not in str(caught.value)
    return caught.value


def outline(document: Document) -> list[tuple[list[str], str]]:
    return [(chunk.headings, chunk.text) for chunk in document.chunks]


def test_markdown_has_the_headings_of_the_document_alone() -> None:
    document = read_it(MARKDOWN, "a.md")
    assert [chunk.headings for chunk in document.chunks] == [
        [],
        ["Hello world"],
        ["Hello world", "code and link"],
        ["Hello world", "Setext"],
    ]
    assert document.kind == "markdown"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_markdown_offsets_are_into_the_source(line_end: str) -> None:
    source = MARKDOWN.replace("\n", line_end)
    document = read_it("\ufeff" + source, "a.md")
    assert len(document.chunks) == 4
    for chunk in document.chunks:
        assert source[chunk.start : chunk.end] == chunk.text
    assert document.chunks[1].text.startswith("# Hello")


def test_a_higher_heading_ends_the_lower_ones() -> None:
    document = read_it("### c\n\n# a\n\n### c2\n\n## b\n\n# a2\n", "a.md")
    assert [chunk.headings for chunk in document.chunks] == [
        ["c"],
        ["a"],
        ["a", "c2"],
        ["a", "b"],
        ["a2"],
    ]


def test_html_is_what_a_reader_sees() -> None:
    assert outline(read_it(HTML, "a.html")) == [
        ([], "before"),
        (["Big news"], "Big news\n\nOne\ntwo\n\nthree"),
        (["Big news", "Sub"], "Sub\n\na\tb\n\nc\n\n  x\n    y"),
        (["Next"], "Next\n\ni\n\nj"),
    ]


def test_html_of_great_depth_is_read() -> None:
    assert outline(read_it("<div>" * 10_000 + "deep", "a.html")) == [([], "deep")]


def test_pdf_chunks_carry_their_page() -> None:
    document = read_it(pdf(["first", "", "third"]), "a.pdf")
    assert [(chunk.page, chunk.text) for chunk in document.chunks] == [(1, "first"), (3, "third")]
    assert document.chunks[0].start is None


def test_pdf_with_an_empty_password_opens() -> None:
    assert read_it(encrypted_pdf(""), "a.pdf").chunks[0].text == "secret words"


def test_text_in_utf_16_is_read() -> None:
    assert read_it("héllo".encode("utf-16"), "a.txt").chunks[0].text == "héllo"


@pytest.mark.parametrize(
    ("name", "media_type", "kind"),
    [
        ("A.MD", None, "markdown"),
        ("a.md", "text/plain", "markdown"),
        ("document", "text/markdown; charset=utf-8", "markdown"),
        ("a.bin", "TEXT/HTML", "html"),
        ("a.text", "application/octet-stream", "text"),
    ],
)
def test_the_suffix_decides_the_kind_and_then_the_media_type(
    name: str, media_type: str | None, kind: str
) -> None:
    assert read_it("words", name, media_type).kind == kind


@pytest.mark.parametrize(
    ("data", "name", "status", "sentence"),
    [
        (b"x" * (LIMIT + 1), "a.txt", 413, "a.txt is larger than the limit of 1000000 bytes"),
        (b"x", "a.docx", 415, "a.docx has the suffix '.docx'; wanted one of .txt"),
        (b"x", "README", 415, "README has no suffix; wanted"),
        (b"", "a.md", 422, "a.md is empty"),
        (b" \n", "a.txt", 422, "a.txt holds no text"),
        (b"<p></p>", "a.html", 422, "a.html holds no text"),
        (b"\xef\xbb\xbf", "a.txt", 422, "a.txt holds no text"),
        (b"caf\xe9 au lait", "a.txt", 422, "a.txt is not valid utf-8: "),
        (b"\xff\xfea", "a.md", 422, "a.md is not valid utf-16"),
        (b"a\x00b", "a.txt", 422, "a.txt is not text: it holds a NUL character at offset 1"),
        (b"MZ no pdf", "a.pdf", 422, "a.pdf is not a PDF that can be read"),
        (pdf([""]), "a.pdf", 422, "a.pdf holds no text; if its pages are scanned, run OCR"),
        (encrypted_pdf("key"), "a.pdf", 422, "a.pdf is encrypted; remove its password"),
    ],
)
def test_what_cannot_be_read_is_refused_by_a_sentence(
    data: bytes, name: str, status: int, sentence: str
) -> None:
    error = refusal(data, name)
    assert str(error).startswith(sentence)
    assert error.status == status


def test_a_foreign_byte_is_named_by_its_place() -> None:
    assert "at byte 3; save it as UTF-8" in str(refusal(b"caf\xe9 au lait", "a.txt"))


def test_a_cut_pdf_is_refused_or_read_but_never_crashes() -> None:
    whole = pdf(["first", "second"])
    refused = 0
    for length in range(1, len(whole)):
        try:
            chunks = read_it(whole[:length], "a.pdf").chunks
        except ReadingError:
            refused += 1
        else:
            assert {chunk.text for chunk in chunks} <= {"first", "second"}
    assert refused > len(whole) // 2


def test_a_document_of_the_limit_itself_is_read() -> None:
    assert read_it(b"x" * LIMIT, "a.txt").chunks
