"""The process that reads an uploaded file: it answers like the reader in this process, and its limits hold."""

import contextlib
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmm.data import DataError, child, load_dataset
from dmm.data.child import COMMAND, ROOT, read_apart
from dmm.data.upload import read_upload
from dmm.music import to_midi

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are for Linux")


def test_it_reads_what_the_reader_reads_within_two_seconds():
    piece = load_dataset("chorales").train[0]
    for raw, name in (
        (to_midi(piece.roll, title=piece.title), "x/ä\ud800.mid"),
        (b"[[[60],[]],[[21],[108]]]", "b.json"),
    ):
        start = time.monotonic()
        apart, here = read_apart(raw, name), read_upload(raw, name)
        assert time.monotonic() - start < 2
        assert (apart.report, apart.splits) == (here.report, here.splits)
        for one, other in zip(apart.pieces, here.pieces, strict=True):
            assert (one.name, one.title) == (other.name, other.title)
            assert np.array_equal(one.roll, other.roll)


@pytest.mark.parametrize(
    ("raw", "words"), [(b"", "This file is empty."), (b"[" * 10**6, "Nested more than 20"), (bytes(2_000_001), "2 MB")]
)
def test_what_is_wrong_is_said_as_the_reader_says_it(raw, words):
    with pytest.raises(DataError, match=words):
        read_apart(raw, "a.json")


def test_the_process_imports_nothing_that_is_heavy():
    code = "import dmm.data.child, sys; print(sorted({'torch', 'streamlit', 'mido', 'pandas'} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert out.stdout.strip() == "[]"


def test_a_process_that_takes_too_long_is_ended():
    start = time.monotonic()
    with pytest.raises(DataError, match="took too long to read, so reading was stopped"):
        read_apart(b"x", "a.mid", seconds=0.2, command=(sys.executable, "-S", "-c", "while True: pass"))
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    "code",
    [
        "import os; os.kill(os.getpid(), 9)",
        "print('nonsense')",
        "print('{}')",
        "print('[' * 100000)",
        "print('[1]')",
        "import sys; sys.stdout.write('9' * 20_000)",
        """print('{"pieces": [{"name": 1}], "report": {}}')""",
    ],
)
def test_a_process_that_dies_or_talks_nonsense_gives_one_sentence(code):
    with pytest.raises(DataError, match=r"could not be read: its reader gave up|is damaged"):
        read_apart(b"x", "a.mid", command=(sys.executable, "-S", "-c", code))


def test_an_endless_answer_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr(child, "MOST_ANSWER", 10_000)
    code = "import sys\nwhile True: sys.stdout.write('x' * 1000)"
    with pytest.raises(DataError, match="gave up"):
        read_apart(b"x", "a.mid", command=(sys.executable, "-S", "-c", code))


@LINUX
def test_its_memory_and_files_are_limited(tmp_path):
    code = (
        "import sys\n"
        "from dmm.data import child\n"
        "file = open(sys.argv[1], 'wb', buffering=0)\n"
        "child._limit()\n"
        "try: bytearray(300 * 2**20)\n"
        "except MemoryError: print('memory')\n"
        "try: file.write(b'x')\n"
        "except OSError as error: print(error.strerror)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "file")]
    out = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert out.stdout.splitlines() == ["memory", "File too large"]


@LINUX
def test_a_file_that_eats_memory_ends_its_reader_and_nothing_else():
    """The worst that 2 MB of JSON can do to a reader stays in the child, and the answer is one sentence."""
    before = _resident()
    raw = b"[" + b'{"a":[]},' * 200_000 + b"0]"
    with pytest.raises(DataError):
        read_apart(raw, "a.json")
    assert _resident() - before < 50 * 2**20


def _resident() -> int:
    """Bytes of this process in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@settings(deadline=None, max_examples=4, derandomize=True)
@given(st.binary(max_size=60), st.text(max_size=20))
def test_any_bytes_under_any_name_are_read_or_refused(raw, name):
    with contextlib.suppress(DataError):
        read_apart(raw, name)


def test_no_more_than_two_files_are_read_at_a_time():
    with child.ROOM, child.ROOM:
        assert not child.ROOM.acquire(blocking=False)


def test_the_answer_is_one_line_of_json():
    done = subprocess.run(COMMAND, input=b'"a.mid"\nMThd', capture_output=True, cwd=ROOT, check=True)
    assert json.loads(done.stdout) == {"error": "The MIDI header is cut off (4 of 14 bytes)."}
    assert done.stderr == b""
