"""Snapshots: bit for bit what was saved, the last two, and one sentence for every file that is not one of ours."""

import json
import math
import os
import pickle
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from dmm.config import Config, make_config
from dmm.deep_markov_model import build_dmm, make_dmm
from dmm.optimisers import Moments
from dmm.runs import snapshots, store
from dmm.runs.store import RunError
from dmm.training import State

CONFIG = make_config(z_dim=2, emission_dim=3, transition_dim=3, rnn_dim=4, seed=3)
LINEAR = "weights.transition.linear.weight"  # (2, 2)


@pytest.fixture
def run(tmp_path):
    return store.new_run(CONFIG, folder=tmp_path)


def make_state(step=1, **counters):
    generator = torch.Generator().manual_seed(step)
    weights = {
        name: torch.randn(weight.shape, generator=generator) for name, weight in make_dmm(CONFIG).named_parameters()
    }
    size = sum(weight.numel() for weight in weights.values())
    moments = Moments(torch.randn(size, generator=generator), torch.rand(size, generator=generator))
    return State(weights, moments, step, **counters)


def assert_same(state, other):
    assert list(state.weights) == list(other.weights)
    for name, weight in state.weights.items():
        assert weight.dtype == other.weights[name].dtype
        assert torch.equal(weight, other.weights[name]), name
    assert all(map(torch.equal, state.moments, other.moments))
    assert state[2:] == other[2:]


def names(run):
    return sorted(path.name for path in (run / "snapshots").iterdir())


def newest(run):
    return max((run / "snapshots").glob("step-*"))


def edit(path, change, state=None):
    """Rewrite a snapshot: `change` may alter its tensors, `state` the text of its counters."""
    data = path.read_bytes()
    counters = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["state"]
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, {"state": counters if state is None else state})


def keep(tensors):
    """No change."""


def refused(run, match):
    """The sentence with which both readers refuse the newest snapshot."""
    with pytest.raises(RunError, match=match) as caught:
        snapshots.load_last(run, make_state(0))
    with pytest.raises(RunError, match=match):
        snapshots.load_run(run, "last")
    assert len(str(caught.value)) < 300
    assert str(caught.value).endswith(".")


# what is saved comes back


@pytest.mark.parametrize(
    "counters", [{}, {"bad_steps": 2, "best": 9.125, "seconds": 0.1 + 0.2}, {"best": math.inf, "seconds": 1e9}]
)
def test_a_state_round_trips_bit_for_bit(run, counters):
    state = make_state(17, **counters)
    state.weights["z_0"][:] = torch.tensor([1e-42, -0.0])  # a denormal number, a negative zero
    snapshots.save_last(run, state)
    assert names(run) == ["step-00000017.safetensors"]
    back = snapshots.load_last(run, make_state(0))
    assert_same(back, state)
    assert back.weights["z_0"].view(torch.int32).tolist() == state.weights["z_0"].view(torch.int32).tolist()


def test_weights_that_share_memory_or_are_views_are_saved_as_they_are(run):
    state = make_state(1)
    flat = torch.cat([weight.reshape(-1) for weight in state.weights.values()])
    parts = flat.split([weight.numel() for weight in state.weights.values()])
    views = {n: p.view(w.shape) for p, (n, w) in zip(parts, state.weights.items(), strict=True)}
    snapshots.save_last(run, state._replace(weights=views))
    assert_same(snapshots.load_last(run, make_state(0)), state)


def test_without_a_snapshot_a_run_starts_where_it_is_told(run):
    start = make_state(0)
    assert snapshots.load_last(run, start) is start
    for which in ("best", "last"):
        with pytest.raises(RunError, match=r"no snapshot yet.*\.$"):
            snapshots.load_run(run, which)


def test_the_last_two_snapshots_are_kept(run):
    for step in (1, 5, 9, 10, 100):
        snapshots.save_last(run, make_state(step))
    snapshots.save_best(run, make_state(5))
    assert names(run) == ["best.safetensors", "step-00000010.safetensors", "step-00000100.safetensors"]
    assert snapshots.load_last(run, make_state(0)).step == 100


