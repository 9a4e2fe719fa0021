"""The HTTP service: a document is posted as the request's body, its chunks are the answer.

It keeps nothing between requests and has no accounts: put it behind what your platform has.
"""

from typing import Annotated

from fastapi import FastAPI, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from percolate_reading import __version__
from percolate_reading.chunks import OVERLAP_DEFAULT, SIZE_DEFAULT, Cut
from percolate_reading.documents import Document, read
from percolate_reading.errors import ReadingError, TooLargeError
from percolate_reading.settings import Settings

SERVICE = "percolate-reading"


class Health(BaseModel):
    """That the service runs, and which release it is."""

    status: str
    service: str
    version: str


def create_app(settings: Settings) -> FastAPI:
    """Build the service."""
    app = FastAPI(title=SERVICE, version=__version__)

    @app.get("/health")
    def health() -> Health:
        """Answer as soon as the service can."""
        return Health(status="ok", service=SERVICE, version=__version__)

    @app.post("/chunks")
    async def chunks(
        request: Request,
        name: Annotated[str, Query(min_length=1, max_length=255)] = "document",
        size: int = SIZE_DEFAULT,
        overlap: int = OVERLAP_DEFAULT,
        content_type: Annotated[str | None, Header()] = None,
    ) -> Document:
        """Cut the document in the request's body into chunks."""
        cut = Cut(size=size, overlap=overlap)
        data = await _body(request, name, settings.max_bytes)
        # Parsing is long and blocking; in a thread it does not delay the health answer.
        return await run_in_threadpool(
            read,
            data,
            name,
            cut=cut,
            max_bytes=settings.max_bytes,
            media_type=content_type,
        )

    @app.exception_handler(ReadingError)
    async def on_reading_error(_: Request, error: ReadingError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=error.status)

    # One shape for every refusal: a sentence in `detail`.
    @app.exception_handler(RequestValidationError)
    async def on_validation_error(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = (f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors())
        return JSONResponse({"detail": "; ".join(faults)}, status_code=422)

    return app


async def _body(request: Request, name: str, limit: int) -> bytes:
    """The whole body; one that says or turns out to be too large is not read to its end."""
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise TooLargeError(name, limit)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise TooLargeError(name, limit)
    return bytes(body)
