r"""The likeliest four voices: one piece for a choir, out of how likely each key is to sound.

A draw tosses a coin for each of 88 keys by itself, so two neighbours may sound at once, and a chord of six. Here four
voices are chosen for all beats together instead. With the log-odds $\ell_{tk} = \log p_{tk} / (1 - p_{tk})$ and the
voices $v_{t1}, \dots, v_{t4}$, soprano to bass, each a key of its range or a rest,

$$
\max_{v} \; \sum_{t=1}^{T} \Bigl[ \sum_{k \in v_t} \ell_{tk}
- \rho \, \#\text{rests}_t - \chi \, \#\text{crossings}_t - \upsilon \, \#\text{unisons}_t \Bigr]
+ \sum_{t=2}^{T} \sum_{i=1}^{4} \bigl[ \eta \, [v_{ti} = v_{t-1,i}] - \lambda \, |v_{ti} - v_{t-1,i}| \bigr]
$$

A key that two voices share counts once. Without the five costs, this is the likeliest roll of at most four keys in
these ranges. Leaps are in semitones, and cost nothing from or to a rest; $\eta$ is for a note that is held.

The maximum is exact over the candidates: for each beat and voice the rest and the likeliest keys of its range. It is
not a draw from the model, and says nothing of how varied the model's music is.

Source: Viterbi (1967). The transition is a sum over the voices, so each voice is maximised by itself, in turn.
"""

from typing import NamedTuple

import numpy as np

from dmm.music import KEYS, LOWEST_KEY

RANGES = ((60, 81), (53, 74), (48, 69), (36, 64))  # MIDI pitches of soprano, alto, tenor, bass in the chorales
REST = 0  # in the place of a pitch
BLOCK = 16  # beats whose chords are in memory at a time
BOUND = 1e-6  # probabilities are kept so far from 0 and 1


class Costs(NamedTuple):
    """In nats: of a voice that rests, of neighbours that cross or meet, of a semitone; and the worth of a held note."""

    rest: float = 4.0
    crossing: float = 3.0
    unison: float = 2.5
    leap: float = 0.1
    hold: float = 0.25


class Decoded(NamedTuple):
    """Four voices: `voices` (T, 4) MIDI pitches, soprano to bass, 0 = rest.

    `onsets` (T, 4) bool, False where a note is held from the beat before; `score`, the maximum of the formula, in nats.
    """

    voices: np.ndarray
    onsets: np.ndarray
    score: float


def decode(probabilities, costs=Costs(), candidates=6, ranges=RANGES) -> Decoded:
    """The four voices of the greatest score.

    Args:
        probabilities: (T, 88) in 0..1, how likely each key is to sound.
        costs: see `Costs`.
        candidates: keys that are considered for each voice and beat, 1 to 88.
        ranges: the lowest and the highest pitch of each of four voices.

    Returns:
        `Decoded`; the same for the same input.

    Raises:
        ValueError: a shape or a probability is out of range.
    """
    log_odds = _log_odds(probabilities)
    keys, gains = _candidates(log_odds, candidates, ranges)  # (T, 4, K) both
    if not len(keys):
        return Decoded(np.zeros((0, 4), np.uint8), np.zeros((0, 4), bool), 0.0)
    chords = _all_chords(keys, gains, costs)
    best, came_from = next(chords), []
    for chord, move in zip(chords, _moves(keys, costs), strict=True):
        best, back = _step(best, move)
        best = best + chord
        came_from.append(back)
    path = _trace(best, came_from)
    voices = np.array([keys[t, range(4), place] for t, place in enumerate(path)], dtype=np.uint8)
    return Decoded(voices, starts(voices), float(best.max()))


def starts(voices) -> np.ndarray:
    """Where notes of (T, 4) pitches start: (T, 4) bool; a pitch that stays is held.

    >>> starts(np.array([[60, 0], [60, 55], [62, 55]])).tolist()
    [[True, False], [False, True], [True, False]]
    """
    before = np.concatenate([np.zeros_like(voices[:1]), voices[:-1]])
    return (voices != before) & (voices != REST)


