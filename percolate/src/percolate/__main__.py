"""``python -m percolate``: the same command line as ``percolate``."""

from percolate.cli import app

app(prog_name="percolate")
