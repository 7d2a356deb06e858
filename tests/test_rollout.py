"""Music from given random numbers, and what becomes of it when the state is moved."""

import numpy as np
import pytest
import torch

from dmm import counterfactual as cf
from dmm.batches import make_generator
from dmm.interventions import Act
from dmm.rollout import Acts, Chance, draw_chance, recover, roll_out
from tests.family import make_model

pytestmark = pytest.mark.usefixtures("one_thread", "seeded_float64")

T, X, Z = 9, 4, 3
MEMBERS = [{}, {"edges": "augmented", "first": "given", "first_loc": 1.0}, {"transition": "mlp"}]
ACTS = [
    Act("hold", 1, 2, 5, 1.5),
    Act("drag", 0, 0, 3, -2.0),
    Act("draw", 2, 3, 6, path=(1.0, -2.0, 0.5)),
    Act("swap", 0, 4, 6, other=2),
    Act("gate", 1, 3, 7, 1.0),
    Act("gate", None, 1, T, 0.0),
]


def make_chance(dmm, pieces=2, seed=0):
    return draw_chance(dmm, T, torch.Generator().manual_seed(seed), pieces)


@torch.no_grad()
def step_by_hand(dmm, z_prev, x_prev, eps, u, held=None, gate=None, first=False):
    """One frame of one piece by the formulas of the docstrings, key by key."""
    parents = (z_prev, x_prev) if dmm.augmented else (z_prev,)
    loc, scale = dmm.transition(*parents)
    if gate is not None:
        net = dmm.transition
        g = torch.sigmoid(net.gate(torch.cat(parents)))
        g = torch.stack([g[j] if torch.isnan(gate[j]) else gate[j] for j in range(Z)])
        loc = (1 - g) * net.linear(z_prev) + g * net.proposal(torch.cat(parents))
    if first and dmm.z_0 is None:
        loc, scale = dmm.first_loc, dmm.first_scale
    z = loc + scale * eps
    if held is not None:
        z = torch.stack([z[j] if torch.isnan(held[j]) else held[j] for j in range(Z)])
    p = torch.sigmoid(dmm.emitter(z, *parents[1:]))
    return z, (u < p).to(p)


@torch.no_grad()
def roll_by_hand(dmm, chance, acts, i):
    z, x, frames = dmm.start, torch.zeros(X), []
    for t in range(T):
        done = [None if part is None else part[i, t] for part in acts]
        z, x = step_by_hand(dmm, z, x, chance.eps[i, t], chance.u[i, t], *done, first=t == 0)
        frames.append((z, x))
    return [torch.stack(part) for part in zip(*frames, strict=True)]


@pytest.mark.parametrize("values", MEMBERS[:2], ids=str)
@pytest.mark.parametrize("act", [None, *ACTS], ids=str)
def test_every_act_equals_the_formulas_step_by_step(values, act):
    dmm = make_model(**values)
    chance = make_chance(dmm)
    factual = roll_out(dmm, chance)
    acts = cf.acts_of(act, factual.z) if act else Acts()
    rolled = roll_out(dmm, chance, acts=acts)
    for i in range(2):
        z, x = roll_by_hand(dmm, chance, acts, i)
        torch.testing.assert_close(rolled.z[i], z)
        assert torch.equal(rolled.x[i], x)


@pytest.mark.parametrize("values", MEMBERS, ids=str)
def test_a_piece_is_recovered_from_its_latents_and_notes(values):
    dmm = make_model(**values)
    chance = make_chance(dmm)
    piece = roll_out(dmm, chance)
    found = recover(dmm, piece.z, piece.x, torch.Generator().manual_seed(5))
    torch.testing.assert_close(found.eps, chance.eps)
    assert not torch.equal(found.u, chance.u)  # the notes only bracket it
    again = roll_out(dmm, found)
    torch.testing.assert_close(again.z, piece.z)
    assert torch.equal(again.x, piece.x)


def test_recovered_u_is_uniform_over_what_the_notes_leave_open():
    dmm = make_model()
    piece = roll_out(dmm, make_chance(dmm, 4_000))
    u = recover(dmm, piece.z, piece.x, torch.Generator().manual_seed(1)).u
    assert np.histogram(u.numpy(), bins=10, range=(0, 1))[0] / u.numel() == pytest.approx(np.full(10, 0.1), abs=0.003)


