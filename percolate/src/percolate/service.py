"""The HTTP face of the memories. It holds no rules of its own: those stand in memories.py."""

from typing import Annotated, Final

from fastapi import FastAPI, HTTPException, Query, Request, status
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from percolate.memories import (
    MAX_TEXT_BYTES,
    InvalidMemoryError,
    Memories,
    Memory,
    PercolateError,
    StoreError,
    TooLargeError,
    UnknownMemoryError,
)
from percolate.version import __version__

# JSON may write each byte of a text as six characters (\u0041); the rest is the object around it.
MAX_BODY_BYTES: Final = 6 * MAX_TEXT_BYTES + 1024

_STATUS: Final[dict[type[PercolateError], int]] = {
    InvalidMemoryError: status.HTTP_422_UNPROCESSABLE_CONTENT,
    TooLargeError: status.HTTP_413_CONTENT_TOO_LARGE,
    UnknownMemoryError: status.HTTP_404_NOT_FOUND,
    StoreError: status.HTTP_503_SERVICE_UNAVAILABLE,
}


class Health(BaseModel):
    """Who answers, and which version of it."""

    status: str = "ok"
    service: str = "percolate"
    version: str = __version__


class Text(BaseModel):
    """What a memory is made of."""

    text: str


class Page(BaseModel):
    """Some memories, and the ``after`` that leads to the next; none when these were the last."""

    memories: list[Memory]
    next: str | None = None


class BodyLimit:
    """Ends the reading of a request body that is too large, before it is in memory as a whole."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what is read of it."""
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MAX_BODY_BYTES:
                raise HTTPException(
                    status.HTTP_413_CONTENT_TOO_LARGE,
                    f"the request is larger than {MAX_BODY_BYTES} bytes; "
                    f"a memory holds at most {MAX_TEXT_BYTES}",
                )
            return message

        await self._app(scope, counted, send)


def create_app(memories: Memories) -> FastAPI:
    """Return the service over an open store, which stays the caller's to close."""
    app = FastAPI(title="percolate", version=__version__, summary="Keeps memories.")
    app.add_middleware(BodyLimit)

    @app.exception_handler(PercolateError)
    def refuse(_request: Request, error: PercolateError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, _STATUS[type(error)])

    # FastAPI's own handler repeats the input, and fails itself when that is not UTF-8.
    @app.exception_handler(RequestValidationError)
    def refuse_request(_request: Request, error: RequestValidationError) -> JSONResponse:
        found = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        return JSONResponse({"detail": "; ".join(found)}, _STATUS[InvalidMemoryError])

    @app.get("/health")
    def health() -> Health:
        return Health()

    @app.post("/memories", status_code=status.HTTP_201_CREATED)
    def post(body: Text) -> Memory:
        return memories.put(body.text)

    @app.put("/memories/{id}")
    def put(id: str, body: Text) -> Memory:
        return memories.put(body.text, id)

    @app.get("/memories/{id}")
    def get(id: str) -> Memory:
        return memories.get(id)

    @app.get("/memories")
    def page(after: str = "", limit: int = 100) -> Page:
        found = memories.page(after=after, limit=limit)
        return Page(memories=found, next=found[-1].id if len(found) == limit else None)

    @app.get("/search")
    def search(words: Annotated[str, Query(alias="q")], limit: int = 20) -> Page:
        return Page(memories=memories.search(words, limit=limit))

    return app
