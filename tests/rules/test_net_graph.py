"""Which step of a net comes when, as a rule over names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batch.nets import NETS, NIGHT
from batch.reference import RESOURCES
from batch.rules.graph import Fate, Place, misplaced, standing, startable
from batch.rules.limits import allowed

LINE = (Place("a"), Place("b", ("a",)), Place("c", ("b",)), Place("d", (), ("c",)))


def fates(**changed: Fate) -> dict[str, Fate]:
    return {**dict.fromkeys("abcd", Fate.OPEN), **changed}


def test_a_step_starts_when_those_before_it_have_passed() -> None:
    assert startable(LINE, fates()) == ("a",)
    assert startable(LINE, fates(a=Fate.RUNNING)) == ()
    assert startable(LINE, fates(a=Fate.PASSED)) == ("b",)


def test_after_a_failure_only_whoever_waits_for_the_end_comes() -> None:
    assert standing(LINE, fates(a=Fate.FAILED))["c"] is Fate.FAILED
    assert startable(LINE, fates(a=Fate.FAILED)) == ("d",)


def test_what_is_halted_has_not_ended() -> None:
    assert standing(LINE, fates(a=Fate.HALTED))["d"] is Fate.HALTED
    assert startable(LINE, fates(a=Fate.HALTED)) == ()


def test_a_net_in_the_wrong_order_is_told() -> None:
    assert misplaced(LINE) == ()
    assert misplaced((Place("b", ("a",)), Place("a"), Place("a", (), ("z",)))) == (
        "b waits for a, which does not come before it",
        "a comes twice",
        "a waits for z, which does not come before it",
    )


def test_the_nets_of_the_house_can_be_run_in_their_own_order() -> None:
    for net in NETS.values():
        assert misplaced([Place(node.step.name, node.after, node.after_end) for node in net.nodes]) == (), net.name


def test_what_the_nets_need_is_what_a_new_house_has() -> None:
    for net in NETS.values():
        for node in net.nodes:
            assert {name: units for name, units in node.needs.items() if units > RESOURCES[name][0]} == {}, node.step.name


def test_what_is_optional_or_may_be_left_out_says_what_is_missing_then_and_nothing_that_bills_is() -> None:
    for net in NETS.values():
        for node in net.nodes:
            assert node.step.may_be_skipped == bool(node.step.skip_words), node.step.name
            assert not node.is_optional or node.step.may_be_skipped, (
                f"{node.step.name}: the net goes on without it, but nobody may leave it out"
            )
    billing = {"freeze-cut", "calculate", "release", "post", "dispatch", "check-books", "close-date", "roll-date"}
    assert not [name for name in billing if NIGHT.node(name).is_optional or NIGHT.step(name).may_be_skipped]


@st.composite
def nets(draw: st.DrawFn) -> tuple[Place, ...]:
    places: list[Place] = []
    for n in range(draw(st.integers(1, 8))):
        names = [place.name for place in places]
        befores = st.lists(st.sampled_from(names), unique=True, max_size=3) if names else st.just([])
        places.append(Place(str(n), tuple(draw(befores)), tuple(draw(befores))))
    return tuple(places)


@given(nets(), st.data())
def test_whatever_fails_every_step_is_run_once_or_told_why_not(places: tuple[Place, ...], data: st.DataObject) -> None:
    """However many lanes and whatever happens: a course ends, and no step ran before what it waits for."""
    fates = dict.fromkeys([place.name for place in places], Fate.OPEN)
    ran: list[str] = []
    while ready := startable(places, fates):
        name = data.draw(st.sampled_from(ready))
        place = next(one for one in places if one.name == name)
        assert all(fates[before] is Fate.PASSED for before in place.after)
        ran.append(name)
        fates[name] = data.draw(st.sampled_from([Fate.PASSED, Fate.FAILED, Fate.HALTED]))
    assert len(ran) == len(set(ran))
    assert Fate.OPEN not in standing(places, fates).values(), "nobody is left waiting for what will not come"


def test_a_limit_is_so_many_items_or_so_many_thousandths_whichever_is_more() -> None:
    assert allowed(4, 100, 10) == 4
    assert allowed(4, 100, 99) == 9
    assert allowed(0, 1, 999) == 0
