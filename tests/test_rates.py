"""How often somebody may do something: every cap holds, and time gives back what it took."""

import itertools
import threading

from hypothesis import given
from hypothesis import strategies as st

from dmm.rates import Rates

NAMES = st.sampled_from(["", "ada", "ben"])


@given(st.lists(st.tuples(st.integers(0, 30), NAMES, st.sampled_from(["", "here", "there"])), max_size=40))
def test_no_window_of_time_holds_more_than_the_caps_and_whoever_waits_as_told_may_go_on(asked):
    rates, now, done = Rates(60, 2, 3), 0, []
    for step, who, where in asked:
        now += step
        wait = rates.take((who, where), now)
        if not wait:
            done.append((now, who, where))
        else:
            assert 0 < wait <= 60
            full = [
                sum(one[place] == name and one[0] > now - 60 for one in done) >= most
                for place, name, most in ((1, who, 2), (2, where, 3))
                if name
            ]
            assert any(full)
            later = [
                sum(one[place] == name and one[0] > now + wait - 60 for one in done) < most
                for place, name, most in ((1, who, 2), (2, where, 3))
                if name
            ]
            assert all(later)
    for place, most in ((1, 2), (2, 3)):
        for name in {one[place] for one in done} - {""}:
            times = [one[0] for one in done if one[place] == name]
            assert all(later - first >= 60 for first, later in zip(times, times[most:], strict=False))


def test_what_is_over_leaves_nothing_behind():
    rates = Rates(60, 2)
    for number in range(1000):
        assert rates.take((f"{number}",), number) == 0.0
    assert len(rates._times[0]) == 60


def test_many_at_once_get_no_more_than_one_after_another():
    rates, got = Rates(60, 50), itertools.count()

    def ask():
        for _ in range(20):
            if not rates.take(("ada",), 0.0):
                next(got)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert next(got) == 50
