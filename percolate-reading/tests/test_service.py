"""The HTTP face: routes, statuses, and one shape of refusal."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from percolate_reading.service import create_app
from percolate_reading.settings import Settings
from samples import encrypted_pdf, pdf


@pytest.fixture
def client() -> TestClient:
    return TestClient(create_app(Settings(max_bytes=2_000)))


def test_health_names_the_service_and_the_version_of_pyproject(client: TestClient) -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "service": "percolate-reading",
        "version": project["version"],
    }


def test_a_document_becomes_chunks(client: TestClient) -> None:
    answer = client.post("/chunks", params={"name": "a.md"}, content="# A\n\nwords\n")
    assert answer.status_code == 200
    assert answer.json() == {
        "name": "a.md",
        "kind": "markdown",
        "chunks": [
            {
                "index": 0,
                "text": "# A\n\nwords",
                "headings": ["A"],
                "page": None,
                "start": 0,
                "end": 10,
            }
        ],
    }


def test_size_and_overlap_are_obeyed(client: TestClient) -> None:
    query: dict[str, str | int] = {"name": "a.txt", "size": 100, "overlap": 10}
    chunks = client.post("/chunks", params=query, content="word " * 60).json()["chunks"]
    assert len(chunks) == 4
    assert chunks[1]["start"] < chunks[0]["end"] <= 100


def test_the_media_type_decides_where_there_is_no_name(client: TestClient) -> None:
    answer = client.post(
        "/chunks", content=pdf(["page one"]), headers={"content-type": "application/pdf"}
    )
    assert answer.json()["chunks"][0]["page"] == 1


def endless() -> Iterator[bytes]:
    """A body without a declared length, as a client that streams sends it."""
    for _ in range(3):
        yield b"x" * 1_000


@pytest.mark.parametrize("content", [b"x" * 2_001, endless()], ids=["declared", "streamed"])
def test_a_body_above_the_limit_is_413(client: TestClient, content: bytes) -> None:
    answer = client.post("/chunks", params={"name": "a.txt"}, content=content)
    assert answer.status_code == 413
    assert answer.json()["detail"].startswith("a.txt is larger than the limit of 2000 bytes")


@pytest.mark.parametrize(
    ("query", "content", "status", "sentence"),
    [
        ({"name": "a.pdf"}, b"%PDF-1.4 broken", 422, "a.pdf is not a PDF that can be read"),
        ({"name": "a.txt"}, b"\xff", 422, "a.txt is not valid utf-8"),
        ({"name": "a.txt"}, b"", 422, "a.txt is empty"),
        ({"name": "a.zip"}, b"PK", 415, "a.zip has the suffix '.zip'"),
        ({}, b"words", 415, "document has no suffix"),
        ({"name": "a.txt", "size": "7"}, b"words", 422, "size is 7, wanted 100"),
        ({"name": "a.txt", "size": "x"}, b"words", 422, "size: Input should be a valid integer"),
        ({"name": "n" * 256}, b"words", 422, "name: String should have at most 255"),
    ],
)
def test_a_refusal_is_a_sentence(
    client: TestClient, query: dict[str, str], content: bytes, status: int, sentence: str
) -> None:
    answer = client.post("/chunks", params=query, content=content)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(sentence)


def test_a_locked_pdf_is_refused() -> None:
    client = TestClient(create_app(Settings()))
    answer = client.post("/chunks", params={"name": "a.pdf"}, content=encrypted_pdf("key"))
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("a.pdf is encrypted")
