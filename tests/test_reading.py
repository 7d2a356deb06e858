"""What a lesson prints about the code is the code."""

import pytest

from dmm import combiner, elbo, flows, inference, model, optimisers, reading, rnn, variants


@pytest.mark.parametrize(
    ("name", "thing"),
    [
        ("model.Emitter", model.Emitter),
        ("model.GatedTransition", model.GatedTransition),
        ("variants.MLPTransition", variants.MLPTransition),
        ("rnn.RNN", rnn.RNN),
        ("combiner.Combiner", combiner.Combiner),
        ("combiner.product", combiner.product),
        ("inference.Structured", inference.Structured),
        ("flows.IAFStep", flows.IAFStep),
        ("elbo.penalty", elbo.penalty),
        ("elbo.kl_normal", elbo.kl_normal),
        ("elbo", elbo),
        ("optimisers.update", optimisers.update),
    ],
)
def test_formula_is_the_one_in_the_docstring(name, thing):
    lines = [line.strip() for line in thing.__doc__.splitlines()]
    assert [line.strip() for line in reading.formula(name).splitlines()] == lines[
        lines.index("$$") + 1 : lines.index("$$", lines.index("$$") + 1)
    ]


def test_code_is_what_runs_without_its_docstring():
    text = reading.code("elbo.elbo")
    assert text.startswith("def elbo(dmm, batch, noise, kl_weight=1.0")
    assert '"""' not in text
    assert "reconstruction - kl_weight * kl_by_sequence" in text
    compile(text, "elbo", "exec")


def test_code_that_a_lesson_shows_fits_thirty_lines():
    for name in (
        "model.Emitter",
        "model.GatedTransition",
        "combiner.Combiner",
        "rnn.RNN",
        "inference.Structured",
        "inference.MeanField",
        "flows.IAFStep",
        "elbo.terms",
    ):
        assert len(reading.code(name).splitlines()) <= 30, name


@pytest.mark.parametrize("name", ["model.Nothing", "model.GatedTransition.forward"])
def test_what_has_no_formula_is_refused(name):
    with pytest.raises(KeyError):
        reading.formula(name)
