"""Data sets for pages: read once, and again when the file has changed."""

from pathlib import Path

import streamlit as st

from dmm.data import Dataset, baselines, load_dataset, uploads
from dmm.data.load import split_name


def dataset_of(name: str) -> Dataset:
    """A data set by its name or path.

    Raises:
        DataError: there is no such set, or the file cannot be read.
    """
    return _read(name, _changed(name))


def baselines_of(name: str) -> dict[str, float]:
    """Baselines on the validation pieces in nats per frame, by what they know; computed from the data.

    Raises:
        DataError: as `dataset_of`.
    """
    return _baselines(name, _changed(name))


@st.cache_data(show_spinner=False, max_entries=20)
def _baselines(name: str, changed: float) -> dict[str, float]:
    dataset = _read(name, changed)
    train, valid = ([piece.roll for piece in part] for part in (dataset.train, dataset.valid))
    return {
        "tossing coins": baselines.coin_flips(valid),
        "each key by its frequency": baselines.independent_keys(train, valid),
        "each key by its last state": baselines.markov_keys(train, valid),
    }


@st.cache_resource(show_spinner=False, max_entries=20)
def _read(name: str, changed: float) -> Dataset:
    return load_dataset(name)


def _changed(name: str) -> float:
    """When a file was last written; 0 for a set that comes with the app, or a file that is not there.

    An upload never changes, but it may be gone; then what was read of it does not count any more.
    """
    own = split_name(name)[1]
    if uploads.NAME.fullmatch(own):
        return float(uploads.is_kept(own))
    try:
        return Path(name).stat().st_mtime
    except OSError:
        return 0.0
