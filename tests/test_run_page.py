"""What a visitor can do with runs on the Train page: whose they are, steps, steering, pins, two tabs."""

import hashlib
import json

from dmm.config import about
from dmm.runs import retention, store
from dmm.runs.changes import append_change, read_changes
from dmm.runs.events import note
from dmm.runs.retention import is_pinned
from dmm.steering import Change
from dmm.ui.words import describe_config
from tests.test_pages import (
    LEARNER,
    assert_alive,
    assert_one_sentence,
    buttons,
    click,
    new_run,
    open_page,
    pick,
    queue,
    sentences,
    views,
    widgets,
)

__all__ = ["new_run", "queue"]  # fixtures


def state_of(run):
    return store.read_status(run).state


# --- whose runs they are -----------------------------------------------------------------------------------------


def test_who_has_only_the_link_may_watch_and_begin_a_run_of_their_own(queue, new_run, runs_dir):
    run = new_run()
    other = open_page("train", learner="6" * 32, run=run.name)
    assert_alive(other, "train")
    assert views(other)["curve"]["run"] == run.name
    assert buttons(other) == ["Start a new run", "Step"]
    assert any("You watch this run" in one.value for one in other.caption)
    assert not any(str(one.key).startswith("steer ") for one in widgets(other))
    click(other, "Start a new run")
    (own,) = set(runs_dir.iterdir()) - {run}
    assert store.read_about(own)["owner"] == hashlib.sha256(("6" * 32).encode()).hexdigest()[:32]
    assert "Pause" in buttons(other)
    assert state_of(run) == "paused"


def test_a_run_of_nobody_can_only_be_watched(queue, new_run):
    """One that the command line made, or an earlier version."""
    assert "Resume" not in buttons(open_page("train", run=new_run(owner=None).name))


def test_the_number_that_steers_is_in_no_link_and_in_no_folder(queue, runs_dir):
    at = click(open_page("train"), "Start")
    (run,) = runs_dir.iterdir()
    assert LEARNER not in json.dumps(dict(at.query_params))
    assert not any(LEARNER in path.read_text(errors="ignore") for path in run.rglob("*") if path.is_file())


def test_runs_of_earlier_visits_are_found_and_can_be_chosen(queue, new_run):
    first, second = new_run(z_dim=3), new_run(z_dim=4)
    new_run(owner="somebody")
    at = open_page("train", run=first.name)
    chooser = pick(at, "Your runs")
    assert sorted(chooser.options) == sorted(
        f"Run {number}, paused: {in_words(run)}; {run.name}" for number, run in ((1, first), (2, second))
    )
    chooser.set_value(second.name).run()
    at.run()
    assert views(at)["curve"]["run"] == second.name


def in_words(run):
    return describe_config(store.read_run_config(run)).replace("*", "")


def test_a_waiting_run_says_where_it_is_and_what_it_waits_for(queue, runs_dir):
    at = click(open_page("train"), "Start")
    said = " ".join(one.value for one in at.markdown)
    assert "Its turn is next: about 1 s." in said
    click(at, "Start a new run")
    first, second = sorted(runs_dir.iterdir(), key=lambda run: store.read_about(run)["created"])
    said = " ".join(one.value for one in at.markdown)
    assert f"Your run `{first.name}` trains first" in said
    assert second.name in said


def test_first_step_begins_a_run_and_each_further_one_is_queued(queue, runs_dir):
    at = click(open_page("train"), "Step")
    assert_alive(at, "train")
    (run,) = runs_dir.iterdir()
    assert queue._line.entries[run].steps == 1
    queue.order(run, "pause")
    click(at.run(), "Step")
    assert queue._line.entries[run].steps == 1
    click(at, "Stop")
    click(at.run(), "Resume")
    assert queue._line.entries[run].steps is None


def test_reset_and_reseed_make_a_run_before_its_first_update(queue, new_run, runs_dir):
    run = new_run(seed=4, z_dim=7)
    at = click(open_page("train", run=run.name), "Reset")
    at.run()
    (again,) = set(runs_dir.iterdir()) - {run}
    assert store.read_run_config(again) == store.read_run_config(run)
    assert state_of(again) == "paused"
    assert views(at)["curve"]["run"] == again.name
    assert "Step" in buttons(at)
    click(at, "Reseed")
    at.run()
    (other,) = set(runs_dir.iterdir()) - {run, again}
    new, old = store.read_run_config(other), store.read_run_config(run)
    assert new.seed != old.seed
    assert new.model_copy(update={"seed": old.seed}) == old
    assert not queue.holds(other)


