"""What the environment decides, read once when a program starts; nothing else reads it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

MAX_BYTES_VARIABLE = "PERCOLATE_READING_MAX_BYTES"


class SettingsError(Exception):
    """A variable of the environment has a value that cannot be used."""


@dataclass(frozen=True)
class Settings:
    """The limits of one running program."""

    max_bytes: int = 10 * 1024 * 1024
    """Size of the largest document that is accepted, in bytes."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings; an absent variable leaves its default.

        Raises:
            SettingsError: a value is not a whole number above zero.
        """
        found = environment.get(MAX_BYTES_VARIABLE)
        if found is None:
            return cls()
        # `int` alone would also take "1_000", " 7 " and digits of other scripts.
        if not re.fullmatch(r"[1-9][0-9]{0,17}", found):
            raise SettingsError(
                f"{MAX_BYTES_VARIABLE} is {found!r}, wanted a whole number of bytes above zero; "
                f"set it to one, or `unset {MAX_BYTES_VARIABLE}` for the default"
            )
        return cls(max_bytes=int(found))
