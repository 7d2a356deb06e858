"""The page Listen: what is heard is what the model says, and every number is computed anew here."""

import base64
import subprocess
import sys

import numpy as np
import pytest

from dmm import counterfactual, holes
from dmm.batches import make_generator
from dmm.data import load_dataset
from dmm.decoding import decode
from dmm.imputing import continue_piece, fill_in
from dmm.inspection import FIRST_BEATS, FIRST_SEED, draw_piece, inspect_piece, load_drawn
from dmm.interventions import Act
from dmm.rollout import draw_chance, roll_out
from dmm.runs import store
from dmm.runs.snapshots import load_run, save_best
from dmm.training import Spec, make_state
from dmm.ui.listen import act_words, erasing, generating, imputed
from tests.test_page_tasks import press
from tests.test_pages import (
    STORED,
    assert_alive,
    assert_one_sentence,
    click,
    figures,
    new_run,
    open_page,
    sentences,
    turn_to,
    views,
)

__all__ = ["new_run"]  # a fixture

pytestmark = pytest.mark.usefixtures("one_thread")

SHIPPED = store.SHIPPED / STORED
CHORALES = load_dataset("chorales")
SHORT = min(CHORALES.test, key=lambda one: len(one.roll))


@pytest.fixture(scope="module")
def dmm():
    return load_run(SHIPPED)[0].eval().requires_grad_(False)


def listen(part, **query):
    at = open_page("listen", part=part, **query)
    assert_alive(at, "listen")
    return at


def takes(at, key):
    """The takes of a view by label."""
    return {take["label"]: take for take in views(at)[key]["takes"]}


def bits(text, frames, size=88):
    raw = np.frombuffer(base64.b64decode(text), np.uint8)
    return np.unpackbits(raw)[: frames * size].reshape(frames, size)


def roll_of(take):
    raw = take["roll"]
    if raw["bits"]:
        return bits(raw["data"], take["frames"])
    return np.frombuffer(base64.b64decode(raw["data"]), np.uint8).reshape(-1, 88) / 255


def move(at, name, value):
    """Move a control of the page by the name that it has in links."""
    next(one for one in at.slider if one.key == f"dial listen {name}").set_value(value)
    return at.run()


# --- make up ---------------------------------------------------------------------------------------------------------


def test_a_piece_is_drawn_with_its_probabilities_and_four_voices(dmm):
    at = listen("generate", seed="5", beats="20")
    heard, piece = takes(at, "made 1"), draw_piece(dmm, 20, 5)
    assert list(heard) == ["Draw", "Probabilities", "Four voices"]
    assert np.array_equal(roll_of(heard["Draw"]), piece.roll)
    assert roll_of(heard["Probabilities"]) == pytest.approx(piece.probabilities, abs=0.003)
    voices = np.frombuffer(base64.b64decode(heard["Four voices"]["voices"]["data"]), np.uint8).reshape(-1, 4)
    assert np.array_equal(voices, decode(piece.probabilities.astype(float)).voices)


def test_a_temperature_has_the_same_random_numbers_and_can_be_heard_beside_the_model(dmm):
    at = move(move(listen("generate", beats="20"), "z_heat", 0.3), "note_heat", 0.5)
    assert_alive(at, "listen")
    heard = takes(at, "made 1")
    cool = draw_piece(dmm, 20, 0, z_temperature=0.3, note_temperature=0.5)
    assert np.array_equal(roll_of(heard["Draw"]), cool.roll)
    assert np.array_equal(roll_of(heard["Before: 1 and 1"]), draw_piece(dmm, 20, 0).roll)
    click(at, "Keep to compare")
    assert "Before" not in " ".join(takes(at, "made 1"))
    heard = takes(move(at, "z_heat", 1.5), "made 1")
    assert np.array_equal(roll_of(heard["Before: 0.3 and 0.5"]), cool.roll)


def test_several_pieces_at_once_have_the_seeds_that_follow(dmm):
    at = listen("generate", seed="7", pieces="3", beats="16")
    for i in range(3):
        assert np.array_equal(roll_of(takes(at, f"made {i + 1}")["Draw"]), draw_piece(dmm, 16, 7 + i).roll)


