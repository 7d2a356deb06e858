"""The fair line, by itself: whatever comes and goes, nobody has two turns at once, and nobody is passed over."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmm.runs.line import RACE, RUN, SWEEP, Entry, Line

ADD, BEGIN, REST, LEAVE = "add", "begin", "rest", "leave"
ACTS = st.one_of(
    st.tuples(st.just(ADD), st.sampled_from(["", "anna", "ben", "cleo"]), st.sampled_from([RUN, RUN, RACE, SWEEP])),
    st.tuples(st.just(BEGIN)),
    st.tuples(st.sampled_from([REST, LEAVE]), st.integers(0, 20)),
)


def fill(*entries):
    line = Line()
    for entry in entries:
        line.add(entry)
    return line


def entry(name, learner="", kind=RUN):
    return Entry(Path(name), learner or name, kind=kind)


def names(entries):
    return [str(one.run) for one in entries]


def take_turns(line, turns, places=1):
    """So many turns, each ended when the next one needs its place; the names of those that had one."""
    had, under_way = [], []
    for _ in range(turns):
        if len(under_way) == places:
            line.rest(under_way.pop(0))
        ready = line.ready()
        if not ready:
            continue
        line.begin(ready[0])
        under_way.append(ready[0].run)
        had.append(str(ready[0].run))
    for run in under_way:
        line.rest(run)
    return had


def assert_fair(line):
    """What must hold of every line at every moment."""
    owners = [one.who for one in line.training.values() if not one.is_last]
    assert len(set(owners)) == len(owners), "two turns of one learner and kind"
    ready, first = line.ready(), {}
    for one in line.entries.values():
        first.setdefault(one.run if one.is_last else one.who, one)
    for one in ready:
        assert first[one.run if one.is_last else one.who] is one, "whoever came first goes first"
        assert one.run not in line.training
        assert one.who not in owners
    waiting = {one.run for one in first.values() if one.run not in line.training and one.who not in owners}
    assert {one.run for one in ready} == waiting, "nobody is passed over"
    served = {one.who for one in line.training.values()}
    assert line.starving() == [one for one in ready if one.who not in served]
    order = [(one.is_last, not one.is_last and not one.fresh) for one in ready]
    assert order == sorted(order), "sweeps last, and what has had no turn first"


@given(st.lists(ACTS, max_size=60))
@settings(max_examples=150, deadline=None)
def test_whatever_happens_the_line_stays_fair(acts):
    line, count = Line(), 0
    for what, *rest in acts:
        if what == ADD:
            count += 1
            line.add(Entry(Path(str(count)), rest[0], kind=rest[1]))
        elif what == BEGIN and line.ready():
            line.begin(line.ready()[0])
        elif what == REST and line.training:
            line.rest(list(line.training)[rest[0] % len(line.training)])
        elif what == LEAVE and line.entries:
            line.remove(list(line.entries)[rest[0] % len(line.entries)])
        assert_fair(line)
        for run in line.entries:
            assert (line.before(run) is None) == (run in line.training)


@given(st.integers(1, 8), st.integers(1, 4), st.data())
@settings(max_examples=100, deadline=None)
def test_nobody_waits_for_more_turns_than_there_are_others(learners, places, data):
    """Between two turns of a run each other learner has at most one, in whatever order turns end."""
    runs_of_each = data.draw(st.lists(st.integers(1, 3), min_size=learners, max_size=learners))
    line = fill(*(entry(f"{who}.{n}", str(who)) for who, many in enumerate(runs_of_each) for n in range(many)))
    since = dict.fromkeys(line.entries, 0)  # turns of others since a run began to wait
    for _ in range(5 * learners):
        while line.ready() and len(line.training) < places:
            head = line.ready()[0]
            waited = line.before(head.run)
            assert waited == 0
            assert since[head.run] <= learners - 1
            for one in line.ready()[1:]:
                since[one.run] += 1
            since[head.run] = 0
            line.begin(head)
        line.rest(data.draw(st.sampled_from(sorted(line.training))))


@given(st.integers(1, 7))
def test_with_one_place_the_turns_before_one_s_own_are_those_that_come(learners):
    line = fill(*(entry(str(number)) for number in range(learners)))
    take_turns(line, learners // 2)
    told = {str(run): line.before(run) for run in line.entries}
    assert sorted(told, key=told.get) == take_turns(line, learners)


def test_who_has_had_no_turn_comes_before_those_who_have():
    line = fill(entry("a"), entry("b"))
    take_turns(line, 3)
    line.add(entry("c"))
    assert take_turns(line, 3)[0] == "c"


def test_a_learner_s_runs_come_one_after_the_other_and_hold_nobody_up():
    line = fill(entry("a1", "anna"), entry("a2", "anna"), entry("b", "ben"))
    assert names(line.ready()) == ["a1", "b"]
    assert take_turns(line, 4, places=2) == ["a1", "b", "a1", "b"]
    assert line.blocker(Path("a2")) == Path("a1")
    assert line.before(Path("a2")) == 2
    line.remove(Path("a1"))
    assert line.blocker(Path("a2")) is None
    assert take_turns(line, 1) == ["a2"], "it has had no turn yet"


def test_a_race_does_not_wait_for_the_runs_of_its_learner():
    line = fill(entry("run", "anna"), entry("race", "anna", RACE))
    assert names(line.ready()) == ["run", "race"]


def test_sweeps_have_turns_only_when_no_other_run_is_ready():
    line = fill(*(entry(f"s{n}", f"x{n}", SWEEP) for n in range(3)), entry("a"))
    line.begin(line.ready()[0])
    assert list(line.training) == [Path("a")]
    assert names(line.ready()) == ["s0", "s1", "s2"]
    line.rest(Path("a"))
    assert names(line.ready())[0] == "a"
    line.remove(Path("a"))
    assert take_turns(line, 3) == ["s0", "s1", "s2"]


def test_runs_of_one_sweep_train_side_by_side_once_every_sweep_has_a_turn():
    line = fill(*(entry(f"a{n}", "anna", SWEEP) for n in range(3)), entry("b0", "ben", SWEEP))
    assert names(line.ready()) == ["a0", "b0", "a1", "a2"]
    line.begin(line.ready()[0])
    assert names(line.starving()) == ["b0"]
    assert names(line.ready()) == ["b0", "a1", "a2"]
    line.remove(Path("b0"))
    line.begin(line.ready()[0])
    assert sorted(map(str, line.training)) == ["a0", "a1"]
    assert (line.starving(), line.blocker(Path("a2"))) == ([], None)
    line.rest(Path("a0"))
    assert names(line.ready()) == ["a0", "a2"], "what has begun goes on first"


def test_runs_of_nobody_are_each_on_their_own():
    line = fill(Entry(Path("1")), Entry(Path("2")))
    assert names(line.ready()) == ["1", "2"]


@pytest.mark.parametrize("act", ["rest", "remove"])
def test_what_is_not_in_the_line_changes_nothing(act):
    line = fill(entry("a"))
    getattr(line, act)(Path("b"))
    assert names(line.ready()) == ["a"]
    assert (line.before(Path("b")), line.blocker(Path("b"))) == (None, None)


def test_a_line_forgets_those_who_have_left():
    line = fill(*(entry(str(number)) for number in range(5)))
    take_turns(line, 5)
    for run in list(line.entries):
        line.remove(run)
    assert (line.entries, line.training, line._served) == ({}, {}, {})
