"""Run folders: ids, layout, records that survive a crash, files that are replaced whole, and how a run is doing."""

import errno
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dmm.config import make_config
from dmm.runs import store
from dmm.runs.store import RunError, Status
from tests.tiny_runs import without_rewound

ROOT = Path(__file__).resolve().parents[1]
UNKNOWN = "0123456789abcdef"
BAD_IDS = ["../../x", "..", ".", "", "/etc/passwd", "<script>", "0123456789ABCDEF", UNKNOWN[1:], UNKNOWN + "0"]
BAD_IDS += [UNKNOWN + "\n", "\n" + UNKNOWN, UNKNOWN + "/", "0123456789abcde\0", "٠" * 16, "\ud800" * 16]


@pytest.fixture
def run(tmp_path):
    return store.new_run(make_config(), folder=tmp_path)


def fail_with(code):
    """A stand-in for a system call that fails."""

    def call(*args):
        raise OSError(code, os.strerror(code))

    return call


def hidden_files(folder):
    return [path.name for path in folder.rglob(".*")]


# ids and folders


@pytest.mark.parametrize("run_id", [*BAD_IDS, UNKNOWN, "0" * 2**20], ids=lambda text: ascii(text[:20]))
def test_a_malformed_or_unknown_id_gives_one_sentence(tmp_path, run_id):
    with pytest.raises(RunError, match=r"^No such run: .*\.$") as caught:
        store.find_run(run_id, tmp_path)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("run_id", [*BAD_IDS, "0" * 2**20], ids=lambda text: ascii(text[:20]))
def test_no_path_is_built_from_a_malformed_id(run_id):
    class Folder:
        def __truediv__(self, other):
            raise AssertionError(f"a path was built from {other[:20]!a}")

    with pytest.raises(RunError):
        store.find_run(run_id, Folder())


def test_a_folder_that_exists_is_not_found_under_a_name_that_is_no_id(tmp_path):
    run = store.new_run(make_config(), folder=tmp_path / "inner")
    run.rename(tmp_path / "inner" / "notes")
    for name in ("notes", "../inner/notes", f"../inner/{run.name}"):
        with pytest.raises(RunError):
            store.find_run(name, tmp_path / "inner")
    assert store.list_runs(tmp_path / "inner") == store.list_runs(tmp_path / "nothing")


def test_a_folder_without_a_configuration_is_no_run(tmp_path):
    (tmp_path / UNKNOWN).mkdir()
    with pytest.raises(RunError):
        store.find_run(UNKNOWN, tmp_path)
    assert tmp_path / UNKNOWN not in store.list_runs(tmp_path)


def test_a_new_run_has_configuration_status_and_a_place_for_snapshots(tmp_path):
    config = make_config("paper", seed=7)
    run = store.new_run(config, {"data": {"digest": "abc"}}, tmp_path / "not" / "yet" / "there")
    assert store.RUN_ID.fullmatch(run.name)
    assert sorted(path.name for path in run.iterdir()) == ["config.json", "snapshots", "status.json"]
    assert store.find_run(run.name, run.parent) == run
    assert store.read_run_config(run) == config
    about = json.loads((run / "config.json").read_text(encoding="utf-8"))
    assert about["id"] == run.name
    assert about["data"] == {"digest": "abc"}
    assert abs(about["created"] - time.time()) < 60
    assert store.read_status(run).state == "queued"
    assert store.read_status(run).sentence.endswith(".")


def test_no_two_runs_share_an_id(tmp_path):
    assert len({store.new_run(make_config(), folder=tmp_path).name for _ in range(20)}) == 20


def test_runs_lie_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("DMM_RUNS_DIR", str(tmp_path / "mine"))
    run = store.new_run(make_config())
    assert run.parent == store.runs_dir() == tmp_path / "mine"
    assert store.find_run(run.name) == run
    assert run in store.list_runs()
    monkeypatch.setenv("DMM_RUNS_DIR", "")
    assert store.runs_dir() == ROOT / "runs"


def test_a_folder_that_cannot_be_made_gives_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"^Could not make a run in .*\.$"):
        store.new_run(make_config(), folder=tmp_path / "file")
    monkeypatch.setattr(os, "fsync", fail_with(errno.ENOSPC))
    with pytest.raises(RunError, match="the disk is full"):
        store.new_run(make_config(), folder=tmp_path)


