"""The command line, as a child process: what a user sees, traceback or not."""

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import percolate_rocks
import pytest

from percolate import __version__
from percolate.memories import MAX_TEXT_BYTES

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def run(data: Path) -> Run:
    """Give a function that runs the command line on the test's own folder."""

    def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "percolate", *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            env=os.environ | {"PERCOLATE_DATA": str(data)},
        )

    return run


def test_help_and_version_need_no_store(run: Run, data: Path) -> None:
    assert b"Keep memories" in run("--help").stdout
    assert run("--version").stdout.decode() == f"percolate {__version__}\n"
    script = Path(sys.executable).with_name("percolate")
    installed = subprocess.run([script, "--version"], capture_output=True, check=True)
    assert installed.stdout.decode() == f"percolate {__version__}\n"
    assert not data.exists()


def test_put_get_list_and_search(run: Run) -> None:
    assert run("put", "tea at four", "--id", "tea").stdout == b"tea\n"
    new = run("put", "-", stdin="Kaffee um fünf\nmit Ada".encode()).stdout.decode().strip()
    assert run("get", new).stdout.decode() == "Kaffee um fünf\nmit Ada\n"
    listed = run("list").stdout.decode().splitlines()
    assert [line.split("  ")[0] for line in listed] == [new, "tea"]
    assert listed[0].endswith("Kaffee um fünf")
    found = run("search", "four", "TEA", "--json").stdout
    assert json.loads(found)["text"] == "tea at four"
    assert run("search", "nothing").stdout == b""


@pytest.mark.parametrize(
    ("arguments", "stdin", "sentence"),
    [
        (["get", "nowhere"], b"", "there is no memory 'nowhere'"),
        (["get", "No Id"], b"", "'No Id' cannot be an id"),
        (["put", "-"], b"x" * (MAX_TEXT_BYTES + 1), "a memory holds at most 1048576"),
        (["put", "-"], b"caf\xe9", "not UTF-8 at byte 3"),
        (["put", " "], b"", "the text is empty"),
        (["search", "?"], b"", "holds no word"),
        (["list", "--limit", "0"], b"", "it must be from 1 to 1000"),
    ],
)
def test_refusals_are_one_sentence(
    run: Run, arguments: list[str], stdin: bytes, sentence: str
) -> None:
    ended = run(*arguments, stdin=stdin)
    assert ended.returncode == 1
    assert ended.stdout == b""
    assert sentence in ended.stderr.decode()
    assert ended.stderr.startswith(b"percolate: ")
    assert ended.stderr.count(b"\n") == 1


def test_a_damaged_store_is_one_sentence(run: Run, data: Path) -> None:
    data.mkdir(parents=True)
    store = data / "memories.redb"
    store.write_bytes(b"redb" * 5000)
    for arguments in (["list"], ["put", "text"], ["serve", "--port", "0"]):
        ended = run(*arguments)
        assert ended.returncode == 1
        assert f"the store {store} cannot be read" in ended.stderr.decode()
        assert ended.stderr.count(b"\n") == 1
    assert store.read_bytes() == b"redb" * 5000


def test_a_record_without_text_is_one_sentence(run: Run, data: Path) -> None:
    data.mkdir(parents=True)
    record = {"id": "odd", "text": "", "written": "2025-10-25T14:30:00Z"}
    with percolate_rocks.Store.open(data / "memories.redb") as store:
        store.put("resource", "odd", json.dumps(record).encode())
    for arguments in (["list"], ["get", "odd"], ["search", "tea"]):
        ended = run(*arguments)
        assert (ended.returncode, ended.stdout) == (1, b"")
        assert b"`percolate put TEXT --id 'odd'` replaces it" in ended.stderr
        assert ended.stderr.count(b"\n") == 1


def test_an_address_in_use_is_refused_and_the_store_given_free(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("serve", "--port", str(port))
    assert (ended.returncode, ended.stdout) == (1, b"")
    # Uvicorn's log says why; the sentence comes last and once.
    sentences = [s for s in ended.stderr.decode().splitlines() if s.startswith("percolate: ")]
    assert sentences == [
        f"percolate: cannot serve on 127.0.0.1 port {port}; choose another --host or --port"
    ]
    assert ended.stderr.decode().splitlines()[-1:] == sentences
    assert b"Traceback" not in ended.stderr
    assert run("list").returncode == 0


def test_wrong_usage_is_two(run: Run) -> None:
    for arguments in (["fetch"], ["get"], ["serve", "--port", "70000"]):
        assert run(*arguments).returncode == 2


def test_a_served_store_answers_and_is_given_free(run: Run, data: Path) -> None:
    service = subprocess.Popen(
        [sys.executable, "-m", "percolate", "serve", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PERCOLATE_DATA": str(data)},
    )
    with service:
        assert service.stderr is not None
        said = ""
        # The last line of the start names the address; the pipe ends when the start fails.
        while "Uvicorn running on" not in said:
            said = service.stderr.readline()
            assert said, "the service ended before it listened"
        address = next(word for word in said.split() if word.startswith("http://"))
        with urllib.request.urlopen(f"{address}/health", timeout=10) as answer:  # noqa: S310
            assert json.load(answer)["version"] == __version__
        assert "open elsewhere" in run("list").stderr.decode()
        service.terminate()
        service.stderr.read()
    assert run("list").returncode == 0
