"""What a probe reads along one piece, beat by beat."""

import numpy as np
import streamlit as st

from dmm import figures
from dmm.ui.listen.probe_results import latents_of
from dmm.ui.looking import called
from dmm.ui.plot import plot
from dmm.ui.roll_view import roll_view


def show(run, piece, pieces, found, target):
    """The piece, and the probe's reading beat by beat beside what is right."""
    st.subheader("Along one piece", anchor=False)
    name = called(piece) + (f" ({piece.key})" if piece.key else "")
    roll_view(
        key="probed piece",
        roll=piece.roll,
        title=name,
        description="The piece that is read below.",
        voices=piece.voices,
        onsets=piece.onsets,
    )
    readings = found.probe.read(_states_of(run, piece, pieces).mean)
    truth = target.of(piece)
    if target.classes:
        _class_reading(readings, truth, found.answers.names, target)
        return
    mean = float(np.concatenate(found.answers.train).mean())
    if truth is None:
        st.caption("What is right is not known of this piece.")
    title = ", ".join(filter(None, (target.title.lower(), target.unit)))
    plot(figures.number_reading(readings[:, 0], truth, mean, title), "probe reading")


def _states_of(run, piece, pieces):
    """The guess of one piece: that of the study, if it is one of its pieces."""
    studied = pieces.train + pieces.test
    place = next((i for i, one in enumerate(studied) if one.roll is piece.roll), None)
    return latents_of(run, [piece])[0] if place is None else latents_of(run, studied)[place]


def _class_reading(readings, truth, names, target):
    """The heat map of classes, and the class with the most over the whole piece."""
    titles = [target.classes[one] for one in names]
    place = np.full(len(readings), -1)
    if truth is not None:
        place = np.where(np.isin(truth, names), np.searchsorted(names, truth), -1)
    plot(figures.class_reading(readings, titles, place), "probe reading")
    st.caption(
        "Each column sums to 1, as probabilities do, but a weighted sum may leave 0 to 1; shades stop there. "
        + (_whole_piece(readings, truth, titles, target) if target.whole else _share(readings, place, truth))
    )


def _whole_piece(readings, truth, titles, target):
    """What the mean over all beats says, and what is right."""
    said = f"Averaged over the piece, {titles[readings.mean(0).argmax()]} is highest"
    return f"{said}; right is {target.classes[truth[0]]}." if truth is not None else f"{said}."


def _share(readings, place, truth):
    if truth is None:
        return "What is right is not known of this piece."
    return f"The highest is right on {(readings.argmax(1) == place).mean():.0%} of the beats."
