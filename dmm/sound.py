"""A piano roll as sound: a soft organ with a plucked start, written as a WAV file."""

import io
import wave
from functools import cache

import numpy as np

from dmm.music import check_tempo, notes

HARMONICS = 8
ATTACK, RELEASE = 0.015, 0.080  # seconds
DECAY, SUSTAIN = 0.7, 0.55  # a held note falls to SUSTAIN of its start with this time constant, in seconds
VOICES = 4  # chords with more notes than this play each note more softly
PEAK = 0.9  # of full scale
LOUD = 6.5  # the sum of notes that reaches PEAK, about a loud chorale; quieter music stays quieter


def to_wav(roll, tempo=90, rate=22050, *, onsets=None) -> bytes:
    """A 16-bit mono WAV file of a roll, `T * 60 / tempo` seconds long plus 0.08 s for the last release.

    Args:
        roll: `(T, 88)` of 0 and 1; one frame is one quarter note.
        tempo: quarter notes per minute, 10-600.
        rate: samples per second, 8000-96000.
        onsets: as in `music.notes`; a key that stays on without one is held.

    Raises:
        ValueError: the roll is not `(T, 88)` of 0 and 1, or a number is out of its range.
    """
    samples = np.round(synthesise(roll, tempo, rate, onsets=onsets) * 32767).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(samples.tobytes())
    return file.getvalue()


def synthesise(roll, tempo=90, rate=22050, *, onsets=None) -> np.ndarray:
    """The samples that `to_wav` writes: `(N,)` float32, never beyond 0.9 in size.

    Raises:
        ValueError: as `to_wav`.
    """
    if not 8000 <= rate <= 96000:
        raise ValueError(f"got rate {rate}, expected 8000 to 96000 samples per second")
    frame, tail = 60 / check_tempo(tempo) * rate, round(RELEASE * rate)  # samples
    found = notes(roll, onsets)
    mix = np.zeros(round(len(roll) * frame) + tail, dtype=np.float32)
    crowd = np.maximum(np.sum(roll, axis=1), VOICES)  # (T,) notes that sound together
    tones = {}  # a pitch comes back at the same length many times in a chorale
    for pitch, start, length in found:
        first, last = round(start * frame), round((start + length) * frame)
        if (pitch, last - first) not in tones:
            tones[pitch, last - first] = tone(pitch, last - first + tail, rate)
        share = np.sqrt(VOICES / crowd[start]).astype(np.float32)
        mix[first : last + tail] += share * tones[pitch, last - first]
    return mix * np.float32(PEAK / max(LOUD, np.abs(mix).max(initial=0.0)))


def tone(pitch: int, size: int, rate: int) -> np.ndarray:
    r"""One note of `size` samples, its release included: `(size,)` float32.

    $$
    s(t) = (440 / f)^{0.4} \operatorname{envelope}(t) \sum_{k f < \text{rate} / 2} k^{-1.6} \sin(2 \pi k f t)
    $$

    The first factor keeps low notes as loud to the ear as high ones; the sum stops below half the sampling
    rate, so that nothing folds back. The sum is read from one stored period, at a 32-bit phase.
    """
    f = 440 * 2 ** ((pitch - 69) / 12)
    audible = min(HARMONICS, int(np.ceil(rate / 2 / f)) - 1)
    step = np.uint32(round(f / rate * 2**32))  # a turn is 2^32, where uint32 wraps by itself
    phase = np.arange(size, dtype=np.uint32) * step
    return np.float32((440 / f) ** 0.4) * envelope(size, rate) * _period(audible)[phase >> 16]


@cache
def _period(harmonics: int) -> np.ndarray:
    """One period of the first `harmonics` harmonics: `(65536,)` float32."""
    angle = 2 * np.pi * np.arange(65536) / 65536
    waves = (k**-1.6 * np.sin(k * angle) for k in range(1, harmonics + 1))
    return sum(waves, np.zeros(65536)).astype(np.float32)


def envelope(size: int, rate: int) -> np.ndarray:
    """The loudness of one note over its `size` samples, release included: `(size,)` float32 from 0 to 0."""
    rise, fall = round(ATTACK * rate), round(RELEASE * rate)
    time = np.arange(size, dtype=np.float32) / np.float32(rate)
    shape = SUSTAIN + (1 - SUSTAIN) * np.exp(-time / np.float32(DECAY))
    shape[:rise] *= _half_cosine(rise)[:size]
    shape[-fall:] *= _half_cosine(fall)[::-1][-size:]
    return shape


def _half_cosine(size: int) -> np.ndarray:
    """A smooth step from 0 up to 1: `(size,)` float32."""
    return (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, size))).astype(np.float32)
