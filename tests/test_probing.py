"""Probes: the closed form against least squares, scores by hand, data whose truth is known, and the page's part."""

import json

import numpy as np
import pytest
import torch

from dmm.config import make_config
from dmm.data import load_dataset
from dmm.data.piece import LOWEST, Piece, make_roll
from dmm.deep_markov_model import make_dmm
from dmm.inspection import NotFinite, inspect_piece
from dmm.probing import latents, memory, nudging, scores, statistics, study
from dmm.probing.ridge import Probe, fit, one_hot
from dmm.probing.study import Answers, Inputs
from dmm.probing.targets import SIGNATURES, SOON, TARGETS, missing
from dmm.runs import snapshots, store
from dmm.training import make_spec, make_state
from dmm.ui.listen.probe_results import pieces_of
from tests.test_pages import OWNER, assert_alive, open_page
from tests.tiny_runs import TINY, write_tiny_data

pytestmark = pytest.mark.usefixtures("one_thread")
NONE = np.empty(0)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


# --- the closed form ---


def test_ridge_equals_least_squares_on_the_augmented_system(rng):
    x, y, ridge = rng.normal(2, 5, (40, 6)), rng.normal(1, 2, (40, 3)), 0.3
    probe = fit(x, y, ridge)
    a = (x - x.mean(0)) / x.std(0)
    rows = np.vstack([a, np.sqrt(40 * ridge) * np.eye(6)])
    weights, *_ = np.linalg.lstsq(rows, np.vstack([y - y.mean(0), np.zeros((6, 3))]), rcond=None)
    np.testing.assert_allclose(probe.weights, weights, atol=1e-12)
    np.testing.assert_allclose(probe.read(x), a @ weights + y.mean(0), atol=1e-12)


def test_readings_of_classes_sum_to_one_and_a_constant_input_weighs_nothing(rng):
    x = np.hstack([rng.normal(size=(50, 3)), np.full((50, 1), 0.1)])
    probe = fit(x, one_hot(rng.integers(0, 4, 50), np.arange(4)), 0.01)
    np.testing.assert_allclose(probe.read(rng.normal(size=(7, 4))).sum(1), 1)
    assert abs(probe.weights[3]).max() < 1e-12


@pytest.mark.parametrize(("inputs", "targets", "ridge"), [(3, 2, 1), (0, 0, 1), (3, 3, 0)])
def test_what_cannot_be_fitted_is_refused(inputs, targets, ridge):
    with pytest.raises(ValueError, match="got"):
        fit(np.ones((inputs, 2)), np.ones((targets, 1)), ridge)


# --- scores ---


def test_share_of_beats_read_right_and_its_error_by_hand():
    readings = [np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.1, 0.9]]), np.array([[0.6, 0.4]] * 4)]
    answers = [np.array([4, 7]), np.array([4]), np.array([4, 7, 7, 9])]  # 9 is no class of the training pieces
    marks = scores.mark_classes(readings, answers, np.array([4, 7]))
    shares = np.array([1, 0, 0.25])
    np.testing.assert_allclose(scores.score(marks), (shares.mean(), shares.std(ddof=1) / np.sqrt(3)))


def test_explained_variance_and_its_jackknife_by_hand():
    readings, answers = [np.array([[1.0], [2.0]]), np.array([[4.0]])], [np.array([1.0, 3.0]), np.array([2.0])]
    marks = scores.mark_numbers(readings, answers, mean=0.0)
    value, error = scores.score(marks)
    assert value == pytest.approx(1 - 5 / 14)
    left = np.array([1 - 4 / 4, 1 - 1 / 10])
    assert error == pytest.approx(np.sqrt(((left - left.mean()) ** 2).sum() / 2))


def test_difference_is_paired_over_pieces():
    one = scores.Marks(np.array([3.0, 1, 2]), np.full(3, 4.0), pooled=False)
    other = one._replace(parts=one.parts - 1)
    np.testing.assert_allclose(scores.difference(one, other), (0.25, 0), atol=1e-12)


def test_one_piece_has_no_error():
    assert np.isnan(scores.score(scores.Marks(np.array([1.0]), np.array([2.0]), pooled=False)).error)


# --- studies of data whose truth is known ---