def test_going_on_from_a_frame_is_the_rest_of_the_piece():
    for values in MEMBERS:
        dmm = make_model(**values)
        chance = make_chance(dmm)
        piece = roll_out(dmm, chance)
        rest = roll_out(dmm, Chance(*(part[:, 4:] for part in chance)), before=(piece.z[:, 3], piece.x[:, 3]))
        torch.testing.assert_close(rest.z, piece.z[:, 4:])
        assert torch.equal(rest.x, piece.x[:, 4:])


@pytest.mark.parametrize("act", ACTS, ids=str)
def test_nothing_changes_before_the_act_and_all_that_follows_may(act):
    dmm = make_model()
    found = cf.twins(dmm, make_chance(dmm), act)
    assert np.array_equal(found.factual.z[: act.start], found.counterfactual.z[: act.start])
    assert not found.differs[: act.start].any()
    assert np.array_equal(found.differs, found.factual.roll != found.counterfactual.roll)
    assert not np.allclose(found.factual.z[act.start], found.counterfactual.z[act.start])


def test_hold_drag_and_swap_put_what_they_say_where_they_say():
    dmm = make_model()
    z = roll_out(dmm, make_chance(dmm)).z
    path = z[1, :, 1]
    sd = float(((path - path.mean()) ** 2).mean() ** 0.5)
    held = cf.acts_of(Act("hold", 1, 2, 5, 1.5), z).z[1]
    assert held[2:5, 1].numpy() == pytest.approx(float(path.mean()) + 1.5 * sd)
    assert torch.isnan(held).sum() == held.numel() - 3
    dragged = cf.acts_of(Act("drag", 1, 2, 5, -1.0), z).z[1]
    torch.testing.assert_close(dragged[2:5, 1], path[2:5] - sd)
    path = cf.acts_of(Act("draw", 1, 2, 4, path=(0.5, -3.0)), z).z
    assert path[:, 2:4, 1].tolist() == [[0.5, -3.0]] * 2
    assert torch.isnan(path).sum() == path.numel() - 4
    swapped = cf.acts_of(Act("swap", 0, 4, 6, other=2), z).z
    torch.testing.assert_close(swapped[:, 4:6, 0], z[:, 4:6, 2])
    torch.testing.assert_close(swapped[:, 4:6, 2], z[:, 4:6, 0])


def test_a_gate_held_where_it_is_changes_nothing_and_one_held_shut_moves_by_the_linear_rule():
    dmm = make_model()
    chance = make_chance(dmm)
    free = roll_out(dmm, chance)
    same = roll_out(dmm, chance, acts=Acts(gates=free.gates))
    torch.testing.assert_close(same.z, free.z)
    shut = roll_out(dmm, chance, acts=cf.acts_of(Act("gate", None, 0, T, 0.0), free.z))
    before = dmm.previous(shut.z)
    torch.testing.assert_close(shut.z - dmm.p_z(shut.z, shut.x)[1] * chance.eps, dmm.transition.linear(before))
    assert (shut.gates == 0).all()


def test_a_transition_without_a_gate_says_so():
    dmm = make_model(transition="mlp")
    chance = make_chance(dmm)
    with pytest.raises(ValueError, match="this transition has no gate to hold"):
        cf.twins(dmm, chance, Act("gate", 0, 0, 2, 1.0))


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (Act("turn", 0, 0, 2), "got act 'turn', expected one of hold, drag, draw, swap, gate"),
        (Act("hold", 3, 0, 2), "got dimension 3, expected 0 to 2"),
        (Act("hold", None, 0, 2), "got dimension None, expected 0 to 2"),
        (Act("swap", 0, 0, 2), "got dimension None, expected 0 to 2"),
        (Act("hold", 0, 2, 2), "got frames 2 to 2, expected a stretch within 0 to 9"),
        (Act("draw", 0, 2, 5, path=(1.0,)), "got a path of 1 frames, expected 3"),
        (Act("hold", 0, 2, 10), "got frames 2 to 10, expected a stretch within 0 to 9"),
    ],
)
def test_what_cannot_be_done_is_refused(act, words):
    dmm = make_model()
    with pytest.raises(ValueError, match=words):
        cf.twins(dmm, make_chance(dmm), act)