def test_draw_gives_other_pieces():
    at = listen("generate", beats="16", pieces="2")
    before = [roll_of(takes(at, f"made {i}")["Draw"]) for i in (1, 2)]
    click(at, "Draw")
    for i in (1, 2):
        assert not any(np.array_equal(roll_of(takes(at, f"made {i}")["Draw"]), one) for one in before)


@pytest.mark.parametrize("wrong", ["<b>", "9~9", "2.01~1", "1", "nan~1", "1~1~1", ""])
def test_kept_temperatures_that_are_none_are_told(wrong):
    at = listen("generate", beats="16", kept=wrong)
    (sentence,) = sentences(at)
    assert "must be two temperatures from 0 to 2" in sentence
    assert at.session_state[generating.KEPT] == generating.MODEL


def test_kept_temperatures_of_a_link_are_compared_with():
    at = listen("generate", beats="16", kept="2~0.05")
    assert sentences(at) == []
    assert "Before: 2 and 0.05" in takes(at, "made 1")


def test_what_a_teacher_hides_cannot_be_changed():
    at = listen("generate", beats="16", kept="0.5~1", hide="kept")
    assert "Before: 0.5 and 1" in takes(at, "made 1")
    assert not [one for one in at.button if one.label == "Keep to compare"]
    at = listen("fill", holes="bass", hide="holes")
    assert at.session_state[erasing.KEY] == ["bass"]
    assert not [one for one in at.button if one.label.startswith(("Erase", "Undo"))]
    assert not views(at)["filling"]["paint"]


# --- continue --------------------------------------------------------------------------------------------------------


def test_a_piece_goes_on_from_its_own_beginning_and_the_mean_is_over_many(dmm):
    piece = CHORALES.test[1]
    at = listen("continue", piece=piece.name, go_from="9", go_for="12", go_seed="3")
    found = continue_piece(dmm, piece.roll, 8, 12, imputed.AHEAD, 3, imputed.FEWER)
    heard = takes(at, "ways on")
    for i in range(imputed.KEEP):
        roll = roll_of(heard[f"Continuation {i + 1}"])
        assert np.array_equal(roll[:8], piece.roll[:8])
        assert np.array_equal(roll, found.rolls[i])
    mean = roll_of(heard["Mean"])
    assert np.array_equal(mean[:8], piece.roll[:8])
    assert mean[8:] == pytest.approx(found.probabilities[:, 8:].mean(0), abs=0.003)
    assert np.array_equal(roll_of(heard["As it was written"]), piece.roll)


@pytest.mark.parametrize("heat", [1.0, 0.5])
def test_the_horizon_is_the_cost_of_each_beat_under_the_mean_over_all_continuations(dmm, heat):
    piece = CHORALES.test[1]
    at = listen("continue", piece=piece.name, go_from="9", go_for="6", go_heat=f"{heat}")
    known = continue_piece(dmm, piece.roll, 8, 6, imputed.AHEAD, 0, imputed.FEWER, z_temperature=heat)
    made = roll_out(dmm, draw_chance(dmm, 14, make_generator(0, imputed.DEAF), imputed.AHEAD), z_temperature=heat)
    x = piece.roll[8:14]
    lines = {line["name"]: line["y"] for line in figures(at)["horizon"]["data"]}
    for name, found in (("this model", known), ("this model without a beginning", made)):
        p = np.asarray(found.probabilities[:, 8:14], dtype=float)
        by_hand = [-np.log(np.mean(np.prod(np.where(x[h] == 1, p[:, h], 1 - p[:, h]), -1))) for h in range(6)]
        assert plain(lines[name]) == pytest.approx(by_hand, abs=1e-3)
    assert ("at temperature 0.5" in " ".join(one.value for one in at.caption)) == (heat == 0.5)
    q = frequencies()
    histogram = [-np.log(np.where(x[h] == 1, q, 1 - q)).sum() for h in range(6)]
    assert plain(lines["each key by its frequency"]) == pytest.approx(histogram)


def plain(values):
    """The numbers of a figure, which plotly may have packed."""
    if isinstance(values, dict):
        return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])
    return values


