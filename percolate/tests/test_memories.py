"""The rules of memories, on the real store."""

from datetime import UTC, datetime
from pathlib import Path

import percolate_rocks
import pytest

from percolate.memories import (
    MAX_PAGE,
    MAX_TEXT_BYTES,
    InvalidMemoryError,
    Memories,
    StoreError,
    TooLargeError,
    UnknownMemoryError,
)


def test_a_memory_outlives_the_program(data: Path) -> None:
    before = datetime.now(UTC)
    with Memories(data) as memories:
        written = memories.put("tea at four\nwith Ada", "tea")
    with Memories(data) as memories:
        assert memories.get("tea") == written
    assert written.text == "tea at four\nwith Ada"
    assert before <= written.written <= datetime.now(UTC)


def test_new_ids_are_told_apart(memories: Memories) -> None:
    ids = [memories.put(f"number {number}").id for number in range(20)]
    assert len(set(ids)) == 20
    assert [memory.id for memory in memories.page()] == sorted(ids)


def test_putting_again_replaces(memories: Memories) -> None:
    memories.put("old words", "note")
    memories.put("young words", "note")
    assert [memory.text for memory in memories.page()] == ["young words"]
    assert memories.search("old") == []


@pytest.mark.parametrize("id", ["", "A", "a/b", "-a", "a b", "ü", "a\n", "a" * 129])
def test_bad_ids_are_refused(memories: Memories, id: str) -> None:
    with pytest.raises(InvalidMemoryError, match="cannot be an id; use 1 to 128 of a-z"):
        memories.put("text", id)
    with pytest.raises(InvalidMemoryError, match="cannot be an id; use 1 to 128 of a-z"):
        memories.get(id)
    assert memories.page() == []


@pytest.mark.parametrize("id", ["a", "0", "a" * 128, "2025-10-25_notes.md"])
def test_good_ids_are_kept(memories: Memories, id: str) -> None:
    assert memories.put("text", id).id == id
    assert memories.get(id).text == "text"


def test_texts_have_bounds(memories: Memories) -> None:
    # Two bytes a character: the bound is on bytes.
    memories.put("ü" * (MAX_TEXT_BYTES // 2), "largest")
    with pytest.raises(TooLargeError, match="1048578 bytes long; a memory holds at most 1048576"):
        memories.put("ü" * (MAX_TEXT_BYTES // 2 + 1), "too-large")
    with pytest.raises(InvalidMemoryError, match="the text is empty"):
        memories.put(" \n", "empty")
    with pytest.raises(InvalidMemoryError, match="not valid Unicode at character 3"):
        memories.put("bad\udcff", "surrogate")
    assert [memory.id for memory in memories.page()] == ["largest"]


def test_an_unknown_id_is_named(memories: Memories) -> None:
    with pytest.raises(UnknownMemoryError, match="there is no memory 'nowhere'"):
        memories.get("nowhere")


def test_a_list_goes_on_behind_an_id(memories: Memories) -> None:
    for letter in "cadb":
        memories.put("text", letter)
    assert [memory.id for memory in memories.page(limit=3)] == ["a", "b", "c"]
    assert [memory.id for memory in memories.page(after="c", limit=3)] == ["d"]
    for limit in (0, -1, MAX_PAGE + 1):
        with pytest.raises(InvalidMemoryError, match="it must be from 1 to 1000"):
            memories.page(limit=limit)
    with pytest.raises(InvalidMemoryError, match="cannot be an id"):
        memories.page(after="C")


def test_a_search_wants_every_word_and_ranks_by_count(memories: Memories) -> None:
    memories.put("Tea with Ada, and more TEA.", "twice")
    memories.put("ada drinks tea", "once")
    memories.put("teapot for Ada", "part-of-a-word")
    memories.put("tea alone", "one-of-two")
    memories.put("Straße", "sharp-s")
    assert [memory.id for memory in memories.search("ada tea")] == ["twice", "once"]
    assert [memory.id for memory in memories.search("Tea", limit=1)] == ["twice"]
    assert [memory.id for memory in memories.search("STRASSE")] == ["sharp-s"]
    with pytest.raises(InvalidMemoryError, match="holds no word"):
        memories.search(" -- ")


def test_a_search_reads_every_page(memories: Memories) -> None:
    for number in range(50):
        memories.put(f"common n{number}", f"id-{number:02}")
    assert [memory.id for memory in memories.search("n49")] == ["id-49"]
    assert len(memories.search("common", limit=MAX_PAGE)) == 50


def test_a_damaged_store_is_a_sentence(data: Path) -> None:
    data.mkdir(parents=True)
    (data / "memories.redb").write_bytes(b"not a store at all")
    with pytest.raises(StoreError, match=r"memories\.redb cannot be read"):
        Memories(data)


def test_a_foreign_record_is_a_sentence(data: Path) -> None:
    data.mkdir(parents=True)
    with percolate_rocks.Store.open(data / "memories.redb") as store:
        store.put("resource", "odd", b"{}")
    with Memories(data) as memories, pytest.raises(StoreError, match="'odd' is not a memory"):
        memories.get("odd")


def test_a_second_process_is_told(data: Path, memories: Memories) -> None:
    memories.put("text", "a")
    with pytest.raises(StoreError, match="open elsewhere"):
        Memories(data)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot make the folder"):
        Memories(tmp_path / "file" / "data")
