"""Whose request is served next, and whose goes when too many wait."""

from __future__ import annotations

from css.partners.front.limits import Limits
from css.partners.front.turns import Turns


def test_peers_take_turns() -> None:
    turns: Turns[str] = Turns(Limits(threads=10, threads_a_peer=10))
    for work in ("a1", "a2", "a3", "b1", "c1", "b2"):
        assert turns.add(work[0], work, is_long=False) is None
    taken = []
    while (turn := turns.take()) is not None:
        taken.append(turn[1])
    assert taken == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_so_many_threads_at_a_time_for_all_and_for_one() -> None:
    turns: Turns[str] = Turns(Limits(threads=3, threads_a_peer=2))
    for work in ("a1", "a2", "a3", "b1", "c1"):
        turns.add(work[0], work, is_long=False)
    taken = [turn[1] for turn in (turns.take(), turns.take(), turns.take()) if turn]
    assert taken == ["a1", "b1", "c1"]
    assert turns.take() is None
    turns.done("b", is_long=False)
    assert turns.take() == ("a", "a2", False)
    turns.done("c", is_long=False)
    assert turns.take() is None, "two of its own are in hand"
    turns.done("a", is_long=False)
    assert turns.take() == ("a", "a3", False)
    for _ in range(2):
        turns.done("a", is_long=False)
    assert turns.is_idle


def test_long_ones_have_threads_of_their_own_and_hold_up_no_short_one_of_others() -> None:
    turns: Turns[str] = Turns(Limits(threads=4, threads_for_long=1))
    for work, is_long in (("a1", True), ("b1", True), ("c1", False)):
        turns.add(work[0], work, is_long=is_long)
    assert [turn[1] for turn in (turns.take(), turns.take()) if turn] == ["a1", "c1"]
    assert turns.take() is None
    turns.done("a", is_long=True)
    assert turns.take() == ("b", "b1", True)


def test_when_too_many_wait_who_sends_most_goes_without() -> None:
    turns: Turns[str] = Turns(Limits(waiting=4))
    for work in ("a1", "a2", "a3", "b1"):
        assert turns.add(work[0], work, is_long=False) is None
    assert turns.add("c", "c1", is_long=False) == "a3"
    assert turns.add("a", "a4", is_long=False) == "a4"
    assert turns.add("c", "c2", is_long=False) == "c2", "it would have as many as the longest"
    taken = []
    while (turn := turns.take()) is not None:
        taken.append(turn[1])
    assert sorted(taken) == ["a1", "a2", "b1", "c1"]