def test_a_piece_that_is_over_goes_on_all_the_same():
    piece = SHORT
    at = listen("continue", piece=piece.name, go_from="257", go_for="8")
    assert sentences(at) == []
    assert len(roll_of(takes(at, "ways on")["Continuation 1"])) == len(piece.roll) + 8
    assert "horizon" not in figures(at)
    assert f"The piece ends at beat {len(piece.roll)}: the model goes on from there" in told(at)


@pytest.mark.parametrize("edges", ["markov", "augmented"])
def test_what_the_model_goes_by_is_told_as_it_is(new_run, edges):
    run = new_run(edges=edges)
    save_best(run, make_state(Spec(store.read_run_config(run), [CHORALES.train[0].roll], [CHORALES.valid[0].roll])))
    at = listen("continue", run=run.name, go_for="4")
    words = " ".join(one.value for one in at.markdown)
    assert ("All that it remembers is in $z_t$ and the last beat $x_t$." in words) == (edges == "augmented")
    assert ("All that it remembers is in $z_t$." in words) == (edges == "markov")


# --- fill in ---------------------------------------------------------------------------------------------------------


def test_what_is_left_stays_and_what_was_erased_is_drawn_from_the_posterior(dmm):
    piece = CHORALES.test[2]
    at = listen("fill", piece=piece.name, holes="17-20-40-72.9-12-21-108", fill_seed="4")
    missing = holes.missing([holes.Rectangle(16, 20, 40, 72), holes.Rectangle(8, 12)], len(piece.roll))
    found = fill_in(dmm, piece.roll, ~missing, imputed.MANY, 4, imputed.PARTICLES)
    heard = takes(at, "filling")
    frames = len(piece.roll)
    for i in range(imputed.KEEP):
        roll = roll_of(heard[f"Filling {i + 1}"])
        assert np.array_equal(roll, found.rolls[i])
        assert np.array_equal(roll[~missing], piece.roll[~missing])
        assert np.array_equal(bits(heard[f"Filling {i + 1}"]["holes"], frames), missing)
    left = roll_of(heard["What is left"])
    assert not left[missing].any()
    assert np.array_equal(left[~missing], piece.roll[~missing])
    p = found.probabilities.mean(0).astype(float)
    for metric, chances in zip(at.metric, (p, np.broadcast_to(frequencies(), p.shape)), strict=False):
        cost = -np.log(np.where(piece.roll == 1, chances, 1 - chances))[missing].sum() / 8
        assert float(metric.value) == pytest.approx(cost, abs=0.006)
    assert float(at.metric[2].value.strip("%")) == pytest.approx(100 * p[missing & (piece.roll == 1)].mean(), abs=0.6)


def frequencies():
    """How often each key sounds in what the stored runs learned from."""
    on = np.concatenate([one.roll for one in CHORALES.train])
    return (on.sum(0) + 0.5) / (len(on) + 1)


def test_buttons_erase_and_take_back():
    at = listen("fill", holes="none")
    assert "Nothing is erased" in sentences(at)[0]
    assert list(takes(at, "filling")) == ["As it is", "Reconstruction", "Played back"]
    piece = CHORALES.test[0]
    click(at, "Erase the bass")
    gone = holes.missing(["bass"], len(piece.roll), piece.voices)
    assert np.array_equal(bits(takes(at, "filling")["Mean"]["holes"], len(piece.roll)), gone)
    assert "As it is" not in takes(at, "filling"), "or the view would stay there, and show no filling"
    click(at, "Erase the soprano")
    assert at.session_state[erasing.KEY] == ["bass", "soprano"]
    click(at, "Undo")
    assert at.session_state[erasing.KEY] == ["bass"]
    assert sentences(at) == []
    click(at, "Undo all")
    assert "Reconstruction" in takes(at, "filling")


def test_a_piece_that_has_nothing_of_what_is_erased_says_so():
    piece = min(CHORALES.test, key=lambda one: len(one.roll))
    at = listen("fill", piece=piece.name, holes="400-404-21-108")
    assert sentences(at)[0].startswith("This piece has nothing of what is erased")
    assert "Reconstruction" in takes(at, "filling")