def linear_world(rng, pieces=60, classes=3):
    """Pieces of different lengths, with a class for each; inputs are its mark and noise."""
    kinds = rng.integers(0, classes, pieces)
    lengths = rng.integers(5, 25, pieces)
    x = [np.eye(classes)[k] * 4 + rng.normal(size=(n, classes)) for k, n in zip(kinds, lengths, strict=True)]
    y = [np.full(n, k) for k, n in zip(kinds, lengths, strict=True)]
    half = pieces // 2
    return Inputs(x[:half], x[half:]), Answers(y[:half], y[half:], np.unique(np.concatenate(y[:half])))


def test_probe_finds_what_is_there_and_the_control_does_not(rng):
    inputs, answers = linear_world(rng)
    base = scores.score(study.baseline(answers)).value
    assert scores.score(study.judge(inputs, answers, 0.01)).value > 0.95
    assert scores.score(study.control(inputs, answers, 0.01)).value < max(base, 1 / 3) + 0.15
    noise = Inputs(*([rng.normal(size=piece.shape) for piece in part] for part in inputs))
    assert scores.score(study.judge(noise, answers, 0.01)).value < base + 0.1


def test_control_is_the_mean_over_five_shuffles(rng):
    inputs, answers = linear_world(rng, pieces=12)
    by_hand = [study.judge(inputs, study.shuffled(answers, seed), 0.1).parts for seed in range(5)]
    np.testing.assert_allclose(study.control(inputs, answers, 0.1).parts, np.mean(by_hand, 0))


def test_probe_of_numbers_explains_all_and_the_mean_nothing(rng):
    x = [rng.normal(size=(n, 2)) for n in (9, 30, 4, 12)]
    y = [piece @ [2.0, -1.0] + 5 for piece in x]
    answers = Answers(y[:2], y[2:], NONE)
    assert scores.score(study.judge(Inputs(x[:2], x[2:]), answers, 1e-9)).value == pytest.approx(1)
    assert scores.score(study.baseline(answers)).value == 0


def test_test_pieces_play_no_part_in_the_fit(rng):
    inputs, answers = linear_world(rng)
    probe = study.train_probe(inputs, answers, 0.1)
    poisoned = inputs._replace(test=[piece * np.nan for piece in inputs.test])
    wrong = answers._replace(test=[np.full(len(piece), 99) for piece in answers.test])
    for part, other in zip(probe, study.train_probe(poisoned, wrong, 0.1), strict=True):
        np.testing.assert_array_equal(part, other)


def test_no_piece_of_the_chorales_is_on_both_sides():
    data = load_dataset("chorales")
    sides = [{piece.roll.tobytes() for piece in part} for part in (data.train, data.test)]
    assert not sides[0] & sides[1]
    assert not {piece.name for piece in data.train} & {piece.name for piece in data.test}


def test_shuffled_answers_are_those_of_another_piece_at_the_own_length(rng):
    train = [np.full(n, n) for n in (3, 5, 8, 13)]
    lent = study.shuffled(Answers(train, [np.ones(2)], NONE), seed=5)
    assert [len(piece) for piece in lent.train] == [3, 5, 8, 13]
    assert all(len(set(piece)) == 1 and piece[0] != own[0] for piece, own in zip(lent.train, train, strict=True))
    assert sorted(piece[0] for piece in lent.train) == [3, 5, 8, 13]
    assert lent.test[0].tolist() == [1, 1]
    counted = study.shuffled(Answers([np.arange(40)] * 3, [], NONE), seed=5)
    assert all(sorted(piece) == list(range(40)) and (np.diff(piece) % 40 == 1).all() for piece in counted.train)
    assert any(piece[0] for piece in counted.train), "from some beat on: the place in the piece tells nothing"


@pytest.mark.parametrize("lag", [-2, 0, 3])
def test_lag_pairs_each_beat_with_its_partner_and_drops_short_pieces(lag):
    x = [np.arange(n)[:, None] * 1.0 for n in (6, 2)]
    pair = study.at_lag(Inputs(x, x[:1]), Answers([a[:, 0] for a in x], [x[0][:, 0]], NONE), lag)
    for inputs, right in zip(pair[0].train, pair[1].train, strict=True):
        np.testing.assert_array_equal(inputs[:, 0] + lag, right)
    assert [len(piece) for piece in pair[1].train] == ([6, 2] if lag == 0 else [6 - abs(lag)])


