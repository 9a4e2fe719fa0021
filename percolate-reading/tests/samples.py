"""Documents for the tests, made on the spot; plain PDF files by hand, byte by byte.

It holds no test, and does not use this package.
"""

import io
from collections.abc import Iterable

from pypdf import PdfReader, PdfWriter


def pdf(pages: Iterable[str]) -> bytes:
    """A real PDF with one line of text on each page."""
    texts = list(pages)
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(len(texts)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(texts)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for at, text in enumerate(texts):
        content = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET" if text else ""
        objects += [
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 200] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * at} 0 R >>",
            f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        ]
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    xref = f"xref\n0 {size}\n0000000000 65535 f \n{table}"
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return bytes(out) + (xref + trailer).encode()


def encrypted_pdf(password: str) -> bytes:
    """A PDF locked with AES; an empty password still opens in every viewer."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(["secret words"]))))
    writer.encrypt(password, owner_password="owner", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


MARKDOWN = """\
---
title: not a heading
---
# Hello *world*

First.

## `code` and [link][1]

> # quoted, so no heading of the document

    # code, neither

Setext
------

Last.

[1]: https://example.com
"""

HTML = """\
<!doctype html><html><head><title>T</title><style>p { }</style><noscript><img></noscript></head>
<body>before
<h1>Big   <em>news</em></h1><p>One<br>two</p>three<script>no()</script><!-- no -->
<h2>Sub</h2><table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>
<pre>  x
    y</pre>
<h1>Next</h1><ul><li>i<li>j</ul>
"""