def test_with_nothing_erased_the_piece_is_reconstructed(dmm):
    piece = CHORALES.test[2]
    heard = takes(listen("fill", piece=piece.name, holes="none"), "filling")
    by_network = inspect_piece(dmm, piece.roll, draws=200).probabilities
    assert roll_of(heard["Reconstruction"]) == pytest.approx(by_network, abs=0.25)  # the exact posterior is another
    assert np.abs(roll_of(heard["Reconstruction"]) - by_network).mean() < 0.01
    assert (roll_of(heard["Played back"]) != piece.roll).mean() < 0.05


def test_everything_erased_is_a_piece_of_the_models_own():
    at = listen("fill", holes="1-512-21-108")
    assert "Everything is erased" in sentences(at)[0]
    assert_alive(at, "listen")


@pytest.mark.parametrize("wrong", ["descant", "9-4-21-108", "1-2-3", "<b>", "9" * 3000])
def test_a_link_that_erases_nonsense_is_told_and_the_rest_is_used(wrong):
    at = listen("fill", holes=f"alto.{wrong}")
    (sentence,) = sentences(at)
    assert_one_sentence(sentence)
    assert at.session_state[erasing.KEY] == ["alto"]


def test_too_many_holes_are_refused_and_those_that_are_there_stay():
    many = ".".join(f"{t}-{t}-60-60" for t in range(1, holes.MOST + 1))
    at = listen("fill", holes=many)
    click(at, "Erase the bass")
    assert erasing.FULL in sentences(at)
    assert len(at.session_state[erasing.KEY]) == holes.MOST


# --- act on the latent -----------------------------------------------------------------------------------------------


def loudest(dmm, chance):
    return int(counterfactual.audible(dmm, chance).argmax())


def test_a_made_up_piece_and_its_twin_differ_where_the_marks_are(dmm):
    at = listen("act")
    chance = counterfactual.made_up(dmm, 64, 0)
    act = Act("hold", loudest(dmm, chance), 16, 32, 2.0)
    found = counterfactual.twins(dmm, chance, act)
    heard = takes(at, "twins")
    assert np.array_equal(roll_of(heard["As it is"]), found.factual.roll)
    assert np.array_equal(roll_of(heard["As it would have been"]), found.counterfactual.roll)
    assert np.array_equal(bits(heard["As it is"]["marks"], 64), found.differs)
    assert heard["As it is"]["shaded"] == [16, 32]
    assert act_words.how_many_differ(found, act) in [one.value for one in at.caption]
    spread = counterfactual.spread(dmm, counterfactual.made_up(dmm, 64, 0, 32), act, 0)
    lines = {line["name"]: plain(line["y"]) for line in figures(at)["keys apart"]["data"]}
    assert lines == {
        "the same random numbers": pytest.approx(spread.common),
        "other random numbers": pytest.approx(spread.apart),
    }


def test_a_chorale_is_the_factual_twin_note_for_note_with_its_voices():
    piece = CHORALES.test[3]
    at = listen("act", act_on="piece", piece=piece.name, act="swap", act_from="9", act_for="400")
    assert len(sentences(at)) == 1, "act_for is beyond its dial"
    heard = takes(at, "twins")["As it is"]
    assert np.array_equal(roll_of(heard), piece.roll)
    assert heard["voices"] is not None


def told(at):
    return " ".join(one.value for one in at.caption)


@pytest.mark.parametrize("whose", ["one", "all"])
def test_a_gate_is_clamped(dmm, whose):
    at = listen("act", act="gate", act_gate="shut", act_whose=whose, act_from="5", act_for="8")
    chance = counterfactual.made_up(dmm, 64, 0)
    act = Act("gate", None if whose == "all" else loudest(dmm, chance), 4, 12, 0.0)
    found = counterfactual.twins(dmm, chance, act)
    assert np.array_equal(roll_of(takes(at, "twins")["As it would have been"]), found.counterfactual.roll)


def test_an_act_beyond_a_short_piece_is_at_its_end():
    piece = SHORT
    at = listen("act", act_on="piece", piece=piece.name, act_from="400")
    frames = len(piece.roll)
    assert takes(at, "twins")["As it is"]["shaded"] == [frames - 1, frames]
    assert f"The piece has {frames} beats, so the act is on its last one." in told(at)