def test_reach_is_nan_where_no_piece_is_so_long():
    x = [np.array([[0.0], [1.0]])] * 2
    found = study.reach(Inputs(x, x), Answers([a[:, 0] for a in x], [a[:, 0] for a in x], NONE), 0.1, lags=(0, 2))
    assert np.isfinite(found[0].value)
    assert np.isnan(found[1].value)


def test_neighbours_are_the_beats_before_and_after():
    roll = np.array([[1, 2], [3, 4], [5, 6]])
    assert study.neighbours(roll).tolist() == [[0, 0, 1, 2, 3, 4], [1, 2, 3, 4, 5, 6], [3, 4, 5, 6, 0, 0]]


# --- what is asked ---


@pytest.mark.parametrize(
    ("tonic", "minor", "signature", "key"),
    [
        *[(0, False, "0♯", "C major"), (9, True, "0♯", "A minor"), (7, False, "1♯", "G major")],
        *[(0, True, "3♭", "C minor"), (4, False, "4♯", "E major"), (10, True, "5♭", "B♭ minor")],
    ],
)
def test_key_and_its_signature(tonic, minor, signature, key):
    piece = Piece("a", "a", np.zeros((2, 88)), tonic=tonic, minor=minor)
    assert [SIGNATURES[i] for i in TARGETS["signature"].of(piece)] == [signature] * 2
    assert [TARGETS["key"].classes[i] for i in TARGETS["key"].of(piece)] == [key] * 2
    assert piece.key == key
    assert TARGETS["mode"].of(piece).tolist() == [minor] * 2


def test_all_keys_of_the_chorales_have_the_names_that_the_pieces_give_them():
    target = TARGETS["key"]
    for piece in load_dataset("chorales").train:
        assert target.classes[target.of(piece)[0]] == piece.key


def test_answers_about_beats_by_hand():
    frames = [[60, 48], [], [64, 60, 50], [64, 60, 50], [64, 60, 50]]
    voices = np.array([[60, 0, 0, 48], [0] * 4, [64, 60, 0, 50], [64, 60, 0, 50], [64, 60, 0, 50]], np.uint8)
    onsets = np.array([[1, 0, 0, 1], [0] * 4, [1, 1, 0, 1], [0] * 4, [1, 0, 0, 0]], bool)
    piece = Piece("a", "a", make_roll(frames), voices, onsets)
    asked = {name: target.of(piece) for name, target in TARGETS.items()}
    assert asked["lowest"].tolist() == [0, 0, 2, 2, 2], "silence keeps the last one"
    assert asked["highest"].tolist() == [60, 60, 64, 64, 64]
    assert asked["sounding"].tolist() == [2, 0, 3, 3, 3]
    assert asked["struck"].tolist() == [2, 0, 3, 0, 1]
    assert asked["phrase"].tolist() == [2, 1, 0, 1, 0], "a chord before silence is not held"
    leaves = piece._replace(voices=np.where(np.arange(5)[:, None] < 3, voices, voices * [1, 0, 1, 1]).astype(np.uint8))
    assert TARGETS["phrase"].of(leaves).tolist() == [4, 3, 2, 1, 0], "nor one that a voice leaves"
    assert asked["start"].tolist() == [0, 1, 2, 3, 4]
    assert asked["end"].tolist() == [4, 3, 2, 1, 0]
    assert asked["key"] is asked["signature"] is asked["mode"] is None


def test_silence_keeps_the_outer_notes_of_the_last_beat_that_sounds():
    piece = Piece("a", "a", make_roll([[], [62, 74], [], []]))
    assert TARGETS["lowest"].of(piece).tolist() == [0, 2, 2, 2]
    assert TARGETS["highest"].of(piece).tolist() == [60, 74, 74, 74]


def test_distances_stop_at_eight_beats():
    piece = Piece("a", "a", np.zeros((12, 88)), np.full((12, 4), 60), np.ones((12, 4), bool))
    for name in ("phrase", "end"):
        assert TARGETS[name].of(piece)[:4].tolist() == [SOON] * 4