def test_spread_counts_the_keys_that_differ():
    dmm = make_model()
    chance, act = make_chance(dmm, 50), Act("hold", 0, 3, 5, 2.0)
    found = cf.spread(dmm, chance, act, seed=1)
    pairs = [cf.twins(dmm, Chance(*(part[i : i + 1] for part in chance)), act).differs for i in range(50)]
    assert found.common == pytest.approx(np.mean(pairs, 0).sum(-1))
    assert (found.apart[:3] == 0).all()
    assert (found.apart[3:] > 0).all()
    assert found.apart[-3:].mean() > found.common[-3:].mean()


def test_pairs_apart_share_their_past_and_the_act_is_that_of_the_piece_as_it_is():
    dmm = make_model()
    chance, act = make_chance(dmm, 40), Act("drag", 0, 3, 5, 2.0)
    fresh = draw_chance(dmm, T, make_generator(7, cf.OTHER), 40)
    numbers = Chance(*(torch.cat([old[:, :3], new[:, 3:]], dim=1) for old, new in zip(chance, fresh, strict=True)))
    factual = roll_out(dmm, chance)
    acts, differs = cf.acts_of(act, factual.z), []
    for i in range(40):
        x = roll_by_hand(dmm, numbers, acts, i)[1]
        differs.append((x != factual.x[i]).sum(-1).numpy())
    assert cf.spread(dmm, chance, act, seed=7).apart == pytest.approx(np.mean(differs, 0))


def test_twins_are_of_the_first_piece():
    dmm = make_model()
    chance = make_chance(dmm)
    found = cf.twins(dmm, chance, Act("swap", 0, 4, 6, other=2))
    assert np.array_equal(found.factual.z, roll_out(dmm, chance).z[0].numpy())


def test_audible_equals_a_drag_by_hand():
    dmm = make_model(edges="augmented")
    chance = make_chance(dmm)
    found, piece = cf.audible(dmm, chance), roll_out(dmm, chance)
    z, before = piece.z[0], torch.cat([torch.zeros(1, X), piece.x[0, :-1]])
    for j in range(Z):
        moved = z.clone()
        moved[:, j] += z[:, j].std(correction=0)
        change = torch.sigmoid(dmm.emitter(moved, before)) - torch.sigmoid(dmm.emitter(z, before))
        assert found[j] == pytest.approx(float(change.detach().abs().sum(-1).mean()))


def test_explained_gives_back_the_piece_each_time_from_another_state():
    dmm = make_model(edges="augmented")
    roll = (np.random.default_rng(0).random((T, X)) < 0.4).astype(np.uint8)
    chance = cf.explained(dmm, roll, seed=3, pieces=5)
    rolled = roll_out(dmm, chance)
    assert all(np.array_equal(x, roll) for x in rolled.x.numpy())
    assert len(np.unique(rolled.z[:, 0, 0].numpy())) > 1
    again = cf.explained(dmm, roll, seed=3, pieces=5)
    assert all(torch.equal(one, other) for one, other in zip(chance, again, strict=True))
    other = cf.explained(dmm, roll, seed=4, pieces=5)
    assert not (chance.eps == other.eps).all(-1).any(), "another seed, another explanation"
    p, p_other = rolled.probabilities, roll_out(dmm, other).probabilities
    silent = torch.as_tensor(roll == 0).expand_as(p)
    shares = [((u - q) / (1 - q))[silent] for u, q in ((chance.u, p), (other.u, p_other))]
    assert abs(np.corrcoef(*shares)[0, 1]) < 0.4, "and u of its own"


def test_made_up_is_the_piece_that_is_drawn_elsewhere():
    from dmm.inspection import draw_piece

    dmm = make_model()
    several = roll_out(dmm, cf.made_up(dmm, T, 4, pieces=3))
    assert np.array_equal(several.x[0].numpy(), draw_piece(dmm, T, 4).roll)
    assert len(np.unique(several.z[:, 0, 0].numpy())) == 3