def with_weights(run, times=1.0):
    """The run with the weights that it would start from, those of a linear transition so many times as large."""
    state = make_state(Spec(store.read_run_config(run), [CHORALES.train[0].roll], [CHORALES.valid[0].roll]))
    if times != 1:
        state.weights["transition.linear.weight"] *= times
    save_best(run, state)
    return run


def test_of_an_act_that_nobody_hears_no_memory_is_told():
    apart = np.full(8, 5.0)
    words = act_words.how_far_it_carries(counterfactual.Spread(np.zeros(8), apart), Act("hold", 0, 3, 5, 1.0))
    assert "nothing whose fading" in words
    assert "forgotten" not in words
    fading = np.array([0, 0, 0, 4.0, 4.0, 3.0, 2.0, 1.0])
    words = act_words.how_far_it_carries(counterfactual.Spread(fading, apart), Act("hold", 0, 3, 5, 1.0))
    assert "2 beats later it is half of that or less" in words


def test_a_run_without_gates_says_so(new_run):
    run = new_run(transition="linear")
    at = listen("act", act="gate", run=with_weights(run).name)
    assert_one_sentence(sentences(at)[0])
    assert "no gate" in sentences(at)[0]
    assert "twins" not in views(at)


def test_how_many_keys_differ_in_words():
    differs = np.zeros((6, 88), dtype=bool)
    act, found = Act("hold", 0, 2, 3), counterfactual.Twins(None, None, differs)
    assert act_words.how_many_differ(found, act).startswith("They do not differ at a single key.")
    differs[3, :2] = differs[5, 7] = True
    assert act_words.how_many_differ(found, act) == (
        "They differ at 3 keys, on 2 of the 4 beats from beat 3 on; before it, nowhere."
    )
    last = act_words.how_many_differ(found, act._replace(start=5, end=6))
    assert last == "They differ at 3 keys, all on the last beat; before it, nowhere."


def test_one_dimension_has_none_to_change_places_with(new_run):
    at = listen("act", act="swap", run=with_weights(new_run(z_dim=1)).name)
    (sentence,) = sentences(at)
    assert "has one dimension" in sentence


@pytest.mark.parametrize(
    ("common", "apart", "told"),
    [
        (
            [0, 2, 2, 1.5, 1, 0],
            [0, 5, 5, 5, 5, 5],
            "2.00 keys differ on average over 32 pairs of pieces; 2 beats",
        ),
        ([0, 2, 2, 1, 0, 0], [0, 3, 3, 3, 3, 3], "; 1 beat later it is half of that or less"),
        ([0, 2, 2, 2, 2, 1.5], [0, 5, 5, 5, 5, 5], "and 1.50 still do at the end of the piece. With"),
        (
            [0, 2, 0, 0, 1, 0],
            [0, 5, 5, 5, 5, 5],
            "0.00 keys differ on average over 32 pairs of pieces, so there is nothing whose fading could be heard.",
        ),
    ],
)
def test_how_far_an_act_carries_in_words(common, apart, told):
    words = act_words.how_far_it_carries(counterfactual.Spread(np.array(common), np.array(apart)), Act("hold", 0, 1, 3))
    assert told in words
    assert ("one such pair would say little" in words) == (apart[2] > 2 * common[2])


# --- tasks -----------------------------------------------------------------------------------------------------------


def test_the_same_piece_is_reached_at_the_coldest_temperatures_alone():
    at = listen("generate")
    assert not press(at, "listen", "same")
    move(at, "z_heat", 0.0)
    assert not press(at, "listen", "same")
    move(at, "note_heat", 0.0)
    assert press(at, "listen", "same")


def test_the_inaudible_dimension_is_found_by_dragging_the_last_one():
    at = listen("generate")
    assert not press(at, "listen", "inaudible")
    assert "Nothing has been done yet" in " ".join(one.value for one in at.markdown)
    at = listen("act", act="drag", act_by="-2")
    assert not press(at, "listen", "inaudible")
    options = next(one for one in at.selectbox if one.key == "dial listen act_dim")
    options.set_value(options.options[-1].split(":")[0]).run()
    assert press(at, "listen", "inaudible")
    turn_to(at, "listen")
    assert press(at, "listen", "inaudible")


