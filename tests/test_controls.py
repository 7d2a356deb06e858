"""The controls of Train: words for choices, what has no effect, refusals and the ways out of them."""

from pathlib import Path

import pytest

from dmm.config import GROUPS, Config, ConfigError, about, make_config, read_config
from dmm.refusals import impossible
from dmm.runs import store
from dmm.ui import choices, data_names
from dmm.ui.train import controls
from tests.test_pages import assert_alive, assert_one_sentence, click, knob, open_page, queue, sentences, turn_to

__all__ = ["queue"]  # a fixture

REFUSED = {  # combinations that the configuration refuses, and every single change that leads out
    "IAF and the analytic KL": ({"num_iafs": 1}, {"Use the sampled KL", "No IAF steps"}),
    "free bits and the sampled KL": ({"free_bits": 0.1, "kl": "sampled"}, {"Use the analytic KL", "No free bits"}),
    "free bits and Pyro": ({"free_bits": 0.1, "engine": "pyro"}, {"Use the fused engine", "No free bits"}),
    "holes and augmented edges": ({"missing": 0.2, "edges": "augmented"}, {"Markov edges", "No missing frames"}),
    "IAF and free bits": ({"num_iafs": 1, "free_bits": 0.1}, {"No IAF steps"}),
}
IDLE = {  # what makes each control idle, and what brings it to life
    "emission_dim": ({"emitter": "linear"}, {"emitter": "mlp"}),
    "transition_dim": ({"transition": "linear"}, {"transition": "mlp"}),
    "first_loc": ({"first": "learned"}, {"first": "given"}),
    "first_scale": ({"first": "learned"}, {"first": "given"}),
    "iaf_dim": ({"num_iafs": 0}, {"num_iafs": 1, "kl": "sampled"}),
    "min_kl_weight": ({"annealing_updates": 0}, {"annealing_updates": 5}),
    "seconds": ({"schedule": "exponential"}, {"schedule": "cosine"}),
}