def test_runs_are_listed_shipped_first_then_newest_first(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "SHIPPED", tmp_path / "shipped")
    runs = [store.new_run(make_config(), folder=tmp_path / "own") for _ in range(3)]
    for age, run in enumerate(runs):
        about = store.read_about(run) | {"created": 1000.0 + age}
        store.replace_file(run / "config.json", json.dumps(about).encode())
        os.utime(run, (1000 + age, 1000 + age))
    shipped = store.new_run(make_config(), folder=tmp_path / "shipped")
    assert store.list_runs(tmp_path / "own") == [shipped, *reversed(runs)]
    assert store.find_run(shipped.name, tmp_path / "own") == shipped


def test_a_run_that_vanishes_while_runs_are_listed_is_left_out(tmp_path, monkeypatch):
    runs = [store.new_run(make_config(), folder=tmp_path) for _ in range(2)]
    glob = Path.glob

    def glob_and_lose_one(self, pattern):
        found = list(glob(self, pattern))
        if self == tmp_path:
            os.rename(runs[0], tmp_path / "deleted")
        return found

    monkeypatch.setattr(Path, "glob", glob_and_lose_one)
    assert runs[1] in store.list_runs(tmp_path)


# config.json


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "7", "{}", '{"config": null}', '{"config": []}', "\xff\xfe"])
def test_a_damaged_configuration_gives_one_sentence(run, text):
    (run / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(RunError, match=r"config\.json is missing or damaged\.$"):
        store.read_run_config(run)


def test_a_configuration_nested_absurdly_deep_gives_one_sentence(run):
    (run / "config.json").write_text("[" * 100_000)
    with pytest.raises(RunError):
        store.read_about(run)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("z_dim", 10**5, "you asked for 100000"),
        ("learning_rate", "NaN", "learning_rate"),
        ("from_the_future", 1, 'Unknown field "from_the_future"'),
        ("preset", "paper", 'Unknown field "preset"'),
        ("data", "", "data"),
    ],
)
def test_a_configuration_of_another_version_is_refused_with_the_reason(run, field, value, says):
    about = store.read_about(run)
    about["config"][field] = value
    (run / "config.json").write_text(json.dumps(about))
    with pytest.raises(RunError, match="This version cannot read") as caught:
        store.read_run_config(run)
    assert says in str(caught.value)


def test_a_run_of_a_later_format_is_refused(run):
    about = store.read_about(run) | {"format": 99}
    (run / "config.json").write_text(json.dumps(about))
    with pytest.raises(RunError, match="99"):
        store.read_run_config(run)


# metrics.jsonl


