"""A configuration in a link: written and read exactly, and anything else refused by its name."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmm.config import Config, about
from dmm.config_link import LinkError, decode, encode, in_digits, read_value
from dmm.data.load import SHIPPED


def values_of(name):
    """Any value that a field may have, whatever the others are; of data only what ships."""
    field = about(name)
    if name == "data":
        return st.sampled_from(SHIPPED)
    if field["fixed"]:
        return st.just(field["default"])
    if field["choices"]:
        return st.sampled_from(field["choices"])
    kind = st.integers if field["type"] == "integer" else st.floats
    return kind(field["minimum"], field["maximum"])


EVERY = st.fixed_dictionaries({name: values_of(name) for name in Config.model_fields})


@settings(max_examples=50, deadline=None)
@given(EVERY)
def test_every_value_of_every_field_comes_back_exactly(values):
    read, refused = decode(encode(values))
    assert read == values
    assert {name: type(value) for name, value in read.items()} == {name: type(value) for name, value in values.items()}
    assert refused == {}


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(Config.model_fields)) | st.text(), st.text(), max_size=4))
def test_whatever_a_link_says_is_read_or_refused_by_its_name(words):
    values, refused = decode(words)
    assert values.keys() | refused.keys() == words.keys() & Config.model_fields.keys()
    assert not values.keys() & refused.keys()
    for name, value in values.items():
        assert read_value(name, encode({name: value})[name]) == value


@pytest.mark.parametrize(
    ("name", "text", "right"),
    [
        ("z_dim", "0", "a whole number from 1 to 256"),
        ("z_dim", "257", "a whole number from 1 to 256"),
        ("z_dim", "8.5", "a whole number from 1 to 256"),
        ("z_dim", "9" * 10_000, "a whole number from 1 to 256"),
        ("z_dim", "", "a whole number from 1 to 256"),
        ("learning_rate", "nan", "a number from 1e-06 to 1"),
        ("learning_rate", "inf", "a number from 1e-06 to 1"),
        ("learning_rate", "1e999", "a number from 1e-06 to 1"),
        ("rnn_cell", "GRU", "relu, gru or lstm"),
        ("x_dim", "40", "88"),
        ("data", "/etc/passwd", "chorales or chorales-in-c, for a link opens no file"),
        ("data", "songs.json", "chorales or chorales-in-c, for a link opens no file"),
    ],
)
def test_wrong_value_is_refused_with_what_it_must_be(name, text, right):
    with pytest.raises(LinkError) as refusal:
        read_value(name, text)
    assert str(refusal.value) == right


def test_values_that_do_not_go_together_are_read_one_by_one():
    assert decode({"num_iafs": "2", "kl": "analytic", "free_bits": "0.1"})[1] == {}


@pytest.mark.parametrize("path", ["/home/ada/songs.json", r"C:\Users\ada\songs.json", "songs.json"])
def test_link_tells_nobody_where_a_file_lies(path):
    assert encode({"data": path}) == {"data": "songs.json"}


@given(st.floats(allow_nan=False) | st.integers(-(2**53), 2**53))
def test_digits_are_all_there(number):
    assert float(in_digits(number)) == number