def test_questions_that_the_data_cannot_answer_are_left_out_with_a_reason():
    bare = [Piece("a", "a", make_roll([[60], [62, 50]]))]
    assert {name for name, target in TARGETS.items() if missing(target, bare, bare)} == {
        *("signature", "key", "mode", "struck", "phrase")
    }
    in_c = load_dataset("chorales-in-c")
    assert not missing(TARGETS["mode"], in_c.train, in_c.test)
    same = [one._replace(minor=False) for one in in_c.train[:3]]
    assert missing(TARGETS["mode"], same, same) == "it is the same in all pieces that are trained on"


# --- a model's states ---


@pytest.fixture
def tiny():
    return make_dmm(make_config(**TINY, inference="st-lr", rnn_cell="gru")).eval().requires_grad_(False)


def rolls_of(lengths, seed=0):
    return [(np.random.default_rng(seed + n).random((n, 88)) < 0.1).astype(np.uint8) for n in lengths]


def test_states_keep_the_order_and_the_lengths_of_their_pieces_and_are_draws_of_the_guess(tiny):
    rolls = rolls_of([7, 2, 12, 2])
    found = latents.infer(tiny, rolls)
    assert [one.mean.shape for one in found] == [(len(roll), 2) for roll in rolls]
    many = np.mean([latents.infer(tiny, rolls, seed)[2].mean for seed in range(100)], axis=0)
    exact = inspect_piece(tiny, rolls[2], draws=4000)
    np.testing.assert_allclose(many, exact.z_loc, atol=6 * exact.z_scale.max() / np.sqrt(800))


def test_filtered_states_know_nothing_of_later_beats_and_the_others_do(tiny):
    (roll,) = rolls_of([10])
    changed = roll.copy()
    changed[6:] = 1 - changed[6:]
    one, other = (latents.infer(tiny, [piece])[0] for piece in (roll, changed))
    np.testing.assert_array_equal(one.filtered[:6], other.filtered[:6])
    assert abs(one.filtered[6:] - other.filtered[6:]).max() > 1e-4
    assert abs(one.mean[:6] - other.mean[:6]).max() > 1e-5


def test_a_filtered_state_is_that_of_a_piece_that_ends_there(tiny):
    (roll,) = rolls_of([1])
    (found,) = latents.infer(tiny, [roll])
    np.testing.assert_allclose(found.filtered, found.mean, atol=1e-6)


def test_states_that_run_away_are_refused(tiny):
    with torch.no_grad():
        tiny.inference.z_q_0 += np.inf
    with pytest.raises(NotFinite):
        latents.infer(tiny, rolls_of([3]))


# --- moving z ---


def test_direction_raises_its_reading_most_for_its_length(rng):
    probe = Probe(np.zeros(4), rng.random(4) + 0.5, rng.normal(size=(4, 3)), np.zeros(3))
    step = nudging.direction(probe, 1)
    assert np.linalg.norm(step / probe.scale) == pytest.approx(1)
    others = rng.normal(size=(200, 4))
    others *= probe.scale / np.linalg.norm(others, axis=1, keepdims=True)
    assert probe.read(step)[1] > probe.read(others)[:, 1].max()


def test_measures_of_notes_against_all_chords_of_three_keys(rng):
    p = np.zeros((1, 88))
    keys = np.array([39, 43, 46])  # C4, E4, G4
    p[0, keys] = rng.random(3)
    chords = [np.array(bits) for bits in np.ndindex(2, 2, 2)]
    chance = [np.prod(np.where(bits, p[0, keys], 1 - p[0, keys])) for bits in chords]
    lowest_e = sum(c for c, bits in zip(chance, chords, strict=True) if not bits[0] and bits[1])
    assert nudging.measure(p, "lowest", 4) == pytest.approx(100 * lowest_e)
    tops = [keys[bits.nonzero()[0].max()] + LOWEST if bits.any() else 0 for bits in chords]
    highest = np.dot(tops, chance) / (1 - chance[0])
    assert nudging.measure(p, "highest", 0) == pytest.approx(highest)
    assert nudging.measure(p, "sounding", 0) == pytest.approx(p.sum())
    assert nudging.measure(p, "signature", SIGNATURES.index("1♭")) == pytest.approx(100)  # C, E, G are in F major
    outside = nudging.measure(p, "key", TARGETS["key"].classes.index("B♭ major"))  # and E is not in B flat major
    assert outside == pytest.approx(100 * p[0, keys[[0, 2]]].sum() / p.sum())


