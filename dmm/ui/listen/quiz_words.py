"""What the quiz says: what it is for, why it is fair, and who it was."""

from collections.abc import Mapping

from dmm.quiz import BAR, COINS, EACH, MODEL, MUSIC, ROUNDS, Excerpt, changed
from dmm.ui.words import plain

BACH = "Bach"
COIN = "one for each key at each beat, weighted by how often the key sounds in the training pieces"
BY_COUNTING = 6.1  # of twelve rounds, if one names whoever was told of least often, without listening
TIDIED = (
    "Tidied: at most four keys sound at a time, each in the range of a voice. A draw decides each key on its own, so "
    "its chords are rough; tidying smooths that away, and with it a part of what the model does wrong. It may also "
    "leave out keys that were meant, and add some. Thin chords mostly stay thin, so the number of keys may still tell."
)


def introduction(voices: Mapping[str, str]) -> str:
    """What a blind test is, who the three are, and why there is a third."""
    is_bach = voices[MUSIC] == BACH
    music = "Bach, from a chorale held out for the test" if is_bach else "music from the pieces held out for the test"
    return (
        f"In a *blind test* you are not told who plays. Here it is {music}; the model, from a piece that this run drew "
        f"at some moment of its training; or coins, {COIN}. Coins test *you*: of a listener who cannot tell "
        f"them from {'Bach' if is_bach else 'the music'}, the score says nothing about the model."
    )


def fair(voices: Mapping[str, str]) -> str:
    """What is done so that nothing but the music tells who plays, and what may still tell."""
    music = _inside(voices[MUSIC])
    return (
        "- All three are played from their piano roll alone, with one sound: a key that stays on is one held note. You "
        "choose the tempo; it stays from round to round.\n"
        f"- Excerpts begin at every {BAR}th beat of a piece. The last {BAR} beats of a held-out piece are not played "
        "where it is long enough, since the model knows no end.\n"
        f"- A quiz has {ROUNDS} rounds, {EACH} of each. Run, length, switch and seed settle them, so a class that "
        "opens one link hears the same quiz (of a run that still trains, who begins later may hear "
        f"another). Do not count along: that alone would give {BY_COUNTING:g} right on "
        f"average, where guessing gives {EACH}.\n"
        "- The model is heard from each quarter of what it drew in its training, early to late. At its very start it "
        "is nearly the coins, since the emission's first bias is their frequencies.\n"
        "- A run draws all its pieces with the same random numbers, so its late ones resemble each other. You may know "
        f"a passage again that you were told of: then it is memory that tells the model from {music}."
    )


def verdict(one: Excerpt, said: str, voices: Mapping[str, str]) -> str:
    """Whether it is right, who it was, and where the excerpt is from."""
    right = ":green[:material/check: **Right.**]" if said == one.voice else f"You said {_inside(voices[said])}."
    return f"{right} It was **{_inside(voices[one.voice])}**: {_source(one)}."


def what_tidying_did(one: Excerpt) -> str:
    """How many keys were left out and added in this excerpt."""
    out, added = changed(one)
    if not out + added:
        return "Tidying changed nothing here."
    keys = int(one.before.sum())
    return f"Counted beat by beat, tidying left out {out} of the {keys} keys of this excerpt and added {added}."


def _source(one):
    if one.voice == COINS:
        return COIN
    beats = f"beats {one.start + 1} to {one.start + len(one.roll)}"
    if one.voice == MODEL:
        return f"{beats} of what it drew {_when(one.source.step, one.source.epoch)}"
    title = f", *{plain(one.source.title)}*" if one.source.title else ""
    return f"{plain(one.source.name)}{title}, {beats}"


def _when(step, epoch):
    if not step:
        return "before its training"
    return f"after {step:,} update{'s' * (step != 1)} ({epoch:,} epoch{'s' * (epoch != 1)})"


def _inside(name):
    """A name inside a sentence."""
    return name if name == BACH else name[0].lower() + name[1:]