def test_a_torn_last_line_is_left_for_later(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step":1}\n{"step":')
    records, offset = store.read_lines(path)
    assert records == [{"step": 1}]
    with open(path, "ab") as file:  # the writer was only slow
        file.write(b"2}\n")
    assert store.read_lines(path, offset) == ([{"step": 2}], path.stat().st_size)


def test_a_torn_last_line_is_closed_off_at_the_next_append(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step":1}\n{"step":2,"bou')
    offset = store.read_lines(path)[1]
    store.append_lines(path, [{"step": 2}, {"step": 3}])
    assert store.read_lines(path)[0] == [{"step": 1}, {"step": 2}, {"step": 3}]
    assert store.read_lines(path, offset)[0] == [{"step": 2}, {"step": 3}]
    assert path.read_bytes().startswith(b'{"step":1}\n{"step":2,"bou\n')  # only ever appended to


@pytest.mark.parametrize(
    "damage", [b"{", b"\x00\x00\x00", b"\xff\xfe", b'{"step":9', b"", b"null", b"7", b"[1,2]", b"[" * 100_000]
)
def test_a_damaged_line_is_passed_over(tmp_path, damage):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step":1}\n' + damage + b'\n{"step":2}\n')
    assert store.read_lines(path) == ([{"step": 1}, {"step": 2}], path.stat().st_size)


def test_reading_by_offset_sees_each_record_once_while_it_is_written(tmp_path):
    path = tmp_path / "metrics.jsonl"
    text = "é\u2028\r\n" * 3  # line ends of other alphabets are no line ends here

    def write():
        for step in range(400):
            store.append_lines(path, [{"step": step, "text": text}])

    writer = threading.Thread(target=write)
    writer.start()
    seen, offset = [], 0
    while True:
        finished = not writer.is_alive()
        records, offset = store.read_lines(path, offset)
        seen += records
        if finished:
            break
    writer.join()
    assert [record["step"] for record in seen] == list(range(400))
    assert {record["text"] for record in seen} == {text}
    assert store.read_lines(path, offset) == ([], offset)


def test_reading_what_is_not_there_yet_gives_nothing(tmp_path):
    assert store.read_lines(tmp_path / "metrics.jsonl") == ([], 0)
    store.append_lines(tmp_path / "metrics.jsonl", [])
    assert not (tmp_path / "metrics.jsonl").exists()


def test_what_is_not_a_number_is_never_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        store.append_lines(tmp_path / "metrics.jsonl", [{"bound": float("nan")}])
    assert store.read_lines(tmp_path / "metrics.jsonl")[0] == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_an_append_that_finds_the_disk_full_says_so():
    with pytest.raises(OSError, match="No space left") as caught:
        store.append_lines(Path("/dev/full"), [{"step": 1}])
    assert store.reason(caught.value) == "the disk is full"


def record(step, kind="train", **more):
    return {"step": step, "kind": kind} | more


def test_records_in_order_are_all_kept():
    records = [record(1), record(2), record(2, "valid"), record(3), record(4), record(4, "valid")]
    assert without_rewound(records) == records
    assert without_rewound([]) == []


def test_what_was_done_after_the_snapshot_that_a_run_went_back_to_is_dropped():
    before = [record(1), record(2), record(2, "valid"), record(3, bound=3.0), record(4), record(4, "valid")]
    again = [record(3, bound=5.0), record(4, bound=4.0), record(4, "valid", bound=1.0), record(5)]
    assert without_rewound(before + again) == before[:3] + again
    once_more = [record(2), record(2, "valid")]
    assert without_rewound(before + again + once_more) == before[:1] + once_more


def test_a_validation_record_does_not_drop_the_update_before_it():
    records = [record(2), record(2, "valid"), record(2), record(2, "valid", second=True)]
    assert without_rewound(records) == records[2:]


# files that are replaced whole


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_failing_write_leaves_the_old_file_and_no_temporary(tmp_path, monkeypatch, call, code):
    path = tmp_path / "status.json"
    store.replace_file(path, b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail_with(code))
        with pytest.raises(OSError, match=os.strerror(code)):
            store.replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["status.json"]
    store.replace_file(path, b"new")
    assert path.read_bytes() == b"new"


def test_an_interrupt_in_the_middle_of_a_write_leaves_no_temporary(tmp_path, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.replace_file(tmp_path / "status.json", b"new")
    assert list(tmp_path.iterdir()) == []


def test_the_data_are_on_the_disk_before_they_take_the_old_file_s_place(tmp_path, monkeypatch):
    path, seen = tmp_path / "status.json", []
    store.replace_file(path, b"old")
    fsync, replace = os.fsync, os.replace

    def watched_fsync(number):
        fsync(number)
        seen.append(("fsync", os.fstat(number).st_size, path.read_bytes()))

    def watched_replace(source, target):
        seen.append(("replace", Path(source).parent, Path(source).read_bytes()))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    store.replace_file(path, b"brand new")
    assert seen == [("fsync", 9, b"old"), ("replace", tmp_path, b"brand new")]


def test_threads_may_replace_the_same_file_at_the_same_time(tmp_path):
    path = tmp_path / "status.json"
    texts = [bytes([65 + i]) * 5000 for i in range(4)]

    def write(text):
        for _ in range(25):
            store.replace_file(path, text)

    with ThreadPoolExecutor(len(texts)) as pool:
        list(pool.map(write, texts))
    assert path.read_bytes() in texts
    assert hidden_files(tmp_path) == []


def test_a_reader_never_sees_half_a_status(run):
    stop = threading.Event()

    def write():
        while not stop.is_set():
            store.write_status(run, Status("paused", "x" * 5000, step=3))

    writer = threading.Thread(target=write)
    store.write_status(run, Status("paused", "x" * 5000, step=3))
    writer.start()
    try:
        assert {store.read_status(run)._replace(heartbeat=0) for _ in range(200)} == {
            Status("paused", "x" * 5000, step=3)
        }
    finally:
        stop.set()
        writer.join()


# status.json


def test_a_status_round_trips_with_a_new_heartbeat(run):
    status = Status("done", "Done: 3 epochs.", 12, 3, 1.5, 8.25, heartbeat=1.0, pid=99)
    store.write_status(run, status)
    back = store.read_status(run)
    assert back == status._replace(heartbeat=back.heartbeat)
    assert abs(back.heartbeat - time.time()) < 60


def test_a_running_run_without_a_sign_of_life_counts_as_interrupted(run):
    store.write_status(run, Status("running", "Training.", step=40, best=9.5))
    beat = store.read_status(run).heartbeat
    assert store.read_status(run, beat + store.STALE_AFTER - 1).state == "running"
    late = store.read_status(run, beat + store.STALE_AFTER + 1)
    assert (late.state, late.step, late.best) == ("interrupted", 40, 9.5)
    assert "snapshot" in late.sentence
    assert late.sentence.endswith(".")


def test_a_running_run_whose_process_is_gone_counts_as_interrupted_after_a_few_seconds(run):
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as process:
        process.wait()
    for pid, state in ((process.pid, "interrupted"), (os.getpid(), "running"), (0, "running")):
        store.write_status(run, Status("running", "Training.", pid=pid))
        beat = store.read_status(run).heartbeat
        assert store.read_status(run, beat + 3).state == "running"
        assert store.read_status(run, beat + 10).state == state


@pytest.mark.parametrize("pid", ["x", None, 1.5, 10**30, -1])
def test_a_damaged_process_number_does_no_harm(run, pid):
    store.write_status(run, Status("running", "Training.", pid=pid))
    beat = json.loads((run / "status.json").read_text())["heartbeat"]
    assert store.read_status(run, beat + 10).state in ("running", "interrupted")


@pytest.mark.parametrize("state", ["paused", "done", "cancelled", "diverged", "failed", "interrupted"])
def test_a_run_that_has_ended_never_goes_stale(run, state):
    store.write_status(run, Status(state, "Said so."))
    assert store.read_status(run, time.time() + 10**9)[:2] == (state, "Said so.")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        "{}",
        "\xff\xfe",
        '{"step":3}',
        '{"state":"running","heartbeat":"now"}',
        '{"state":"running","heartbeat":null}',
        '{"state":7}',
        '{"state":"dancing"}',
        '{"state":"done","step":"three"}',
        "[" * 100_000,
    ],
    ids=lambda text: ascii(text[:40]),
)
def test_a_damaged_status_counts_as_interrupted_with_a_sentence(run, text):
    (run / "status.json").write_bytes(text.encode("latin-1"))
    status = store.read_status(run)
    assert status.state == "interrupted"
    assert status.sentence.endswith(".")


def test_a_missing_status_counts_as_interrupted(run):
    (run / "status.json").unlink()
    assert store.read_status(run).state == "interrupted"


def test_a_status_of_a_later_version_is_read_as_far_as_it_is_known(run):
    (run / "status.json").write_text('{"state":"done","sentence":"Done.","mood":"good"}')
    assert store.read_status(run)[:2] == ("done", "Done.")


# imports

WATCH = """
import os, sys
written = []
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        mode, flags = arguments[1] or "", arguments[2] or 0
        if set(mode) & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            written.append(arguments[0])
    if event in ("os.mkdir", "os.rename", "os.link", "os.symlink"):
        written.append(f"{event} {arguments[0]}")
sys.addaudithook(hook)
import dmm.cli, dmm.runs.runner, dmm.runs.session, dmm.runs.worker
print([path for path in written if path != "/dev/null"])
"""


def test_nothing_is_written_and_no_run_folder_is_made_at_import(tmp_path):
    environment = os.environ | {"DMM_RUNS_DIR": str(tmp_path / "runs"), "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-B", "-c", WATCH]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=True)
    assert result.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []
