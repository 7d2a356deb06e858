"""Bach or model? Twelve rounds by ear alone; what was answered is kept for the whole visit."""

import streamlit as st

from dmm.data import DataError
from dmm.data.load import SHIPPED, split_name
from dmm.quiz import COINS, MODEL, MUSIC, ROUNDS
from dmm.runs import store
from dmm.runs.store import RunError
from dmm.ui.dials import Dial, dials, pick, put, switch
from dmm.ui.listen import quiz_games, quiz_score, quiz_words
from dmm.ui.listen.lesson import LESSON
from dmm.ui.listen.quiz_games import Key
from dmm.ui.roll_view import play_bar, roll_view
from dmm.ui.words import plain

SEED = Dial("quiz_seed", "Seed of the quiz", 0, 999, 0, 1, "Another seed, another quiz; the same for all who have it.")
LENGTHS = {"16": "16 beats", "32": "32 beats"}
LENGTH = "How much of the music is played in each round. Each length has a quiz of its own."
TIDY = (
    "Each excerpt, whoever plays, is taken as 95 % sure of the keys that sound and 5 % of the others, and played as "
    "the likeliest four voices in the ranges of a choir. It is a quiz of its own."
)
NO_SAMPLES = "This run has not drawn a piece yet. Let it train for a few seconds, then come back."


@st.fragment
def show(run) -> None:
    """What it is about, the round, and what came of all rounds so far."""
    voices = voices_of(store.read_run_config(run).data)
    st.markdown(quiz_words.introduction(voices))
    key = _choose(run)
    if game := _game(run, key):
        with st.container(border=True, key="quiz"):
            _show_round(key, game, voices)
    quiz_score.show(*quiz_games.answers(key), quiz_games.elsewhere(key), voices)
    with st.expander("How it is kept fair", icon=":material/balance:"):
        st.markdown(quiz_words.fair(voices))


def voices_of(data: str) -> dict[str, str]:
    """What the three are called; music that is added to the chorales is learned from, but the test is Bach's alone."""
    is_bach = data in SHIPPED or split_name(data)[0] in SHIPPED
    return {MUSIC: "Bach" if is_bach else "The real music", MODEL: "The model", COINS: "Coins"}


def _choose(run) -> Key:
    """The controls, and which quiz they choose."""
    left, middle, right = st.columns([2, 2, 3], vertical_alignment="bottom")
    with left:
        length = int(pick(LESSON, "quiz_beats", "Excerpt", LENGTHS, LENGTH))
    with middle:
        tidy = switch(LESSON, "quiz_tidy", "Tidy all three", TIDY)
    with right:
        seed = dials(LESSON, [SEED])["quiz_seed"]
    if tidy:
        st.caption(quiz_words.TIDIED)
    return Key(run.name, length, tidy, int(seed))


def _game(run, key):
    """The quiz; None, after a sentence, if there is none."""
    try:
        game = quiz_games.game_of(run, key)
    except (DataError, RunError) as error:
        st.warning(plain(f"The quiz needs the music that the run learned from. {error}"))
        return None
    if game is None:
        st.info(NO_SAMPLES)
    return game


def _show_round(key, game, voices):
    """The player and the three answers; or, once there is one, who it was."""
    number, one = game.at, game.rounds[game.at]
    st.markdown(f"**Round {number + 1} of {ROUNDS}.**" + " Who plays?" * game.is_open)
    if len(one.roll) < key.length:
        beats = "1 beat" if len(one.roll) == 1 else f"{len(one.roll)} beats"
        st.caption(f"Not all three have {key.length} beats to play in a row, so each plays {beats}.")
    if not game.is_open:
        _show_answer(key, game, voices)
        return
    play_bar(key="quiz bar", roll=one.roll, title=f"Round {number + 1}", place="quiz")
    with st.container(horizontal=True):
        for voice, name in voices.items():
            st.button(name, key=f"quiz {voice}", on_click=quiz_games.answer, args=(key, number, voice))


def _show_answer(key, game, voices):
    """Who it was, the roll, and the way on."""
    number, one = game.at, game.rounds[game.at]
    st.markdown(quiz_words.verdict(one, game.answers[number], voices))
    title = f"Round {number + 1}: {voices[one.voice]}"
    roll_view(key="quiz roll", roll=one.roll, title=title, description="The excerpt that was heard.")
    if key.tidy:
        st.caption(quiz_words.what_tidying_did(one))
    with st.container(horizontal=True, vertical_alignment="center"):
        if number + 1 < ROUNDS:
            how = {"icon": ":material/arrow_forward:", "on_click": quiz_games.go, "args": (key, number + 1)}
            st.button("Next", key="quiz next", **how)
        else:
            st.markdown("That was the last round.", width="content")
            how = {"icon": ":material/replay:", "on_click": _again, "args": (key,)}
            st.button("Again, with another seed", key="quiz again", **how)


def _again(key):
    """In a callback: the controls choose a quiz that has not been played."""
    put(LESSON, SEED.name, quiz_games.fresh_seed(key, int(SEED.high) + 1))
