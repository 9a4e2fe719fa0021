"""The version, and nothing else: the build reads this file, and release automation edits it."""

__version__ = "0.1.0"