@pytest.mark.parametrize("damage", [b"", b"x" * 5000, None])
def test_a_damaged_newest_snapshot_falls_back_to_the_older(run, damage):
    for step in (5, 6):
        snapshots.save_last(run, make_state(step))
    newest(run).write_bytes(newest(run).read_bytes()[:-1] if damage is None else damage)
    assert_same(snapshots.load_last(run, make_state(0)), make_state(5))
    snapshots.save_last(run, make_state(5)._replace(step=7))  # and the run goes on
    assert snapshots.load_last(run, make_state(0)).step == 7


def test_snapshots_that_are_all_damaged_give_one_sentence(run):
    for step in (5, 6):
        snapshots.save_last(run, make_state(step))
        newest(run).write_bytes(b"nonsense")
    refused(run, r"step-00000006\.safetensors is damaged\.$")
    with pytest.raises(RunError, match=r"^No snapshot of this run can be read"):
        snapshots.load_last(run, make_state(0))


def test_a_full_disk_leaves_the_older_snapshots_and_no_temporary(run, monkeypatch):
    for step in (5, 6):
        snapshots.save_last(run, make_state(step))

    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for save in (snapshots.save_last, snapshots.save_best):
        with pytest.raises(OSError, match="No space"):
            save(run, make_state(7))
    assert names(run) == ["step-00000005.safetensors", "step-00000006.safetensors"]
    assert_same(snapshots.load_last(run, make_state(0)), make_state(6))


# weights to look at


def test_load_run_gives_the_best_or_the_last_model(run):
    snapshots.save_best(run, make_state(5))
    snapshots.save_last(run, make_state(8))
    snapshots.save_last(run, make_state(9))
    for which, step in (("best", 5), ("last", 9)):
        dmm, found = snapshots.load_run(run, which)
        assert found == step
        wanted = make_state(step).weights
        assert all(torch.equal(weight, wanted[name]) for name, weight in dmm.state_dict().items())
        assert not dmm.training
        assert not any(weight.requires_grad for weight in dmm.parameters())
        assert torch.isfinite(dmm.sample(4, torch.Generator().manual_seed(0))[2]).all()


@pytest.mark.parametrize("which", ["best", "last"])
def test_load_run_takes_what_there_is_while_the_other_is_missing(run, which):
    save = snapshots.save_last if which == "best" else snapshots.save_best
    save(run, make_state(4))
    assert snapshots.load_run(run, which)[1] == 4


def test_the_largest_model_of_the_configuration_fits_the_limit():
    fields = Config.model_json_schema()["properties"]
    sizes = [name for name in fields if name.split("_")[-1] in ("dim", "embedding", "layers", "iafs")]
    assert len(sizes) == 9
    kinds = {"inference": "st-lr", "rnn_cell": "lstm", "edges": "augmented", "kl": "sampled"}
    with torch.device("meta"):
        dmm = build_dmm(make_config(**{name: fields[name]["maximum"] for name in sizes}, **kinds))
    weights = sum(weight.numel() for weight in dmm.parameters())
    assert 3 * 4 * weights + 10**5 < snapshots.LARGEST


# files that are not ours


