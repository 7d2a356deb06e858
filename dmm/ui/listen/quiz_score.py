"""The score of the quiz: a bar for each moment of training that was heard, and what so few answers leave open."""

from collections.abc import Mapping, Sequence

import streamlit as st

from dmm import figures
from dmm.answers import Answer, interval, tally
from dmm.quiz import COINS, MODEL, MUSIC, VOICES
from dmm.ui.plot import plot

CHANCE = 1 / len(VOICES)
SHORT = {MODEL: "model", COINS: "coins"}
LATER = "Who was taken for whom shows after the last round: before, it would help to count along."
MEANS = (
    "The score says how well *you* tell the three apart from a few beats of a plain sound. It does not say that the "
    "music is good, nor how well the model predicts held-out music; that is what the nats on [Numbers](numbers) are "
    "for."
)


def show(now: Sequence[Answer], before: Sequence[Answer], elsewhere: int, voices: Mapping[str, str]) -> None:
    """Of the quiz that is on only how many are right; of the others a figure and words.

    Args:
        now: the answers in the quiz that is on.
        before: those in the others of this kind.
        elsewhere: how many there are of other kinds.
        voices: what the three are called.
    """
    st.markdown("**Your score**")
    if now:
        right = sum(one.said == one.voice for one in now)
        st.markdown(f"So far **{right} of {len(now)}** right in this quiz. {LATER}")
    elif not before:
        st.caption("It shows here, and stays for this visit.")
    if before:
        music = voices[MUSIC] if voices[MUSIC] == "Bach" else "music"
        names = {MUSIC: music} | SHORT
        plot(figures.taken_for(_rows(before, names), [names[voice] for voice in VOICES]), "quiz score", tools=False)
        st.caption("Full colour is right, hatched is wrong. The mark is where guessing would get, on average.")
        st.markdown(in_words(before, names))
    if elsewhere:
        many = "1 answer" if elsewhere == 1 else f"{elsewhere} answers"
        st.caption(f"{many} to excerpts of another kind or run {'is' if elsewhere == 1 else 'are'} kept apart.")
    st.caption(MEANS)


def in_words(answers: Sequence[Answer], names: Mapping[str, str]) -> str:
    """How often each was recognised, with the interval of its chance, and what that says of the listener."""
    parts = [f"{names[voice]} {_share(*_right(answers, voice))}" for voice in VOICES if _right(answers, voice)[1]]
    right = sum(one.said == one.voice for one in answers)
    words = f"**{right} of {len(answers)}** right. Recognised: {'; '.join(parts)}. By chance it would be a third."
    mistaken = [one.said == MUSIC for one in answers if one.voice == MODEL]
    if mistaken:
        words += f" Taken for {_the(names[MUSIC])}: the model {_share(sum(mistaken), len(mistaken))}."
    return f"{words} In brackets: the chances that so few answers leave open (95 % interval). {_of_coins(answers)}"


def _of_coins(answers):
    """Whether the listener hears the coins."""
    k, n = _right(answers, COINS)
    low, high = interval(k, n)
    if low > CHANCE:
        return "You hear the coins: so your other answers count."
    if high < CHANCE:
        return "You take the coins for something else more often than by chance."
    return "So far it is open whether you hear the coins; until then your other answers say little about the model."


def _rows(answers, names):
    """A row for the music, for each moment of the model, and for the coins."""
    found = tally(answers, VOICES)
    return [figures.Hearing(_name(*who, names), VOICES.index(who[0]), said) for who, said in found.items()]


def _name(voice, step, names):
    return names[voice].capitalize() if step is None else f"Model, {step:,} update{'s' * (step != 1)}"


def _right(answers, voice):
    """How often a voice was recognised, and how often it was heard."""
    said = [one.said == voice for one in answers if one.voice == voice]
    return sum(said), len(said)


def _share(k, n):
    low, high = interval(k, n)
    return f"**{k} of {n}** ({100 * low:.0f} to {100 * high:.0f} %)"


def _the(name):
    return name if name == "Bach" else f"the {name}"
