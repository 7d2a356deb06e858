"""The fingerprint of a curve: the same, digit by digit, or how far apart and what was otherwise."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmm.config_link import LinkError
from dmm.data import load_dataset
from dmm.runs import store
from dmm.runs.fingerprint import Fingerprint, compare, decode, encode, fingerprint
from dmm.runs.session import train
from tests.test_pages import assert_one_sentence
from tests.tiny_runs import make_run, write_tiny_data

ONE = Fingerprint(5200, 7.103985, "2.13.0+cpu", "x86_64", "360bb441")
RUN = store.SHIPPED / "0000000000000001"


@settings(max_examples=30)
@given(
    st.builds(
        Fingerprint,
        st.integers(0, 10**9 - 1),
        st.floats(-1e9, 1e9).map(lambda bound: float(f"{bound:.8g}")),
        st.sampled_from(["2.13.0+cpu", "2.13.0", "2.14.1+cu121", "2.15.0a0+git1a2b3c4"]),
        st.sampled_from(["x86_64", "arm64", "AMD64", "aarch64"]),
        st.text("0123456789abcdef", min_size=8, max_size=8),
    )
)
def test_link_brings_back_the_fingerprint(one):
    assert decode(encode(one)) == one


@settings(max_examples=50)
@given(st.text("0123456789.e+-~ax\n\u0663") | st.lists(st.text("01.e+-a\u0663"), min_size=5, max_size=5).map("~".join))
def test_whatever_a_link_says_is_read_or_refused(text):
    with contextlib.suppress(LinkError):
        assert decode(encode(decode(text))) == decode(text)


@pytest.mark.parametrize("text", ["", "1~2", encode(ONE) + "\n", "1~1e999~2.13~x86_64~360bb441", "1~nan~2~x~360bb441"])
def test_what_is_no_fingerprint_is_refused(text):
    with pytest.raises(LinkError):
        decode(text)


def test_stored_run_has_the_fingerprint_of_its_last_validation():
    last = [one for one in store.read_lines(RUN / "metrics.jsonl")[0] if one["kind"] == "valid"][-1]
    about = store.read_about(RUN)
    one = fingerprint(RUN)
    assert (one.step, one.bound) == (last["step"], last["bound"])
    assert (one.torch, one.machine) == (about["versions"]["torch"], about["versions"]["machine"])
    assert about["data"]["digest"].startswith(one.data)


def test_run_without_validation_or_versions_has_none(tmp_path):
    run = store.new_run(store.read_run_config(RUN), folder=tmp_path)
    assert fingerprint(run) is None
    store.append_lines(run / "metrics.jsonl", store.read_lines(RUN / "metrics.jsonl")[0])
    assert fingerprint(run) is None


def test_same_settings_trained_again_have_the_same_fingerprint_and_another_seed_has_not(tmp_path):
    data, found = write_tiny_data(tmp_path), []
    for seed in (1, 1, 2):
        run = make_run(tmp_path, data, epochs=2, seed=seed)
        train(run, load_dataset(data))
        found.append(fingerprint(run))
    first, again, other = found
    assert again == first
    assert other.bound != first.bound


def test_comparison_tells_the_difference_and_what_was_otherwise():
    assert compare(ONE, ONE).startswith("Same as in the link, to the last digit: 7.103985 nats per frame")
    apart = compare(ONE, ONE._replace(bound=7.203985))
    assert apart.startswith("0.1 nats per frame higher than in the link")
    assert "are the same" in apart
    assert "lower" in compare(ONE, ONE._replace(bound=7.0))
    other = compare(ONE, ONE._replace(bound=7.2, torch="2.14.0", machine="arm64"))
    assert "PyTorch (2.13.0+cpu there, 2.14.0 here), kind of processor (x86_64 there, arm64 here)." in other
    assert "data" in compare(ONE, ONE._replace(bound=7.2, data="00000000"))
    for sentence in (apart, other):
        assert_one_sentence(sentence)