@pytest.mark.parametrize("edges", ["markov", "augmented"])
def test_a_nudge_is_played_by_the_emitter_and_one_of_no_length_changes_nothing(edges, rng):
    dmm = make_dmm(make_config(**TINY, edges=edges)).eval().requires_grad_(False)
    probe = Probe(np.zeros(2), np.array([1.0, 3.0]), np.array([[3.0], [4.0]]), np.zeros(1))
    rolls = rolls_of([4, 6])
    draws = [one.draw for one in latents.infer(dmm, rolls)]
    still, there = (nudging.nudge(dmm, probe, 0, way, draws, rolls, "highest", 0) for way in (0.0, 2.0))
    np.testing.assert_array_equal(still.before, still.after)
    assert still.value == still.moved == pytest.approx(still.others)
    z = [torch.tensor(draw + 2 * np.array([0.6, 3 * 0.8]), dtype=torch.float32)[None] for draw in draws]
    x = [torch.tensor(roll, dtype=torch.float32)[None] for roll in rolls]
    chances = torch.cat([dmm.emitter.probabilities(z, *dmm.frames_before(x))[0] for z, x in zip(z, x, strict=True)])
    assert there.moved == pytest.approx(nudging.measure(chances.double().numpy(), "highest", 0))
    assert abs(there.others - there.value).min() > 0


def test_a_nudge_is_tried_on_so_many_beats():
    dmm = make_dmm(make_config(**TINY)).eval().requires_grad_(False)
    probe = Probe(np.zeros(2), np.ones(2), np.ones((2, 1)), np.zeros(1))
    long = nudging.nudge(dmm, probe, 0, 1.0, [np.zeros((1000, 2))] * 2, [np.zeros((1000, 88))] * 2, "sounding", 0)
    assert long.beats == nudging.MOST_BEATS


# --- what it cannot do ---


def test_settled_share_is_that_of_a_known_mixture(rng):
    start = rng.normal(size=(4000, 1, 2)) * 0.5
    assert memory.settled(start + rng.normal(size=(4000, 32, 2))) == pytest.approx(0.2, abs=0.02)
    assert memory.settled(np.repeat(start, 3, axis=1)) == pytest.approx(1)
    assert abs(memory.settled(rng.normal(size=(4000, 32, 2)))) < 0.005
    assert abs(memory.settled(rng.normal(size=(4000, 2, 2)))) < 0.05
    assert memory.settled(np.full((3, 4, 2), 0.5)) == 0


def without_weights(**values):
    dmm = make_dmm(make_config(**TINY, transition="linear", emitter="linear", **values)).eval().requires_grad_(False)
    for parameter in dmm.parameters():
        parameter.zero_()
    return dmm


def test_memory_of_a_linear_walk_is_that_of_a_quadrature(rng):
    dmm, (hold, look, beats) = without_weights(), (0.9, 2.0, 3)
    dmm.transition.linear.weight.copy_(hold * torch.eye(2))
    dmm.emitter.z_to_logits.weight[:, 0] = look
    z = rng.normal(size=(300, 2))
    points, weights = np.polynomial.hermite_e.hermegauss(40)
    weights = weights / weights.sum()
    sd = (np.log(2) + 1e-4) * np.sqrt(sum(hold ** (2 * t) for t in range(beats)))
    chances = 1 / (1 + np.exp(-look * (hold**beats * z[:, :1] + sd * points)))
    mean = chances @ weights
    within = ((chances - mean[:, None]) ** 2 @ weights).mean()
    between = mean.var(ddof=1)
    found = memory.fade(dmm, z, np.zeros((300, 88)), beats)
    assert found[beats] == pytest.approx(between / (between + within), abs=0.03)


def test_memory_of_an_augmented_model_is_in_its_notes_too(rng):
    dmm = without_weights(edges="augmented")
    dmm.transition.rho.fill_(-20)
    dmm.transition.from_frame.weight[0, 40] = 3.0
    dmm.emitter.z_to_logits.weight[:, 0] = 2.0
    notes = (rng.random((60, 88)) < 0.5).astype(float)
    one, two = memory.fade(dmm, np.zeros((60, 2)), notes, 2)[1:]
    assert one > 0.99, "all hangs on key 40 of the beat before"
    p = 1 / (1 + np.exp(-6 * notes[:, 40]))  # of that key one beat on; what follows hangs on it alone
    assert two == pytest.approx(p.var(ddof=1) / (p.var(ddof=1) + (p * (1 - p)).mean()), abs=0.06)