def test_a_pin_is_put_on_and_taken_off(queue, new_run):
    run = new_run()
    at = click(open_page("train", run=run.name), "Pin")
    assert is_pinned(run)
    at.run()
    click(at, "Unpin")
    assert not is_pinned(run)


def test_a_notice_is_told_until_the_run_is_pinned(queue, new_run):
    run = new_run()
    (run / retention.LEAVING).touch()
    at = open_page("train", run=run.name)
    (sentence,) = sentences(at)
    assert_one_sentence(sentence.partition(": ")[0] + ".")
    assert "may be deleted in 10 minutes" in sentence
    click(at, "Pin")
    assert sentences(at.run()) == []


def test_what_happened_to_a_run_is_told(queue, new_run):
    run = new_run()
    note(run, 7, "Its process was killed (signal 9); it goes on from its last snapshot.")
    append_change(run, Change(3, 0.02, 0.5))
    (told,) = [one.value for one in open_page("train", run=run.name).caption if "was killed" in one.value]
    first, second = told.split("  \n")
    assert first == "After 3 updates: learning rate 0.02, KL weight held at 0.5, by hand."
    assert second.startswith("After 7 updates: Its process was killed")


# --- steering ----------------------------------------------------------------------------------------------------


def steering(at, run, name):
    (found,) = (one for one in widgets(at) if one.key == f"steer {name} {run.name}")
    return found


def test_controls_change_a_run_from_where_it_is(queue, new_run):
    run = new_run(learning_rate=0.003)
    (run / "snapshots" / "step-00000012.safetensors").touch()
    at = open_page("train", run=run.name)
    assert steering(at, run, "rate").value == 0.003
    assert steering(at, run, "weight").proto.disabled
    steering(at, run, "hold").set_value(True).run()
    steering(at, run, "weight").set_value(0.25).run()
    rates = [float(one) for one in steering(at, run, "rate").options]
    steering(at, run, "rate").set_value(max(rates)).run()
    assert_alive(at, "train")
    assert sentences(at) == []
    assert read_changes(run) == (Change(12, max(rates), 0.25),)
    steering(at, run, "hold").set_value(False).run()
    assert read_changes(run) == (Change(12, max(rates), None),)


def test_controls_follow_a_change_from_another_tab(queue, new_run):
    run = new_run()
    one, two = (open_page("train", run=run.name) for _ in range(2))
    steering(one, run, "hold").set_value(True).run()
    steering(one, run, "weight").set_value(1.5).run()
    two.run()
    assert (steering(two, run, "hold").value, steering(two, run, "weight").value) == (True, 1.5)
    assert len(read_changes(run)) == 1


def test_two_tabs_on_one_run_see_and_do_the_same(queue, new_run):
    run = new_run()
    one, two = (open_page("train", run=run.name) for _ in range(2))
    click(one, "Resume")
    click(two, "Resume")  # its page still showed the button: nothing more happens
    assert queue.waiting_before(run) == 0
    for at in (one, two):
        at.run()
        assert "Pause" in buttons(at)
    click(one, "Pause")
    click(two, "Stop")
    assert state_of(run) == "paused", "the first order stands"
    for at in (one, two):
        at.run()
        assert_alive(at, "train")
        assert "Resume" in buttons(at)


def test_a_run_that_diverged_goes_on_with_half_the_rate(queue, new_run):
    run = new_run("diverged", learning_rate=0.01)
    append_change(run, Change(0, 0.02, 1.5))
    click(open_page("train", run=run.name), "Halve the rate, resume")
    assert read_changes(run)[-1] == Change(0, 0.01, 1.5)
    assert queue.holds(run)


def test_a_rate_that_cannot_be_halved_is_said(queue, new_run):
    lowest = about("learning_rate")["minimum"]
    run = new_run("diverged", learning_rate=lowest)
    at = click(open_page("train", run=run.name), "Halve the rate, resume")
    assert_alive(at, "train")
    (sentence,) = sentences(at)
    assert "must be" in sentence
    assert read_changes(run) == ()
