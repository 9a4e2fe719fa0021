"""The command line: cut one file into chunks, or run the service.

Faults of a file, an address or a limit end with code 1, faults of the arguments with code 2, each
with a sentence on stderr. stdout holds the chunks and nothing else, always in UTF-8.
"""

import os
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvicorn

from percolate_reading import __version__
from percolate_reading.chunks import OVERLAP_DEFAULT, SIZE_DEFAULT, Chunk, Cut
from percolate_reading.documents import read
from percolate_reading.errors import ReadingError
from percolate_reading.service import SERVICE, create_app
from percolate_reading.settings import Settings, SettingsError

main = typer.Typer(
    name=SERVICE,
    help="Turn text, Markdown, HTML and PDF into ordered chunks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{SERVICE} {__version__}")
        raise typer.Exit


@main.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """Turn text, Markdown, HTML and PDF into ordered chunks."""


@main.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
) -> None:
    """Run the HTTP service until it is told to stop."""
    app = create_app(_settings())
    try:
        uvicorn.run(app, host=host, port=port)
    except SystemExit:  # its only cause: the address cannot be had; uvicorn's log says why
        _fail(f"cannot serve on {host} port {port}; choose another --host or --port")


@main.command()
def chunk(
    file: Annotated[Path, typer.Argument(help="Its suffix says which kind it is.")],
    size: Annotated[int, typer.Option(help="Longest chunk, in characters.")] = SIZE_DEFAULT,
    overlap: Annotated[
        int, typer.Option(help="Characters shared with the chunk before.")
    ] = OVERLAP_DEFAULT,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Cut FILE into chunks and print them."""
    settings = _settings()
    try:
        cut = Cut(size=size, overlap=overlap)
    except ReadingError as error:
        raise typer.BadParameter(str(error)) from error
    # A name on disk may hold bytes that are no text; it is shown with replacements.
    name = os.fsencode(file).decode("utf-8", "replace")
    try:
        with file.open("rb") as source:
            data = source.read(settings.max_bytes + 1)
        document = read(data, name, cut=cut, max_bytes=settings.max_bytes)
    except OSError as error:
        _fail(f"cannot read {name}: {error.strerror}; check the path and its rights")
    except ReadingError as error:
        _fail(str(error))
    if as_json:
        output = document.model_dump_json(indent=2)
    else:
        output = "\n\n".join(_for_people(piece) for piece in document.chunks)
    # As bytes: the output is UTF-8 in every locale, also in one that cannot spell the document.
    typer.echo(output.encode())


def _for_people(piece: Chunk) -> str:
    page = "" if piece.page is None else f" page {piece.page}"
    place = "" if piece.start is None else f" {piece.start}-{piece.end}"
    path = " > ".join(piece.headings)
    return f"[{piece.index}]{page}{place}{' ' + path if path else ''}\n{piece.text}"


def _settings() -> Settings:
    try:
        return Settings.from_environment(os.environ)
    except SettingsError as error:
        _fail(str(error))


def _fail(sentence: str) -> NoReturn:
    typer.echo(f"error: {sentence}", err=True)
    raise typer.Exit(1)
