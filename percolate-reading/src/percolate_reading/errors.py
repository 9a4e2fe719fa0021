"""The faults of a document or a request that its sender can mend.

Each carries one sentence for people and the HTTP status that fits. Faults of the program itself
are not described here: they stay ordinary exceptions.
"""


class ReadingError(Exception):
    """A document that cannot be read as it is (HTTP 422); `str()` is a sentence for its sender."""

    status = 422


class UnsupportedKindError(ReadingError):
    """Neither the file's name nor its media type is one that can be read."""

    status = 415


class TooLargeError(ReadingError):
    """The document has more bytes than the limit allows."""

    status = 413

    def __init__(self, name: str, limit: int) -> None:
        """Name the document and the limit, in bytes."""
        super().__init__(
            f"{name} is larger than the limit of {limit} bytes; send a smaller part of it, "
            "or raise PERCOLATE_READING_MAX_BYTES where this program runs"
        )