class Exploit:
    """A pickle that runs a command as soon as it is opened."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


@pytest.mark.parametrize("form", ["pickle", "torch", "module"])
def test_a_renamed_pickle_is_refused_and_runs_no_code(run, tmp_path, form):
    marker = tmp_path / "marker"
    path = run / "snapshots" / "step-00000001.safetensors"
    if form == "pickle":
        path.write_bytes(pickle.dumps(Exploit(marker)))
    else:
        torch.save(Exploit(marker) if form == "torch" else make_dmm(CONFIG), path)
    refused(run, "step-00000001")
    path.rename(path.with_name("best.safetensors"))
    with pytest.raises(RunError, match=r"best\.safetensors"):
        snapshots.load_run(run, "best")
    assert not marker.exists()


def header(text, size=None):
    data = text if isinstance(text, bytes) else json.dumps(text).encode()
    return struct.pack("<Q", len(data) if size is None else size) + data


STATE = {"__metadata__": {"state": '{"step":1,"bad_steps":0,"seconds":0,"best":null}'}}
HUGE = {"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 4]}
OVERFLOW = {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 4]}
FORGERIES = ["empty", "short", "2**60", "2**64", "nested", "null", "utf-8", "nothing", "counters"]
FORGERIES += ["huge", "overflow", "overlap", "trailing", "gap", "dtype", "zip"]
ONE = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0",
        header(b"{}", 2**60),
        header(b"{}", 2**64 - 1),
        header(b"[" * 100_000),
        header(b"null"),
        header(b"\xff\xfe\xfd"),
        header({}),
        header(STATE),
        header(STATE | {LINEAR: HUGE}) + bytes(4),
        header(STATE | {LINEAR: OVERFLOW}) + bytes(4),
        header(STATE | {"a": ONE, "b": ONE}) + bytes(4),
        header(STATE | {"a": ONE}) + bytes(12),
        header(STATE | {"a": ONE | {"data_offsets": [4, 8]}}) + bytes(8),
        header(STATE | {"a": ONE | {"dtype": "F128"}}) + bytes(4),
        b"PK\x03\x04" + bytes(2000),
    ],
    ids=FORGERIES,
)
def test_a_forged_file_is_refused_with_one_sentence(run, data):
    (run / "snapshots" / "step-00000001.safetensors").write_bytes(data)
    refused(run, r"step-00000001\.safetensors")


@pytest.mark.parametrize("cut", [1, 300, 2000])
def test_a_truncated_snapshot_is_refused(run, cut):
    snapshots.save_last(run, make_state(1))
    newest(run).write_bytes(newest(run).read_bytes()[:-cut])
    refused(run, r"step-00000001\.safetensors")


def test_trailing_bytes_are_refused(run):
    snapshots.save_last(run, make_state(1))
    newest(run).write_bytes(newest(run).read_bytes() + b"MZ")
    refused(run, "damaged")


def test_a_file_larger_than_any_model_is_refused_before_it_is_read(run, monkeypatch):
    path = run / "snapshots" / "step-00000001.safetensors"
    with open(path, "wb") as file:
        file.truncate(10**12)  # a sparse file: no disk, but reading it would take a terabyte
    monkeypatch.setattr(Path, "read_bytes", None)
    with pytest.raises(RunError, match="larger"):
        snapshots.load_last(run, make_state(0))


def test_a_folder_in_place_of_a_snapshot_is_refused(run):
    (run / "snapshots" / "step-00000001.safetensors").mkdir()
    refused(run, "cannot be read")


def test_many_foreign_tensors_are_refused_with_both_numbers(run):
    path = run / "snapshots" / "step-00000001.safetensors"
    empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    path.write_bytes(header(STATE | {f"weights.{i}": empty for i in range(5000)}))
    refused(run, f"5000 weights.* {len(make_state().weights)}")


def test_a_snapshot_of_another_model_is_refused_with_both_sizes(run):
    snapshots.save_last(run, make_state(1))
    edit(newest(run), lambda tensors: tensors.update({LINEAR: torch.zeros(3, 2)}))
    refused(run, r"transition\.linear\.weight is 3×2, this model needs 2×2")


def test_a_whole_model_of_another_size_is_refused_with_both_sizes(run, tmp_path):
    snapshots.save_last(run, make_state(1))
    wider = store.new_run(make_config(**(CONFIG.model_dump() | {"z_dim": 5})), folder=tmp_path)
    newest(run).rename(wider / "snapshots" / newest(run).name)
    with pytest.raises(RunError, match=r"is 3×2, this model needs 3×5|is 2, this model needs 5"):
        snapshots.load_run(wider, "last")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_weights_that_are_not_finite_are_counted(run, value):
    snapshots.save_last(run, make_state(1))
    edit(newest(run), lambda tensors: tensors[LINEAR][:, 0].fill_(value))
    refused(run, r"transition\.linear\.weight has 2 values that are not finite")


def test_absurdly_large_weights_are_refused(run):
    snapshots.save_last(run, make_state(1))
    edit(newest(run), lambda tensors: tensors[LINEAR][0].fill_(1e30))
    refused(run, r"transition\.linear\.weight")


@pytest.mark.parametrize("dtype", ["float64", "bfloat16", "float16", "int64", "bool", "complex64", "float8_e4m3fn"])
def test_weights_of_another_number_type_are_converted_or_refused(run, dtype):
    snapshots.save_last(run, make_state(1))

    def convert(tensors):
        tensors[LINEAR] = tensors[LINEAR].to(getattr(torch, dtype))

    edit(newest(run), convert)
    try:
        state = snapshots.load_last(run, make_state(0))
        dmm, _ = snapshots.load_run(run, "last")
    except RunError:
        return
    assert {weight.dtype for weight in state.weights.values()} == {torch.float32}
    assert {weight.dtype for weight in dmm.parameters()} == {torch.float32}


def test_a_missing_weight_is_refused_with_both_numbers(run):
    snapshots.save_last(run, make_state(1))
    count = len(make_state().weights)
    edit(newest(run), lambda tensors: tensors.pop(LINEAR))
    refused(run, f"{count - 1} weights; this model has {count}")


def test_a_weight_of_another_name_is_refused_by_name(run):
    snapshots.save_last(run, make_state(1))
    edit(newest(run), lambda tensors: tensors.update({"weights.other": tensors.pop(LINEAR)}))
    refused(run, 'no weight "transition.linear.weight"')


def test_an_extra_weight_is_refused_with_both_numbers(run):
    snapshots.save_last(run, make_state(1))
    count = len(make_state().weights)
    edit(newest(run), lambda tensors: tensors.update({"weights.extra": torch.zeros(2)}))
    refused(run, f"{count + 1} weights; this model has {count}")


def set_moment(part, change):
    def set_it(tensors):
        tensors[f"moments.{part}"] = change(tensors[f"moments.{part}"])

    return set_it


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors: tensors.pop("moments.second"),
        set_moment("first", lambda moment: moment[:-1].clone()),
        set_moment("first", lambda moment: moment * math.nan),
        set_moment("second", lambda moment: moment - 10),
        set_moment("first", lambda moment: moment.view(1, -1)),
        set_moment("first", lambda moment: moment.long()),
    ],
    ids=["missing", "short", "nan", "negative", "shape", "whole numbers"],
)
def test_a_broken_optimiser_state_cannot_be_gone_on_from_but_its_weights_can_be_looked_at(run, change):
    snapshots.save_last(run, make_state(1))
    edit(newest(run), change)
    with pytest.raises(RunError, match="optimiser"):
        snapshots.load_last(run, make_state(0))
    assert snapshots.load_run(run, "last")[1] == 1


@pytest.mark.parametrize(
    "counters",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"step":"1","bad_steps":"0","seconds":"0","best":null}',
        '{"step":[],"bad_steps":[],"seconds":[],"best":null}',
        '{"step":-1,"bad_steps":0,"seconds":0,"best":null}',
        '{"step":1.5,"bad_steps":0,"seconds":0,"best":null}',
        '{"step":1,"bad_steps":0,"seconds":NaN,"best":null}',
        '{"step":1,"bad_steps":0,"seconds":0,"best":"low"}',
        '{"step":1,"bad_steps":0,"seconds":0,"best":NaN}',
        "[" * 100_000,
    ],
    ids=lambda text: ascii(text[:40]),
)
def test_broken_counters_are_refused(run, counters):
    snapshots.save_last(run, make_state(1))
    edit(newest(run), keep, counters)
    refused(run, "damaged")
