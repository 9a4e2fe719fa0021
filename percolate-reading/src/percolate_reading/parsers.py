"""From one document to its sections, by a well-kept parser for each kind.

Text and Markdown sections are exact copies of the source; HTML and PDF sections are the text that
a reader would see. No parser cuts a section to size, and none follows a link.
"""

import bisect
import io
import itertools
import logging
import re
from collections.abc import Iterable, Iterator

from markdown_it import MarkdownIt
from mdit_py_plugins.front_matter import front_matter_plugin
from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError
from selectolax.lexbor import LexborHTMLParser, LexborNode

from percolate_reading.chunks import Section
from percolate_reading.errors import ReadingError

# pypdf logs each repair of a slightly wrong file; what cannot be repaired is raised anyway.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

# markdown-it counts lines by these ends, so offsets must be counted by the same.
_LINE_END = re.compile(r"\r\n?|\n")
_SPACE = re.compile(r"\s+")

_HEADING_TAGS = {f"h{level}": level for level in range(1, 7)}
_UNSEEN_TAGS = frozenset(
    {"head", "iframe", "noembed", "noscript", "object", "script", "style", "svg", "template"}
    | {"title"}
)
# What flows inside a line; every other element ends the line before it and its own.
_INLINE_TAGS = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "big", "br", "button", "cite", "code", "data", "del", "dfn"}
    | {"em", "font", "i", "img", "input", "ins", "kbd", "label", "mark", "q", "rp", "rt", "ruby"}
    | {"s", "samp", "select", "small", "span", "strike", "strong", "sub", "sup", "td", "th"}
    | {"time", "tt", "u", "var", "wbr"}
)


def text_sections(text: str) -> Iterator[Section]:
    """Plain text is one section."""
    yield Section(text, offset=0)


def markdown_sections(text: str) -> Iterator[Section]:
    """A section begins at each heading of the document itself, not at those inside quotes."""
    markdown = MarkdownIt("commonmark").use(front_matter_plugin)
    # Blocks are enough to find headings; inline markup is parsed for the headings' own text alone.
    markdown.disable("inline")
    lines = [0, *(end.end() for end in _LINE_END.finditer(text))]
    references: dict[str, object] = {}
    tokens = markdown.parse(text, references)
    inline = MarkdownIt("commonmark")
    path: list[tuple[int, str]] = []
    begin = 0
    for token, content in itertools.pairwise(tokens):
        if token.type != "heading_open" or token.level > 0 or token.map is None:
            continue
        at = lines[token.map[0]]
        yield Section(text[begin:at], tuple(title for _, title in path), offset=begin)
        begin = at
        rendered = inline.parseInline(content.content, references)
        pieces = (child.content or " " * child.type.endswith("break")
                  for child in rendered[0].children or ())  # fmt: skip
        _enter(path, int(token.tag[1:]), "".join(pieces))
    yield Section(text[begin:], tuple(title for _, title in path), offset=begin)


def html_sections(text: str) -> Iterator[Section]:
    """A section begins at each heading; its blocks are joined by blank lines."""
    # With scripting, the inside of <noscript> is one text that cannot break the page's head.
    root = LexborHTMLParser(text, scripting=True).root
    path: list[tuple[int, str]] = []
    blocks: list[str] = []
    for level, block in _html_blocks(root) if root is not None else ():
        if level:
            yield Section("\n\n".join(blocks), tuple(title for _, title in path))
            blocks = []
            _enter(path, level, block)
        blocks.append(block)
    yield Section("\n\n".join(blocks), tuple(title for _, title in path))


def pdf_sections(data: bytes, name: str) -> list[Section]:
    """Each page is a section.

    Raises:
        ReadingError: the file is not a PDF, is broken, or is locked by a password.
    """
    try:
        pages = PdfReader(io.BytesIO(data)).pages
        texts = [page.extract_text() for page in pages]
    except (FileNotDecryptedError, DependencyError) as error:
        raise ReadingError(f"{name} is encrypted; remove its password and send it again") from error
    except Exception as error:  # broken files make pypdf raise nearly every kind
        raise ReadingError(
            f"{name} is not a PDF that can be read ({_SPACE.sub(' ', str(error))[:200]}); "
            "open it in a viewer and save it again"
        ) from error
    # Fonts may map glyphs to halves of surrogate pairs, which no JSON encoder takes.
    return [
        Section(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), page=page)
        for page, text in enumerate(texts, 1)
    ]


def _enter(path: list[tuple[int, str]], level: int, title: str) -> None:
    """Put a heading on the path, and take from it those that its level ends."""
    above = bisect.bisect_left(path, level, key=lambda heading: heading[0])
    path[above:] = [(level, _SPACE.sub(" ", title).strip())]


def _html_blocks(root: LexborNode) -> Iterator[tuple[int, str]]:
    """The text of each block, with its heading level, or 0 outside a heading."""
    line: list[str] = []
    level = preformatted = 0
    for node, opens in _walk(root):
        tag = node.tag or ""
        if node.is_text_node:
            _append(line, node.text_content or "", keep_space=preformatted > 0)
        elif tag == "br" and opens:
            line.append("\n")
        elif tag in {"td", "th"} and not opens:
            line.append("\t")
        elif not node.is_element_node or tag in _INLINE_TAGS:
            continue
        elif tag in _HEADING_TAGS or not level:
            block = "".join(line)
            if block.strip():
                yield level, block.strip("\n") if preformatted else block.strip()
            line.clear()
            if tag in _HEADING_TAGS:
                level = _HEADING_TAGS[tag] if opens else 0
        else:
            _append(line, " ", keep_space=False)
        if tag == "pre":  # after its own opening or closing has ended the block before
            preformatted += 1 if opens else -1
    if rest := "".join(line).strip():
        yield level, rest


def _append(line: list[str], text: str, *, keep_space: bool) -> None:
    if not keep_space:
        text = _SPACE.sub(" ", text)
        if line and line[-1][-1:].isspace():
            text = text.lstrip()
    if text:
        line.append(text)


def _walk(root: LexborNode) -> Iterable[tuple[LexborNode, bool]]:
    """Every node in order, when it opens (True) and when it closes; deep pages do not recurse."""
    node: LexborNode | None = root
    opens = True
    while node is not None:
        if opens:
            yield node, True
            child = None if node.tag in _UNSEEN_TAGS else node.child
            if child is not None:
                node = child
                continue
        if not node.is_text_node:
            yield node, False
        if node.mem_id == root.mem_id:
            return
        following = node.next
        node, opens = (following, True) if following is not None else (node.parent, False)
