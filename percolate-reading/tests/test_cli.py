"""The command line as a person meets it: real processes, their codes and their two streams."""

import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from importlib.metadata import version
from pathlib import Path

import pytest

from percolate_reading.settings import MAX_BYTES_VARIABLE, Settings, SettingsError
from samples import encrypted_pdf, pdf

SCRIPT = Path(sys.executable).with_name("percolate-reading")
MODULE = [sys.executable, "-m", "percolate_reading"]


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MODULE, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("program", [[str(SCRIPT)], MODULE], ids=["script", "module"])
def test_both_ways_to_start_say_the_version(program: list[str]) -> None:
    done = subprocess.run([*program, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"percolate-reading {version('percolate-reading')}\n"


def test_help_names_the_commands() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "serve" in done.stdout
    assert "chunk" in done.stdout


def test_chunks_as_json(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(pdf(["one", "two"]))
    done = run("chunk", file, "--json")
    assert done.returncode == 0
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert document["kind"] == "pdf"
    assert [(chunk["page"], chunk["text"]) for chunk in document["chunks"]] == [
        (1, "one"),
        (2, "two"),
    ]


def test_chunks_for_people(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("# A\n\n## B\n\nwörds\n", encoding="utf-8")
    ascii_only = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert run("chunk", file, **ascii_only).stdout == (
        "[0] 0-3 A\n# A\n\n[1] 5-16 A > B\n## B\n\nwörds\n"
    )


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.pdf", b"%PDF-1.7\njunk", "is not a PDF that can be read"),
        ("a.pdf", encrypted_pdf("key"), "is encrypted"),
        ("a.txt", b"\xe9", "is not valid utf-8"),
        ("a.txt", b"", "is empty"),
        ("a.exe", b"MZ", "has the suffix '.exe'"),
        ("a.txt", b"x" * 5_001, "is larger than the limit of 5000 bytes"),
    ],
)
def test_a_bad_file_ends_with_1_and_a_sentence(
    tmp_path: Path, name: str, data: bytes, sentence: str
) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    done = run("chunk", file, PERCOLATE_READING_MAX_BYTES="5000")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {file} {sentence}")
    assert done.stderr.count("\n") == 1


def test_a_path_that_cannot_be_opened_ends_with_1(tmp_path: Path) -> None:
    for path in (tmp_path / "none.txt", tmp_path):
        done = run("chunk", path)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"error: cannot read {path}: ")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--size", "7"], ["--overlap", "-1"], ["--size", "x"]])
def test_bad_arguments_end_with_2(tmp_path: Path, arguments: list[str]) -> None:
    file = tmp_path / "a.txt"
    file.write_text("words")
    done = run("chunk", file, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert "Error: " in done.stderr


@pytest.mark.parametrize("value", ["", "0", "-5", "1e3", "1_000", " 7", "9" * 30])
def test_a_bad_limit_is_refused(value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({MAX_BYTES_VARIABLE: value})
    assert str(caught.value).startswith(f"{MAX_BYTES_VARIABLE} is {value!r}, wanted")


def test_the_environment_sets_the_limit() -> None:
    assert Settings.from_environment({MAX_BYTES_VARIABLE: "70"}).max_bytes == 70
    assert Settings.from_environment({}).max_bytes == 10_485_760


@pytest.mark.parametrize("command", [["chunk", "a.txt"], ["serve"]], ids=["chunk", "serve"])
def test_a_bad_limit_ends_with_1(command: list[str]) -> None:
    done = run(*command, PERCOLATE_READING_MAX_BYTES="much")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: PERCOLATE_READING_MAX_BYTES is 'much', wanted")
    assert done.stderr.count("\n") == 1


def test_an_address_in_use_ends_with_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("serve", "--port", port)
    assert done.returncode == 1
    assert f"error: cannot serve on 127.0.0.1 port {port}; choose" in done.stderr
    assert "Traceback" not in done.stderr


def test_serve_answers_until_it_is_told_to_stop() -> None:
    command = [*MODULE, "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service:
        try:
            assert service.stderr is not None
            # The service says on which free port it listens; its log ends if it could not.
            found = next(
                match
                for line in service.stderr
                if (match := re.search(r"http://127\.0\.0\.1:[1-9]\d*", line))
            )
            with urllib.request.urlopen(f"{found[0]}/health", timeout=30) as answer:
                assert json.load(answer)["status"] == "ok"
        finally:
            service.terminate()
        service.communicate(timeout=30)
    assert service.returncode in {0, -15}
