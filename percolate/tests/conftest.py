"""What the tests share: a folder of memories, open or not. The store is the real one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from percolate.memories import Memories


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a folder that is not there yet, as on a first start."""
    return tmp_path / "new" / "data"


@pytest.fixture
def memories(data: Path) -> Iterator[Memories]:
    """Give open, empty memories."""
    with Memories(data) as memories:
        yield memories
