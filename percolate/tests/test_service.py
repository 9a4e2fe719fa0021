"""The service by its paths. The client and the service share this process; no socket is opened."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.types import Message, Scope

from percolate import __version__
from percolate.memories import MAX_TEXT_BYTES, Memories
from percolate.service import MAX_BODY_BYTES, create_app


@pytest.fixture
def client(memories: Memories) -> Iterator[TestClient]:
    """Give a client of a service over empty memories."""
    with TestClient(create_app(memories)) as client:
        yield client


def test_health_names_service_and_version(client: TestClient) -> None:
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "service": "percolate", "version": __version__}


def test_a_memory_is_put_read_listed_and_found(client: TestClient) -> None:
    put = client.put("/memories/tea", json={"text": "tea at four"})
    assert put.status_code == 200
    posted = client.post("/memories", json={"text": "coffee at five"})
    assert posted.status_code == 201
    assert client.get("/memories/tea").json() == put.json()
    assert client.get(f"/memories/{posted.json()['id']}").json() == posted.json()
    assert client.get("/memories").json() == {"memories": [posted.json(), put.json()], "next": None}
    assert client.get("/search", params={"q": "at four"}).json()["memories"] == [put.json()]


def test_pages_lead_to_one_another(client: TestClient) -> None:
    for letter in "abc":
        client.put(f"/memories/{letter}", json={"text": letter})
    first = client.get("/memories", params={"limit": 2}).json()
    assert first["next"] == "b"
    second = client.get("/memories", params={"limit": 2, "after": first["next"]}).json()
    assert ([memory["id"] for memory in second["memories"]], second["next"]) == (["c"], None)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "sentence"),
    [
        ("GET", "/memories/nowhere", None, 404, "there is no memory 'nowhere'"),
        ("GET", "/memories/Upper", None, 422, "'Upper' cannot be an id"),
        ("PUT", "/memories/Upper", {"text": "text"}, 422, "'Upper' cannot be an id"),
        ("POST", "/memories", {"text": " "}, 422, "the text is empty"),
        ("POST", "/memories", {"text": "x" * (MAX_TEXT_BYTES + 1)}, 413, "at most 1048576"),
        ("GET", "/memories?limit=0", None, 422, "it must be from 1 to 1000"),
        ("GET", "/search?q=%20", None, 422, "holds no word"),
    ],
)
def test_refusals_are_sentences(
    client: TestClient, method: str, path: str, body: object, status: int, sentence: str
) -> None:
    answer = client.request(method, path, json=body)
    assert answer.status_code == status
    assert sentence in answer.json()["detail"]


def test_malformed_bodies_are_refused(client: TestClient) -> None:
    for content in (b"", b"not json", b'{"text": 1}', b'{"text": "\\ud800"}', b"\xff"):
        answer = client.post("/memories", content=content)
        assert answer.status_code == 422, content
        assert answer.json()["detail"].startswith("body"), content
    assert client.get("/memories").json()["memories"] == []


@pytest.mark.parametrize(
    ("offered", "taken", "status", "sentence"),
    [
        (8, 8, 422, "body"),  # exactly the bound: read whole, and refused for what it says
        (64, 9, 413, "the request is larger than"),  # ended at the first piece beyond the bound
    ],
)
def test_a_body_is_not_read_beyond_its_bound(
    memories: Memories, offered: int, taken: int, status: int, sentence: str
) -> None:
    # Spoken to without a client: the test client joins a body before the service asks for it.
    assert MAX_BODY_BYTES % 8 == 0
    piece = b"x" * (MAX_BODY_BYTES // 8)
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/memories",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    asked = 0
    sent: list[Message] = []

    async def receive() -> Message:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": piece, "more_body": asked < offered}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(create_app(memories)(scope, receive, send))
    assert asked == taken
    assert sent[0]["status"] == status
    answer = b"".join(message.get("body", b"") for message in sent[1:])
    assert json.loads(answer)["detail"].startswith(sentence)
    assert memories.page() == []


def test_a_damaged_record_is_no_crash(data: Path) -> None:
    with Memories(data) as memories, TestClient(create_app(memories)) as client:
        memories._store.put("resource", "odd", b"{}")
        answer = client.get("/memories/odd")
        assert answer.status_code == 503
        assert "'odd' is not a memory" in answer.json()["detail"]