@pytest.mark.parametrize("edges", ["markov", "augmented"])
def test_memory_starts_at_one_and_fades(edges, rng):
    dmm = make_dmm(make_config(**TINY, edges=edges)).eval().requires_grad_(False)
    found = memory.fade(dmm, rng.normal(size=(12, 2)), np.zeros((12, 88)), 30)
    assert found[0] == 1
    assert found[-1] < 0.2


def test_counts_by_hand():
    roll = make_roll([[60, 61], [60, 61], [], [60, 64, 67, 72, 76], [72, 64, 67]])
    assert statistics.crowded(roll).tolist() == [False, False, False, True, False]
    assert statistics.crowded(make_roll([[60, 64, 67, 72]])).tolist() == [False], "four are a choir"
    assert statistics.clashing(roll).tolist() == [True, True, False, False, False]
    assert statistics.repeated(roll).tolist() == [True, False, False, False]
    np.testing.assert_allclose(statistics.kinship(roll, 1), [1, 1])  # octaves do not count; silence has no kin
    np.testing.assert_allclose(statistics.kinship(roll, 3), [1 / np.sqrt(6), 1 / np.sqrt(6)])
    mean, error = statistics.count([roll, roll[:1]], statistics.clashing)
    assert (mean, error) == (pytest.approx(0.7), pytest.approx(0.3))
    assert np.isnan(statistics.count([roll[:1]], statistics.repeated)).all()


def test_data_that_differ_in_their_notes_alone_have_results_of_their_own():
    one, other = ([Piece("song", "", roll)] for roll in rolls_of([4]) + rolls_of([4], seed=9))
    names = {pieces_of("song.mid", one, one).name, pieces_of("song.mid", one, other).name}
    assert len(names | {pieces_of("song.mid", one, one).name}) == 2


def test_draws_are_as_many_and_as_long(tiny):
    drawn = statistics.draw_like(tiny, rolls_of([3, 300]))
    assert [piece.shape for piece in drawn] == [(3, 88), (256, 88)]
    assert drawn[1].mean() == pytest.approx(0.5, abs=0.1), "an untrained model's coins"


# --- the part of the page ---


def words(at):
    return "\n".join(one.value for one in [*at.markdown, *at.caption])


def test_part_shows_what_z_knows_and_follows_its_controls():
    at = open_page("listen", part="probe", run="0000000000000003", ridge="1", toward="6", nudge="3")
    assert_alive(at, "listen")
    said = words(at)
    assert "Fitted to 241 training pieces (13,648 beats), judged on 75 test pieces (3,794 beats)" in said
    assert "Averaged over the piece" in said
    assert "its scale goes from" in said
    assert not at.warning
    next(one for one in at.selectbox if one.key == "dial listen ask").set_value("phrase").run()
    assert_alive(at, "listen")
    assert "stands in for the end of a phrase" in words(at)
    assert "The check needs an answer that can be counted" in at.info[0].value


def test_part_leaves_out_what_own_music_does_not_say(tmp_path):
    at = open_own(tmp_path)
    said = words(at)
    assert "Left out: Key signature (these data do not say the key of the pieces)" in said
    assert "judged on 2 test pieces" in said


def test_part_works_with_a_single_test_piece_and_without_its_errors(tmp_path):
    pieces = [[[60, 64], [62], [60, 67], [59]], [[50], [52, 60]]]
    path = tmp_path / "one.json"
    path.write_text(json.dumps({"train": pieces, "valid": pieces[:1], "test": [[[60], [64, 50], [60]]]}))
    said = words(open_own(tmp_path, str(path)))
    assert "on one piece alone" in said
    assert "too short" in said
    assert "nan" not in said


def open_own(tmp_path, data=None, **query):
    """The part with an untrained model of the visitor's own music."""
    data = data or write_tiny_data(tmp_path)
    config = make_config(**(TINY | {"data": data}))
    run = store.new_run(config, {"owner": OWNER})
    store.write_status(run, store.Status("done", "Done."))
    snapshots.save_best(run, make_state(make_spec(config, load_dataset(data))))
    at = open_page("listen", part="probe", run=run.name, **query)
    assert_alive(at, "listen")
    return at
