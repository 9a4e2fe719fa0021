"""The installed wheel, by its Python face. The store's own rules are tested in tests/store.rs."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

import percolate_rocks
from percolate_rocks import BusyError, ClosedError, CorruptError, Error, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.redb"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path) as store:
        yield store


def test_the_module_is_of_the_version_that_was_installed() -> None:
    assert percolate_rocks.__version__ == importlib.metadata.version("percolate-rocks")


def test_the_wheel_carries_its_types() -> None:
    names = {file.name for file in importlib.metadata.files("percolate-rocks") or []}
    assert {"py.typed", "__init__.pyi"} <= names


def test_the_stub_says_what_the_module_holds(tmp_path: Path) -> None:
    # The library inside the package is an implementation detail; the stub speaks of the package.
    inner = tmp_path / "allowed"
    inner.write_text("percolate_rocks.percolate_rocks\n")
    check = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "percolate_rocks", "--allowlist", str(inner)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_records_outlive_the_store_that_wrote_them(path: Path) -> None:
    with Store.open(path) as store:
        store.put("resource", "a", b"first")
        store.put("resource", "a", b"second \x00 and not text \xff")
    with Store.open(str(path)) as store:
        assert store.get("resource", "a") == b"second \x00 and not text \xff"
        assert store.get("entity", "a") is None
        assert store.delete("resource", "a") is True
        assert store.delete("resource", "a") is False


def test_a_scan_is_by_prefix_in_order_and_by_page(store: Store) -> None:
    for key in ("b/2", "a", "b/1", "b/3", "c"):
        store.put("moment", key, key.encode())
    assert store.scan("moment", "b/") == [("b/1", b"b/1"), ("b/2", b"b/2"), ("b/3", b"b/3")]
    assert [key for key, _ in store.scan("moment")] == ["a", "b/1", "b/2", "b/3", "c"]
    assert [key for key, _ in store.scan("moment", "b/", limit=2)] == ["b/1", "b/2"]
    assert [key for key, _ in store.scan("moment", "b/", after="b/2", limit=2)] == ["b/3"]
    assert store.scan("moment", limit=0) == []


def test_wrong_arguments_are_named(store: Store) -> None:
    with pytest.raises(ValueError, match='unknown kind "Resource"; the kinds are resource, entity'):
        store.put("Resource", "a", b"")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="the key is empty"):
        store.get("resource", "")
    with pytest.raises(ValueError, match="at most 1024"):
        store.delete("resource", "k" * (percolate_rocks.MAX_KEY_BYTES + 1))
    with pytest.raises(ValueError, match="at most 16777216"):
        store.put("resource", "a", bytes(percolate_rocks.MAX_VALUE_BYTES + 1))
    with pytest.raises(TypeError):
        store.put("resource", "a", "text")  # type: ignore[arg-type]
    assert store.scan("resource") == []


def test_a_closed_store_says_so(path: Path) -> None:
    store = Store.open(path)
    assert "(open)" in repr(store)
    store.close()
    store.close()
    assert "(closed)" in repr(store)
    with pytest.raises(ClosedError, match=r"store\.redb is closed"):
        store.get("resource", "a")
    with pytest.raises(ClosedError), store:
        pass


def test_a_store_is_given_free_when_its_block_fails(path: Path) -> None:
    with pytest.raises(RuntimeError, match="on purpose"), Store.open(path):
        raise RuntimeError("on purpose")
    Store.open(path).close()


def test_a_file_is_open_in_one_process(path: Path, store: Store) -> None:
    store.put("entity", "ada", b"")
    with pytest.raises(BusyError, match="open elsewhere"):
        Store.open(path)
    child = "import sys, percolate_rocks; percolate_rocks.Store.open(sys.argv[1])"
    other = subprocess.run(
        [sys.executable, "-c", child, str(path)], capture_output=True, text=True, check=False
    )
    assert other.returncode == 1
    assert "percolate_rocks.BusyError: the store" in other.stderr


def test_files_that_are_no_store_are_refused(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"not a store at all")
    with pytest.raises(CorruptError, match=r"store\.redb cannot be read"):
        Store.open(path)
    assert path.read_bytes() == b"not a store at all"
    with pytest.raises(Error, match="missing"):
        Store.open(tmp_path / "missing" / "store.redb")


def test_threads_share_a_store(store: Store) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(10):
                key = f"{number}/{turn}"
                store.put("resource", key, key.encode())
                assert store.get("resource", key) == key.encode()
        except BaseException as failure:  # noqa: BLE001 - it is raised again in the main thread's words
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(store.scan("resource")) == 40


def test_the_interpreter_runs_on_while_the_disk_is_worked_on(store: Store) -> None:
    """With a switch interval beyond the test's end, another thread moves only if put lets it."""
    turns = 0
    done = threading.Event()

    def count() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            time.sleep(0)  # gives the lock back, which nothing else would force it to

    interval = sys.getswitchinterval()
    counter = threading.Thread(target=count)
    sys.setswitchinterval(600)
    try:
        counter.start()
        before = turns
        # More than once: for one of them the system may keep the other thread from a processor.
        for _ in range(20):
            store.put("resource", "large", bytes(percolate_rocks.MAX_VALUE_BYTES))
            if turns > before:
                break
        moved = turns > before
    finally:
        sys.setswitchinterval(interval)
        done.set()
        counter.join()
    assert moved
