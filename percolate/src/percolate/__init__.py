"""Percolate keeps memories: short texts that are put, read, listed and searched by words.

The store beneath is percolate-rocks; this package adds the rules of a memory, an HTTP service and
a command line.
"""

from percolate.version import __version__

__all__ = ["__version__"]
