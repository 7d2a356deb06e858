"""In code: where the parts of Pyro's tutorial are in this course, and the tests that hold three twins together."""

import streamlit as st

from dmm.ui.course import lesson_of
from dmm.ui.in_code.programs import GUIDE, MODEL

TUTORIAL = (  # a part of the tutorial's way: its page here, and its code
    ("Gaussian state-space model", "state_space", "linear_gaussian.LinearGaussian"),
    ("Deep Markov model", "deep_markov_model", "deep_markov_model.DMM"),
    ("Emitter", "deep_markov_model", "model.Emitter"),
    ("Gated transition", "gate", "model.GatedTransition"),
    ("Variational inference for one latent", "bound", "elbo.kl_normal"),
    ("… and for a sequence", "bound_in_time", "inference.Structured"),
    ("Lower bound", "bound_in_time", "elbo.terms"),
    ("Learning by stochastic gradient", "one_update", "optimisers.update"),
    ("Structured inference network", "structured_inference", "inference.make_network"),
    ("Combiner", "structured_inference", "combiner.Combiner"),
    ("Guide", "in_code", GUIDE),
    ("Model", "in_code", MODEL),
    ("The packaged module", "in_code", "deep_markov_model.build_dmm"),
    ("SVI with ClippedAdam", "one_update", "pyro_program.make_svi"),
)
TESTS = (  # what is equal to what: the test that says so, in its file
    (
        "the bound and its gradient are Pyro's",
        "test_elbo.test_elbo_and_its_gradient_equal_pyros_own_on_the_same_noise",
    ),
    (
        "for each inference network, transition and cell, and by a loop over single frames too",
        "test_family.test_bound_and_gradient_equal_a_loop_over_torch_distributions_and_pyros_elbo",
    ),
    (
        "the quick engine's bound and gradient are those of `elbo.py`",
        "test_fused.test_every_network_and_cell_equals_the_readable_bound",
    ),
    (
        "training ends at the weights at which Pyro's own SVI ends",
        "test_pyro_program.test_training_equals_pyros_own_svi",
    ),
)


def show_map() -> None:
    """Where the parts of Pyro's tutorial are, as a table."""
    rows = [f"| {part} | [{lesson_of(page).title}]({page}) | {_place(code)} |" for part, page, code in TUTORIAL]
    st.markdown("\n".join(["| in the tutorial | in this course | in the code |", "|:--|:--|:--|", *rows]))


def _place(code):
    """A thing's file and name."""
    module, *names = code.split(".")
    return f"`{'.'.join(names)}` in {module}.py"


def show_tests() -> None:
    """How the project knows that its three ways to the bound are one."""
    tests = [(words, *test.split(".")) for words, test in TESTS]
    rows = "\n".join(f"- {words}: `{name}` in `tests/{file}.py`" for words, file, name in tests)
    st.markdown(
        "The bound is computed in three ways: readable in `elbo.py`, as two programs in `pyro_program.py`, and quick, "
        "with its gradients by hand, in `fused.py`. Tests hold them together, in double precision and on the same "
        f"noise:\n\n{rows}\n\nHow the KL is annealed, and what the printed loss says then, is on "
        "[One update](one_update#annealing)."
    )
