"""The rules of memories, on the real store."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import percolate_rocks
import pytest

from percolate.memories import (
    MAX_PAGE,
    MAX_TEXT_BYTES,
    InvalidMemoryError,
    Memories,
    Memory,
    StoreError,
    TooLargeError,
    UnknownMemoryError,
)


def test_a_memory_outlives_the_program(data: Path) -> None:
    four = datetime(2025, 10, 25, 16, 0, 0, 123456, tzinfo=UTC)
    with Memories(data, now=lambda: four) as memories:
        written = memories.put("tea at four\nwith Ada", "tea")
    with Memories(data) as memories:
        assert memories.get("tea") == written
    assert written.text == "tea at four\nwith Ada"
    assert written.written == four


def test_the_time_of_writing_has_its_zone(memories: Memories) -> None:
    assert memories.put("text").written.tzinfo is UTC


def test_new_ids_are_in_the_order_of_writing(data: Path) -> None:
    # Neighbours at which a number grows by a digit, where unpadded ones would change places.
    ticks = [0, 9, 10, 15, 16, 99, 100, 255, 256, 2**40 - 1, 2**40]
    times = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=tick) for tick in ticks)
    with Memories(data, now=times.__next__) as memories:
        written = [memories.put(f"at {tick}") for tick in ticks]
        assert memories.page() == written


def test_new_ids_of_one_millisecond_are_told_apart(data: Path) -> None:
    with Memories(data, now=lambda: datetime(2025, 10, 25, tzinfo=UTC)) as memories:
        for number in range(20):
            memories.put(f"number {number}")
        assert len(memories.page()) == 20


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


def test_a_record_that_calls_itself_otherwise_does_not_lead_in_a_circle(data: Path) -> None:
    moment = datetime(2025, 10, 25, tzinfo=UTC)
    record = Memory(id="a", text="tea", written=moment).model_dump_json().encode()
    data.mkdir(parents=True)
    with percolate_rocks.Store.open(data / "memories.redb") as store:
        store.put("resource", "z", record)
    with Memories(data) as memories, pytest.raises(StoreError, match="'z' calls itself 'a'"):
        memories.search("tea")


@pytest.mark.parametrize("text", ["", " \n\u2028"])
def test_a_foreign_record_without_text_is_a_sentence(data: Path, text: str) -> None:
    moment = datetime(2025, 10, 25, tzinfo=UTC)
    record = Memory(id="odd", text=text, written=moment).model_dump_json().encode()
    data.mkdir(parents=True)
    with percolate_rocks.Store.open(data / "memories.redb") as store:
        store.put("resource", "odd", record)
    with Memories(data) as memories:
        for read in (lambda: memories.get("odd"), memories.page, lambda: memories.search("tea")):
            with pytest.raises(StoreError, match="'odd' is not a memory: its text is empty"):
                read()
        # What the sentence offers does mend it.
        memories.put("tea at four", "odd")
        assert [memory.text for memory in memories.page()] == ["tea at four"]


def test_a_second_process_is_told(data: Path, memories: Memories) -> None:
    memories.put("text", "a")
    with pytest.raises(StoreError, match="open elsewhere"):
        Memories(data)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot make the folder"):
        Memories(tmp_path / "file" / "data")