def struck_keys(voices, onsets) -> np.ndarray:
    """Onsets of voices (T, 4) as those of keys: (T, 88) bool, what `music.notes` and `sound.to_wav` take."""
    struck = np.zeros((len(voices), KEYS), dtype=bool)
    t, v = np.nonzero(onsets)
    struck[t, np.asarray(voices)[t, v].astype(int) - LOWEST_KEY] = True
    return struck


def _log_odds(probabilities) -> np.ndarray:
    """(T, 88) log-odds, finite."""
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 2 or p.shape[1] != KEYS:
        raise ValueError(f"got probabilities of shape {p.shape}, expected (T, {KEYS})")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("got a probability outside 0 to 1")
    p = p.clip(BOUND, 1 - BOUND)
    return np.log(p) - np.log1p(-p)


def _candidates(log_odds, candidates, ranges) -> tuple[np.ndarray, np.ndarray]:
    """For each beat and voice the rest and the likeliest keys: pitches and log-odds (0 for the rest), (T, 4, K)."""
    if not 1 <= candidates <= KEYS or len(ranges) != 4:
        raise ValueError(f"got {candidates} candidates and {len(ranges)} ranges, expected 1 to {KEYS} and 4")
    size = min(candidates, max(high - low + 1 for low, high in ranges))
    keys = np.full((len(log_odds), 4, size + 1), REST)
    gains = np.zeros(keys.shape)
    for v, (low, high) in enumerate(ranges):
        inside = log_odds[:, low - LOWEST_KEY : high - LOWEST_KEY + 1]
        order = np.argsort(-inside, axis=1, kind="stable")
        order = order[:, np.minimum(np.arange(size), high - low)]  # a narrow range repeats its last key
        keys[:, v, 1:], gains[:, v, 1:] = order + low, np.take_along_axis(inside, order, axis=1)
    return keys, gains


def _all_chords(keys, gains, costs):
    """For each beat what every chord of candidates is worth by itself, one axis a voice: (K, K, K, K)."""
    for t in range(0, len(keys), BLOCK):
        yield from _chords(keys[t : t + BLOCK], gains[t : t + BLOCK], costs)


def _chords(keys, gains, costs) -> np.ndarray:
    """The same for a few beats at once: (T, K, K, K, K)."""
    pitch, gain = ([_along(part[:, v], v) for v in range(4)] for part in (keys, gains))
    score = sum(np.where(p == REST, -costs.rest, g) for p, g in zip(pitch, gain, strict=True))
    for v in range(1, 4):
        shared = np.zeros((1, 1, 1, 1, 1), dtype=bool)
        for u in range(v):
            shared = shared | (pitch[u] == pitch[v]) & (pitch[v] != REST)
        score = score - np.where(shared, gain[v], 0.0)
        both = (pitch[v - 1] != REST) & (pitch[v] != REST)
        score = score - costs.crossing * (both & (pitch[v - 1] < pitch[v]))
        score = score - costs.unison * (both & (pitch[v - 1] == pitch[v]))
    return score


def _moves(keys, costs) -> np.ndarray:
    """What it is worth to go from one candidate (third axis) to the next one (last): (T - 1, 4, K, K)."""
    before, after = keys[:-1, :, :, None], keys[1:, :, None, :]
    sounding = (before != REST) & (after != REST)
    held = sounding & (before == after)
    return costs.hold * held - costs.leap * np.abs(before - after) * sounding


def _step(best, move):
    """The best way to each chord of the next beat: its score (K, K, K, K), and for each voice where it came from."""
    back = []
    for v in range(4):
        ways = np.moveaxis(best, v, -1)[..., :, None] + move[v]  # (..., before, after)
        back.append(np.moveaxis(ways.argmax(-2).astype(np.uint8), -1, v))
        best = np.moveaxis(ways.max(-2), -1, v)
    return best, back


def _trace(best, came_from) -> list[list[int]]:
    """The places of the candidates of the best chords, from the last beat back to the first."""
    place = list(np.unravel_index(best.argmax(), best.shape))
    path = [place]
    for back in reversed(came_from):
        place = list(place)
        for v in reversed(range(4)):  # voices before v are as they were, those after it as they are
            place[v] = back[v][tuple(place)]
        path.append(place)
    return path[::-1]


def _along(values, v):
    """(T, K) along the axis of voice v."""
    return values.reshape(len(values), *(values.shape[1] if axis == v else 1 for axis in range(4)))