# --- what depends on the run -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edges", "said"), [("markov", "remembers is in $z_t$."), ("augmented", "the last beat $x_t$.")]
)
def test_what_is_remembered_is_what_the_run_remembers(new_run, edges, said):
    run = with_weights(new_run(edges=edges))
    at = listen("continue", run=run.name, piece=SHORT.name, go_from="5", go_for="4")
    assert said in " ".join(one.value for one in at.markdown)
    at = listen("fill", run=run.name, piece=SHORT.name, holes="3-3-60-70")
    assert ("summed out*" in " ".join(one.value for one in at.markdown)) == (edges == "markov")


# --- what goes wrong -------------------------------------------------------------------------------------------------

PARTS = ["generate", "continue", "fill", "act"]


@pytest.mark.parametrize("part", PARTS)
def test_states_that_run_away_are_told_in_a_sentence(new_run, part):
    run = with_weights(new_run(transition="linear"), times=1e6)
    at = listen(part, run=run.name, piece=SHORT.name, act_on="made")
    (sentence,) = sentences(at)
    assert "no finite numbers" in sentence


@pytest.mark.parametrize("part", PARTS)
def test_damaged_weights_give_a_sentence(new_run, part):
    run = new_run()
    (run / "snapshots" / "best.safetensors").write_bytes(b"not a snapshot")
    at = listen(part, run=run.name)
    assert_one_sentence(sentences(at)[0])
    assert "damaged" in sentences(at)[0]


@pytest.mark.parametrize("part", PARTS)
def test_a_run_without_weights_gives_a_sentence(new_run, part):
    at = listen(part, run=new_run().name)
    (sentence,) = sentences(at)
    assert "no snapshot yet" in sentence


# --- what is there at once -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "run", sorted(path.parent for path in store.SHIPPED.glob("*/config.json")), ids=lambda run: run.name
)
def test_the_stored_piece_is_what_the_run_draws(run):
    stored, drawn = load_drawn(run / "drawn.npz"), draw_piece(load_run(run)[0].eval(), FIRST_BEATS, FIRST_SEED)
    assert np.array_equal(stored.roll, drawn.roll)
    for one, other in zip(stored[1:], drawn[1:], strict=True):
        assert np.allclose(one, other, atol=1e-4)


def test_the_page_is_there_without_torch():
    code = (
        "import sys; from streamlit.testing.v1 import AppTest; at = AppTest.from_file('app.py', default_timeout=30);"
        "at.switch_page('pages/listen.py').run(); assert not at.exception;"
        "print(len(at.get('bidi_component')) > 0, {'torch', 'pyro'} & set(sys.modules))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=store.SHIPPED.parents[1]
    )
    assert told.stdout == "True set()\n"


def test_a_path_is_drawn_and_a_link_carries_it(dmm):
    at = listen("act", act="draw", act_path="9~1.5~-2~0.25", act_dim="3")
    act = Act("draw", 2, 8, 11, path=(1.5, -2.0, 0.25))
    found = counterfactual.twins(dmm, counterfactual.made_up(dmm, 64, 0), act)
    assert np.array_equal(roll_of(takes(at, "twins")["As it would have been"]), found.counterfactual.roll)
    assert found.counterfactual.z[8:11, 2].tolist() == [1.5, -2.0, 0.25]
    assert views(at)["twins"]["line"] == 2


@pytest.mark.parametrize("path", ["", "9", "0~1", "9~nan", "9~1e9", "9~one", "x~1", "9~" + "~".join(["1"] * 600)])
def test_a_path_that_is_none_is_the_first_one(path):
    at = listen("act", act="draw", act_path=path)
    assert takes(at, "twins")["As it is"]["shaded"] == [16, 32]


def test_a_path_beyond_the_end_of_a_piece_is_cut():
    at = listen("act", act="draw", act_path="63~1~2~3~4")
    assert takes(at, "twins")["As it is"]["shaded"] == [62, 64]
    at = listen("act", act="draw", act_path="100~1~2")
    assert takes(at, "twins")["As it is"]["shaded"] == [63, 64]
