"""Train: start a run, watch its bound fall, hear of its state."""

import streamlit as st

from dmm.ui import current, explain, frame, live
from dmm.ui.train import buttons, controls, engines, steering, tasks

frame.lesson("train")
st.markdown(
    "Training raises the [ELBO](bound), a lower bound on the log-probability of the music. The chart shows minus "
    "the ELBO, so *down is better*: what the notes cost given the hidden states (:green[reconstruction]), plus what "
    "the hidden states cost given the model's own expectation of them (:orange[KL], the Kullback-Leibler divergence), "
    "in *nats* per frame, the unit of natural logarithms; a frame is a beat. The settings are those of *your* next "
    "run, not of the one that is shown."
)
run = current.chosen_run()
state = current.runner().status(run).state
acting = st.container()
own_runs = st.container()
view, knobs = st.columns([7, 3], gap="large")
with own_runs:
    current.choose_among_own(run)
with knobs:
    config = controls.settings()
with acting:
    buttons.run_buttons(run, state, config)
    steering.steer(run, state)
with view:
    live.live_run(run, state)
engines.compare_engines()
with st.expander("The bound, and the code that computes it"):
    explain.formula_and_code("elbo.terms", formula="elbo")
tasks.show_tasks(run)
frame.onward("train")
