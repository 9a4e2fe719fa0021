"""The command line. It reads arguments and prints; the rules of memories stand in memories.py.

Answers go to stdout, errors to stderr as one sentence. Exit codes: 0 done, 1 refused, 2 usage.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from percolate.memories import (
    MAX_TEXT_BYTES,
    InvalidMemoryError,
    Memories,
    Memory,
    PercolateError,
    check_size,
)
from percolate.version import __version__


def _default_data() -> Path:
    """Return where the desktop specification keeps the data of a user's programs."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "percolate"


Data = Annotated[
    Path,
    typer.Option(
        envvar="PERCOLATE_DATA",
        default_factory=_default_data,
        file_okay=False,
        show_default="~/.local/share/percolate",
        help="Folder of the memories; made when it is not there.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one memory a line.")]
Limit = Annotated[int, typer.Option(help="At most so many memories.")]

app = typer.Typer(
    help="Keep memories: put, get, list and search short texts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"percolate {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Hold the options that stand before a command."""


@contextmanager
def _opened(data: Path) -> Iterator[Memories]:
    """Open the memories, and turn what a user can mend into a sentence and exit code 1."""
    try:
        with Memories(data) as memories:
            yield memories
    except PercolateError as error:
        typer.echo(f"percolate: {error}", err=True)
        raise typer.Exit(1) from error


def _print(memories: list[Memory], as_json: bool) -> None:
    for memory in memories:
        if as_json:
            typer.echo(memory.model_dump_json())
        else:
            first_line = memory.text.strip().splitlines()[0]
            typer.echo(f"{memory.id}  {memory.written:%Y-%m-%d %H:%M}  {first_line}")


def _standard_input() -> str:
    # One byte more than allowed is enough to know that it is too much.
    content = sys.stdin.buffer.read(MAX_TEXT_BYTES + 1)
    check_size(len(content))
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InvalidMemoryError(
            f"standard input is not UTF-8 at byte {error.start}; convert it first, by iconv say"
        ) from error


@app.command()
def put(
    text: Annotated[str, typer.Argument(help="The text; - reads it from standard input.")],
    data: Data,
    id: Annotated[str | None, typer.Option(help="Its id; a new one by default.")] = None,
) -> None:
    """Keep a text, and print its id."""
    with _opened(data) as memories:
        typer.echo(memories.put(_standard_input() if text == "-" else text, id).id)


@app.command()
def get(
    id: Annotated[str, typer.Argument(help="The id, as `percolate list` shows it.")],
    data: Data,
    as_json: Json = False,
) -> None:
    """Print the text of one memory."""
    with _opened(data) as memories:
        memory = memories.get(id)
        typer.echo(memory.model_dump_json() if as_json else memory.text)


@app.command("list")
def list_(
    data: Data,
    after: Annotated[str, typer.Option(help="Begin behind this id.")] = "",
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List memories in the order of their ids."""
    with _opened(data) as memories:
        _print(memories.page(after=after, limit=limit), as_json)


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="Words that must all be there.")],
    data: Data,
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """Find memories by their words; those that say them most come first."""
    with _opened(data) as memories:
        _print(memories.search(" ".join(words), limit=limit), as_json)


@app.command()
def serve(
    data: Data,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
) -> None:
    """Answer over HTTP until interrupted; /docs describes the paths."""
    # Imported here because they take longer than any other command's whole work.
    import uvicorn

    from percolate.service import create_app

    with _opened(data) as memories:
        try:
            uvicorn.run(create_app(memories), host=host, port=port)
        except SystemExit as error:  # its only cause: the address cannot be had; the log says why
            raise PercolateError(
                f"cannot serve on {host} port {port}; choose another --host or --port"
            ) from error
