"""Turns text, Markdown, HTML and PDF into ordered chunks.

What is exported here is the library's face; the service and the command line are thin layers
over it. It does not store, index or embed chunks.
"""

from importlib.metadata import version

from percolate_reading.chunks import Chunk, Cut
from percolate_reading.documents import Document, read
from percolate_reading.errors import ReadingError

__all__ = ["Chunk", "Cut", "Document", "ReadingError", "__version__", "read"]

__version__ = version("percolate-reading")
