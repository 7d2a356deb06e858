"""A roll as sound."""

import io
import time
import wave

import numpy as np
import pytest

from dmm.music import KEYS, LOWEST_KEY
from dmm.sound import synthesise, to_wav

RATE = 22050


def roll_of(*frames):
    """A roll whose frames are given as lists of MIDI pitches."""
    roll = np.zeros((len(frames), KEYS), dtype=np.uint8)
    for t, pitches in enumerate(frames):
        roll[t, [pitch - LOWEST_KEY for pitch in pitches]] = 1
    return roll


def spectrum(samples):
    """The size of each frequency, as a function of frequency in Hz."""
    size = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return lambda hertz: size[round(hertz * len(samples) / RATE)]


def hertz(pitch):
    return 440 * 2 ** ((pitch - 69) / 12)


def above(samples, cutoff):
    """The share of the energy above a frequency in Hz."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    return power[round(cutoff * len(samples) / RATE) :].sum() / power.sum()


@pytest.mark.parametrize(("frames", "tempo", "rate"), [(4, 90, 22050), (3, 61.7, 44100), (0, 90, 8000)])
def test_duration_is_the_beats_and_one_release(frames, tempo, rate):
    with wave.open(io.BytesIO(to_wav(np.zeros((frames, KEYS)), tempo, rate))) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, rate)
        assert sound.getnframes() / rate == pytest.approx(frames * 60 / tempo + 0.080, abs=2 / rate)


def test_a_silent_roll_is_silence():
    assert not synthesise(np.zeros((4, KEYS))).any()


def test_the_file_holds_the_samples():
    roll = roll_of([60, 64, 67])
    with wave.open(io.BytesIO(to_wav(roll))) as sound:
        stored = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
    np.testing.assert_allclose(stored / 32767, synthesise(roll), atol=1e-4)


@pytest.mark.parametrize("density", [0.02, 0.5, 1.0])
def test_nothing_is_louder_than_nine_tenths(density):
    roll = np.random.default_rng(0).random((8, KEYS)) < density
    peak = np.abs(synthesise(roll)).max()
    assert 0.1 < peak <= 0.9001


def test_a_full_frame_does_not_drown_the_rest():
    quiet = roll_of([60, 64, 67, 72], [])
    loud = np.vstack([quiet, np.ones((1, KEYS))])
    beat = RATE * 60 // 90
    assert np.abs(synthesise(loud)[:beat]).max() > 0.15 * np.abs(synthesise(quiet)).max()


def test_the_pitches_that_sound_are_those_of_the_roll():
    chord = [48, 55, 64, 71, 77]
    at = spectrum(synthesise(roll_of(chord, chord, chord, chord)))
    overtones = {round(69 + 12 * np.log2(k * hertz(p) / 440)) for p in chord for k in range(1, 9)}
    silent = [p for p in range(40, 100) if p not in overtones]
    assert min(at(hertz(p)) for p in chord) > 30 * max(at(hertz(p)) for p in silent)


def test_each_frame_sounds_its_own_pitch():
    samples, beat = synthesise(roll_of([60], [66], [])), RATE * 60 // 90
    for frame, (on, off) in enumerate([(60, 66), (66, 60)]):
        at = spectrum(samples[frame * beat + beat // 4 : (frame + 1) * beat])
        assert at(hertz(on)) > 100 * at(hertz(off))
    assert not samples[2 * beat + round(0.081 * RATE) :].any()


def test_no_harmonic_folds_back():
    """The highest key alone has two harmonics below half the rate; all else would be aliases."""
    top = 108
    size = np.abs(np.fft.rfft(synthesise(roll_of(*[[top]] * 8)) * np.hanning(8 * 14700 + 1764)))
    bins = np.arange(len(size)) * RATE / (8 * 14700 + 1764)
    near = np.minimum(abs(bins - hertz(top)), abs(bins - 2 * hertz(top))) < 100
    assert size[~near].max() < 1e-3 * size.max()


def test_notes_begin_and_end_without_a_click():
    """Eight harmonics of C3 end at 1047 Hz; a click would spread over all frequencies above."""
    line = roll_of([48], [43], [48, 45], [], [48], [47])
    samples = synthesise(line)
    assert samples[0] == 0
    assert abs(samples[-1]) < 1e-3
    assert above(samples, 3000) < 1e-6
    cut = samples.copy()
    cut[: RATE * 60 // 90] = 0  # a true click, to see that the measure finds one
    assert above(cut, 3000) > 1e-6


def test_sample_to_sample_jumps_are_no_larger_than_the_tone_itself_makes():
    held = np.abs(np.diff(synthesise(roll_of([48], [48], [48])))[RATE // 10 : RATE]).max()
    melody = np.abs(np.diff(synthesise(roll_of([48], [], [48], [48], [])))).max()
    assert melody < 1.2 * held


def test_a_held_note_is_tied_and_a_struck_one_is_not():
    roll = roll_of([60], [60])
    beat = RATE * 60 // 90
    after = slice(beat + RATE // 20, beat + RATE // 10)
    tied, struck = synthesise(roll), synthesise(roll, onsets=roll)
    assert np.abs(struck[after]).max() > 1.15 * np.abs(tied[after]).max()


def test_low_notes_have_more_energy_than_high_ones():
    low, high = (np.square(synthesise(roll_of([pitch]))).mean() for pitch in (40, 88))
    assert 2 < low / high < 40


def test_sixty_four_beats_take_less_than_a_third_of_a_second():
    roll = roll_of(*[[48 + t % 7, 55 + t % 5, 64 - t % 3, 72 + t % 4] for t in range(64)])
    synthesise(roll)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        to_wav(roll)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.3


@pytest.mark.parametrize("rate", [0, -1, 10**9])
def test_a_rate_out_of_range_is_refused(rate):
    with pytest.raises(ValueError, match="expected 8000 to 96000"):
        to_wav(roll_of([60]), rate=rate)


def test_a_roll_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"got a roll of shape \(4, 90\)"):
        to_wav(np.zeros((4, 90)))