@pytest.fixture(scope="module")
def page():
    """The page as it opens; only for looking."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMM_RUNS_DIR", "/dev/null")
        return open_page("train")


def set_all(at, values):
    for name, value in values.items():
        knob(at, name).set_value(value)
    return at.run()


def captions(at):
    return [caption.value for caption in at.caption]


# --- words ---


def test_every_choice_has_words_of_its_own():
    for name in Config.model_fields:
        words = [choices.in_words(name, choice) for choice in about(name)["choices"] or []]
        assert len(set(words)) == len(words)
        assert all(word[0].isupper() for word in words), name


def test_every_network_has_its_formula_from_the_table_in_its_source():
    assert sorted(choices.networks()) == sorted(about("inference")["choices"])
    for name, network in choices.networks().items():
        assert ("z_{t-1}" in network.formula) == name.startswith("st") == ("last latent" in network.sees)
        assert ("past" in network.sees) == ("l" in name.partition("-")[2])
        assert ("future" in network.sees) == ("r" in name.partition("-")[2])


def test_network_transition_and_engine_stand_first_and_every_setting_once(page):
    assert {"inference", "transition", "engine"} <= set(controls.FIRST[:4])
    rest = [name for names in controls.REST.values() for name in names]
    assert sorted((*controls.FIRST, *rest)) == sorted(Config.model_fields)
    shown = [node.key.removeprefix("knob ") for node in page.main if str(getattr(node, "key", "")).startswith("knob ")]
    assert [name for name in shown if name in controls.FIRST] == list(controls.FIRST)
    assert list(controls.REST) == list(GROUPS.values())


@pytest.mark.parametrize("network", about("inference")["choices"])
def test_chosen_network_shows_its_formula(queue, network):
    at = open_page("train")
    knob(at, "inference").set_value(network).run()
    assert any(choices.networks()[network].formula in one.value for one in at.markdown)
    assert_alive(at, "train")


# --- controls without effect ---


@pytest.mark.parametrize("name", IDLE)
def test_control_without_effect_is_disabled_with_the_reason_until_it_has_one(queue, name):
    idle, alive = IDLE[name]
    at = set_all(open_page("train"), idle)
    assert knob(at, name).proto.disabled
    reason = choices.why_idle(name, make_config(**idle).model_dump())
    assert_one_sentence(reason)
    assert reason in captions(at)
    set_all(at, alive)
    assert not knob(at, name).proto.disabled
    assert choices.why_idle(name, make_config(**alive).model_dump()) == ""
    assert sentences(at) == []


def test_every_rule_of_no_effect_is_tried_here():
    assert set(IDLE) == set(choices.NO_EFFECT)


def test_value_of_a_disabled_control_is_kept(queue):
    at = set_all(set_all(open_page("train"), {"transition_dim": 77}), {"transition": "linear"})
    assert knob(at, "transition_dim").value == 77
    set_all(at, {"transition": "gated"})
    assert knob(at, "transition_dim").value == 77


@pytest.mark.parametrize("card", [False, True])
def test_graphics_card_is_offered_only_where_there_is_one(queue, monkeypatch, card):
    monkeypatch.setattr(choices, "has_graphics_card", lambda: card)
    at = open_page("train")
    assert knob(at, "device").proto.disabled != card
    assert (choices.NO_CARD in captions(at)) != card


def test_fixed_field_is_told_and_takes_no_control(page):
    fixed = [name for name in Config.model_fields if about(name)["fixed"]]
    assert fixed == ["x_dim"]
    assert any(about("x_dim")["fixed"] in caption for caption in captions(page))


# --- refusals ---


def start(at):
    """The button that begins a run."""
    return next(button for button in at.button if button.label == "Start")


@pytest.mark.parametrize("case", REFUSED)
def test_refusal_is_one_sentence_beside_the_controls_and_disables_start(queue, runs_dir, case):
    values, _ = REFUSED[case]
    at = set_all(open_page("train"), values)
    assert_alive(at, "train")
    with pytest.raises(ConfigError) as refusal:
        make_config(**values)
    (sentence,) = sentences(at)
    assert sentence == str(refusal.value)
    assert "\n" not in sentence
    assert start(at).disabled
    assert {name: knob(at, name).value for name in values} == values, "nothing is lost"
    assert not runs_dir.exists()
    marked = [caption for caption in captions(at) if "Does not go with" in caption]
    assert len(marked) >= 1


@pytest.mark.parametrize(("case", "way"), [(case, way) for case, (_, ways) in REFUSED.items() for way in sorted(ways)])
def test_way_out_is_one_click_and_keeps_all_else(queue, case, way):
    values, ways = REFUSED[case]
    other = {"z_dim": 11, "seed": 7}
    at = set_all(open_page("train"), values | other)
    offered = {button.label for button in at.button} & {label for label, _ in choices.WAYS_OUT}
    assert offered == ways
    click(at, way)
    assert_alive(at, "train")
    change = dict(choices.WAYS_OUT)[way]
    left = {name: knob(at, name).value for name in values | other}
    assert left == {name: (values | other | change)[name] for name in left}
    if case != "IAF and free bits":
        assert sentences(at) == []
        assert not start(at).disabled
        assert not any(button.label in ways for button in at.button)


def test_every_refusal_of_the_configuration_has_a_way_out():
    """Also one that somebody adds tomorrow: whatever excludes what, a single change must make it better."""
    for values, _ in REFUSED.values():
        config = make_config().model_dump() | values
        with pytest.raises(ConfigError):
            read_config(config)
        for _, change in choices.ways_out(config):
            assert set(change) <= set(Config.model_fields)
    tried = {place for values, _ in REFUSED.values() for place in refusals(values)}
    assert tried == set(range(len(impossible(make_config())))), "a new refusal needs a case here, and a way out"


def refusals(values):
    """The places in the list of refusals that these values meet."""
    config = Config.model_construct(**(make_config().model_dump() | values))
    return [place for place, (refused, _) in enumerate(impossible(config)) if refused]


def test_values_that_go_together_have_no_way_out():
    assert choices.ways_out(make_config().model_dump()) == []


def test_refused_settings_survive_a_visit_to_another_page(queue):
    at = set_all(open_page("train"), {"num_iafs": 2, "z_dim": 9})
    turn_to(turn_to(at, "home"), "train")
    assert (knob(at, "num_iafs").value, knob(at, "z_dim").value) == (2, 9)
    assert len(sentences(at)) == 1


def test_run_says_what_it_is(queue, runs_dir):
    at = set_all(open_page("train"), {"inference": "st-lr", "transition": "linear", "rnn_cell": "gru"})
    click(at, "Start")
    (run,) = runs_dir.iterdir()
    assert store.read_run_config(run).inference == "st-lr"
    headline = next(one.value for one in at.markdown if run.name in one.value)
    assert "ST-LR, linear transition, GRU, z 16" in headline


def test_data_that_ship_are_the_data_on_offer():
    assert set(data_names.DATA) == {"chorales", "chorales-in-c"}
    assert Path(store.ROOT / "assets" / "chorales.npz").exists()
