"""The rules of orders, on values alone: where an order may go, which dates it may have, what it is made of, what it must say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css.core.calendar import Nation, is_working_day, london_date, to_london
from css.core.errors import Refusals, Refused
from css.core.words import DirectoryEntryKind, HalfDay, PairState, ProductKind, Segment
from orders.commands.orders import PlaceOrder, Slot
from orders.reference import TIMINGS
from orders.rules import dates, lifecycle, plant, problems
from orders.rules.content import Content, Offer, care_level_fault, read_content
from orders.rules.jeopardy import Jeopardy, Standing, jeopardy
from orders.rules.lifecycle import MOVES, TMF622, Move, move
from orders.rules.problems import PROBLEMS, Effect
from orders.rules.timing import Timing, earliest_date, point_of_no_return, timing_of
from orders.words import KciKind, OrderKind, OrderState, PlantOutcome

E_W: Nation = "england-and-wales"
MONDAY = date(2026, 3, 2)
HOLIDAYS = date(2026, 12, 24)
"""A Thursday: the next working day is Tuesday the 29th."""


# --- lifecycle ------------------------------------------------------------------------------------------------------


def test_every_state_has_its_moves_and_its_tmf622_name() -> None:
    assert set(MOVES) == set(TMF622) == set(OrderState)
    assert {state for state in OrderState if MOVES[state]} == lifecycle.OPEN_STATES


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("event", Move)
def test_a_move_is_in_the_table_or_refused_with_the_states_named(state: OrderState, event: Move) -> None:
    if event in MOVES[state]:
        assert move("ZZO00000015", state, event) is MOVES[state][event]
        return
    with pytest.raises(Refused) as refused:
        move("ZZO00000015", state, event)
    assert refused.value.code == "CSS205E"
    assert f"is {state.value}; it cannot {event.value}" in str(refused.value)
    assert all(possible.value in str(refused.value) for possible in MOVES[state])


def test_an_order_reaches_its_end_by_way_of_a_promise() -> None:
    committed = move("x", OrderState.ACKNOWLEDGED, Move.COMMIT)
    held = move("x", committed.state, Move.DELAY)
    resumed = move("x", held.state, Move.RESUME)
    done = move("x", resumed.state, Move.COMPLETE)
    assert [each.kci for each in (committed, held, resumed, done)] == [
        KciKind.COMMITTED,
        KciKind.DELAY,
        KciKind.RESUMED,
        KciKind.COMPLETED,
    ]


def test_a_problem_code_may_cause_only_what_it_may_cause() -> None:
    assert problems.problem_fault("ACCESS_ISSUE", Effect.DELAY) is None
    fault = problems.problem_fault("CAPACITY_ISSUE", Effect.DELAY)
    assert fault is not None
    assert fault.code == "CSS235E"
    assert "NETWORK_ISSUE" in str(fault)
    assert problems.problem_fault("", Effect.DELAY) is not None
    assert {"OTHER", "WAYLEAVE_ISSUE", "SITE_UNSAFE"} <= set(PROBLEMS)


def test_a_start_is_excused_when_the_customer_held_us_up() -> None:
    assert problems.is_excused(["NETWORK_ISSUE", "ACCESS_ISSUE"])
    assert not problems.is_excused(["NETWORK_ISSUE", None])
    assert not problems.is_excused([])


# --- dates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "outcome", "needs_visit", "placed", "earliest"),
    [
        (OrderKind.PROVIDE, PlantOutcome.RESTART, True, MONDAY, date(2026, 3, 3)),
        (OrderKind.PROVIDE, PlantOutcome.SPARE_PAIR, True, MONDAY, date(2026, 3, 9)),
        (OrderKind.PROVIDE, PlantOutcome.SPARE_PAIR, False, MONDAY, date(2026, 3, 4)),
        (OrderKind.PROVIDE, PlantOutcome.BUILD, True, MONDAY, date(2026, 3, 23)),
        (OrderKind.CEASE, None, False, MONDAY, date(2026, 3, 4)),
        (OrderKind.PROVIDE, PlantOutcome.RESTART, True, date(2026, 3, 6), date(2026, 3, 9)),  # over a weekend
        (OrderKind.CEASE, None, False, HOLIDAYS, date(2026, 12, 30)),  # over Christmas
        (OrderKind.PROVIDE, PlantOutcome.SPARE_PAIR, True, HOLIDAYS, date(2027, 1, 5)),
    ],
)
def test_the_lead_time_is_counted_in_working_days(
    kind: OrderKind, outcome: PlantOutcome | None, needs_visit: bool, placed: date, earliest: date
) -> None:
    timing = timing_of(TIMINGS, kind, outcome, needs_visit=needs_visit, on=placed)
    assert earliest_date(timing, on=placed, nation=E_W) == earliest


def test_the_most_particular_timing_that_has_begun_counts() -> None:
    any_visit, visited = (
        next(row for row in TIMINGS if row.kind is OrderKind.LINES and row.outcome is outcome)
        for outcome in (None, PlantOutcome.SPARE_PAIR)
    )
    later = replace(visited, starts_on=date(2026, 3, 3), lead_working_days=9)
    rows = (later, any_visit, visited)

    def found(outcome: PlantOutcome | None, on: date) -> Timing:
        return timing_of(rows, OrderKind.LINES, outcome, needs_visit=True, on=on)

    assert found(PlantOutcome.SPARE_PAIR, MONDAY) is visited
    assert found(PlantOutcome.SPARE_PAIR, date(2026, 3, 3)) is later
    assert found(PlantOutcome.BUILD, MONDAY) is any_visit


def test_every_kind_has_timings_for_all_it_may_need() -> None:
    for kind in OrderKind:
        for outcome in (None, *PlantOutcome) if kind not in {OrderKind.PROVIDE, OrderKind.MOVE} else PlantOutcome:
            for needs_visit in (True, False):
                assert timing_of(TIMINGS, kind, outcome, needs_visit=needs_visit, on=MONDAY).kind is kind


def test_holidays_are_those_of_the_nation() -> None:
    # The second of January is a holiday in Scotland only.
    on = date(2025, 12, 31)
    timing = timing_of(TIMINGS, OrderKind.PROVIDE, PlantOutcome.RESTART, needs_visit=False, on=on)
    assert earliest_date(timing, on=on, nation="england-and-wales") == date(2026, 1, 2)
    assert earliest_date(timing, on=on, nation="scotland") == date(2026, 1, 5)


def test_a_date_too_early_is_refused_with_the_earliest_in_the_sentence() -> None:
    earliest = date(2026, 3, 9)
    early = dates.required_date_fault(date(2026, 3, 8), earliest, on=MONDAY, outcome=PlantOutcome.SPARE_PAIR)
    assert early is not None
    assert early.text == "CSS213E The earliest date for this order is 9 March 2026 with a spare pair."
    assert early.element == "required_on"
    assert dates.required_date_fault(earliest, earliest, on=MONDAY, outcome=PlantOutcome.SPARE_PAIR) is None
    assert dates.required_date_fault(date(2027, 3, 2), earliest, on=MONDAY, outcome=None) is None
    late = dates.required_date_fault(date(2027, 3, 3), earliest, on=MONDAY, outcome=None)
    assert late is not None
    assert late.code == "CSS214E"


def test_the_promise_is_for_a_day_on_which_somebody_works() -> None:
    assert dates.committed_date(date(2026, 3, 9), E_W) == date(2026, 3, 9)
    assert dates.committed_date(date(2026, 3, 14), E_W) == date(2026, 3, 16)
    assert dates.committed_date(date(2026, 4, 3), E_W) == date(2026, 4, 7)  # Good Friday


@pytest.mark.parametrize(
    ("target", "point"),
    [
        (date(2026, 3, 10), datetime(2026, 3, 9, 16, 0, tzinfo=UTC)),
        (date(2026, 3, 9), datetime(2026, 3, 6, 16, 0, tzinfo=UTC)),  # Monday: the Friday before
        (date(2026, 3, 31), datetime(2026, 3, 30, 15, 0, tzinfo=UTC)),  # summer time began on the 29th
        (date(2026, 12, 29), datetime(2026, 12, 24, 16, 0, tzinfo=UTC)),
    ],
)
def test_the_point_of_no_return_is_four_in_the_afternoon_in_london(target: date, point: datetime) -> None:
    timing = timing_of(TIMINGS, OrderKind.PROVIDE, PlantOutcome.SPARE_PAIR, needs_visit=True, on=target)
    assert point_of_no_return(timing, target, E_W) == point
    assert f"{to_london(point):%H:%M}" == "16:00"


def test_an_action_at_the_point_of_no_return_is_too_late() -> None:
    point = datetime(2026, 3, 30, 15, 0, tzinfo=UTC)
    assert dates.too_late_fault("x", OrderState.COMMITTED, point, datetime(2026, 3, 30, 14, 59, 59, 999_999, tzinfo=UTC)) is None
    fault = dates.too_late_fault("ZZO00000015", OrderState.COMMITTED, point, point)
    assert fault is not None
    assert str(fault) == "Action too late to be performed: order ZZO00000015 could be changed or cancelled before 16:00 on 30 March 2026."


def test_a_held_order_can_always_be_given_up() -> None:
    point = datetime(2026, 3, 30, 15, 0, tzinfo=UTC)
    assert dates.too_late_fault("x", OrderState.HELD, point, datetime(2026, 4, 30, 15, 0, tzinfo=UTC)) is None


@given(target=st.dates(date(2015, 1, 1), date(2035, 12, 31)))
def test_the_point_of_no_return_is_before_the_day_worked_for(target: date) -> None:
    point = point_of_no_return(timing_of(TIMINGS, OrderKind.CEASE, None, needs_visit=False, on=target), target, E_W)
    assert london_date(point) < target
    assert is_working_day(london_date(point), E_W)


def test_a_resumed_order_is_worked_for_a_working_day_not_before_the_promise() -> None:
    ask = {"committed_on": date(2026, 3, 9), "nation": E_W}
    assert dates.target_fault(date(2026, 3, 9), on=MONDAY, **ask) is None  # type: ignore[arg-type]
    assert dates.target_fault(date(2026, 3, 6), on=MONDAY, **ask) is not None  # type: ignore[arg-type]
    assert dates.target_fault(date(2026, 3, 9), on=date(2026, 3, 10), **ask) is not None  # type: ignore[arg-type]
    assert dates.target_fault(date(2026, 3, 14), on=MONDAY, **ask) is not None  # type: ignore[arg-type]
    fault = dates.target_fault(date(2026, 3, 13), on=date(2026, 3, 14), **ask)  # type: ignore[arg-type]
    assert fault is not None
    assert "from 16 March 2026" in str(fault)


@pytest.mark.parametrize(
    ("state", "committed", "target", "why"),
    [
        (OrderState.COMMITTED, date(2026, 3, 9), date(2026, 3, 9), None),
        (OrderState.COMMITTED, date(2026, 3, 3), date(2026, 3, 3), Jeopardy.DUE),
        (OrderState.HELD, date(2026, 3, 9), date(2026, 3, 9), Jeopardy.HELD),
        (OrderState.COMMITTED, date(2026, 2, 27), date(2026, 3, 9), Jeopardy.LATE),
        (OrderState.HELD, date(2026, 2, 27), date(2026, 2, 27), Jeopardy.LATE),
        (OrderState.ACKNOWLEDGED, None, None, None),
    ],
)
def test_jeopardy_names_the_worst_reason(state: OrderState, committed: date | None, target: date | None, why: Jeopardy | None) -> None:
    assert jeopardy(Standing(state=state, committed_on=committed, target_on=target), on=MONDAY, nation=E_W) is why


# --- plant ----------------------------------------------------------------------------------------------------------


def test_the_quickest_way_is_taken() -> None:
    assert plant.plant_outcome(has_stopped_line=True, has_spare_pair=True) is PlantOutcome.RESTART
    assert plant.plant_outcome(has_stopped_line=False, has_spare_pair=True) is PlantOutcome.SPARE_PAIR
    assert plant.plant_outcome(has_stopped_line=False, has_spare_pair=False) is PlantOutcome.BUILD


def test_a_line_goes_on_no_working_or_faulty_pair() -> None:
    assert {state for state in PairState if plant.pair_fault(state, "x") is None} == {PairState.SPARE, PairState.STOPPED}


FREE = plant.NumberFacts(number="441632960123", is_of_exchange=True, is_in_use=False, is_reserved=False, last_ended_at=None, is_own=False)
AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (FREE, None),
        (replace(FREE, is_of_exchange=False), "CSS224E"),
        (replace(FREE, is_in_use=True), "CSS225E"),
        (replace(FREE, is_reserved=True), "CSS226E"),
        (replace(FREE, last_ended_at=datetime(2026, 2, 1, tzinfo=UTC)), "CSS227E"),
        (replace(FREE, last_ended_at=datetime(2026, 2, 1, tzinfo=UTC), is_own=True), None),
        (replace(FREE, last_ended_at=datetime(2025, 12, 2, 10, 0, tzinfo=UTC)), None),
        (replace(FREE, last_ended_at=datetime(2025, 12, 2, 10, 0, 1, tzinfo=UTC)), "CSS227E"),
    ],
)
def test_a_number_must_be_the_exchanges_and_free_and_rested(facts: plant.NumberFacts, code: str | None) -> None:
    fault = plant.number_fault(facts, exchange_name="Wrenford", rests=(plant.Rest(date(2009, 10, 1), 90),), at=AT)
    assert (None if fault is None else fault.code) == code


# --- content --------------------------------------------------------------------------------------------------------


def offer(code: str, kind: ProductKind, care_level: str | None = None, **others: object) -> Offer:
    fields: dict[str, object] = {
        "product_id": abs(hash(code)),
        "code": code,
        "name": code.title(),
        "kind": kind,
        "segments": frozenset({"residential"}),
        "care_level": care_level,
        "needs_visit": kind is ProductKind.LINE,
        "is_orderable": True,
        "has_rental_price": True,
    }
    return Offer(**fields | others)  # type: ignore[arg-type]


OFFERS = {
    each.code: each
    for each in (
        offer("LINE-RES", ProductKind.LINE, "1"),
        offer("LINE-TWO", ProductKind.LINE, "1"),
        offer("LINE-BUS", ProductKind.LINE, "2", segments=frozenset({"business"})),
        offer("CALLER-DISPLAY", ProductKind.FEATURE),
        offer("CALL-BARRING", ProductKind.FEATURE),
        offer("CALL-DIVERSION", ProductKind.FEATURE),
        offer("OLD-FEATURE", ProductKind.FEATURE, is_orderable=False),
        offer("FREE-FEATURE", ProductKind.FEATURE, has_rental_price=False),
        offer("VISIT", ProductKind.ONE_OFF),
        offer("CARE-2", ProductKind.CARE, "2"),
        offer("CARE-4", ProductKind.CARE, "4"),
        offer("CARE-3", ProductKind.CARE, "3", segments=frozenset({"business"})),
    )
}
GOOD = PlaceOrder(
    kind=OrderKind.PROVIDE,
    account_number="ZZA00000014",
    product_codes=("LINE-RES", "CALLER-DISPLAY"),
    address_key="A67500000001",
    required_on=date(2026, 3, 9),
    contact_name=" Ada Tansley ",
    contact_phone="07700 900123",
    directory_name="Tansley A",
    emergency_name="Mrs Ada Tansley",
)

LADDER = ("1", "2", "2.5", "3", "4")


def read(command: PlaceOrder) -> tuple[Content, list[tuple[str, str | None]]]:
    wrong = Refusals()
    content = read_content(command, wrong, segment=Segment.RESIDENTIAL, offers=OFFERS, ladder=LADDER)
    return content, [(fault.code, fault.element) for fault in wrong.found]


def test_a_good_order_is_read_into_its_held_form() -> None:
    content, faults = read(GOOD)
    assert faults == []
    assert [each.code for each in content.items] == ["LINE-RES", "CALLER-DISPLAY"]
    assert (content.care_level, content.contact_name, content.contact_phone) == ("1", "Ada Tansley", "447700900123")


@pytest.mark.parametrize(
    ("changes", "code", "element"),
    [
        ({"product_codes": ()}, "CSS210E", "product_codes"),
        ({"product_codes": ("CALLER-DISPLAY",)}, "CSS210E", "product_codes"),
        ({"product_codes": ("LINE-RES", "LINE-TWO")}, "CSS210E", "product_codes"),
        ({"product_codes": ("LINE-RES", "NO-SUCH")}, "CSS211E", "product_codes[1]"),
        ({"product_codes": ("LINE-BUS",)}, "CSS212E", "product_codes[0]"),
        ({"product_codes": ("LINE-RES", "OLD-FEATURE")}, "CSS212E", "product_codes[1]"),
        ({"product_codes": ("LINE-RES", "VISIT")}, "CSS212E", "product_codes[1]"),
        ({"product_codes": ("LINE-RES", "CALLER-DISPLAY", "CALLER-DISPLAY")}, "CSS215E", "product_codes[2]"),
        ({"product_codes": ("LINE-RES", "CALL-BARRING", "CALL-DIVERSION")}, "CSS216E", "product_codes"),
        ({"product_codes": ("LINE-RES", "FREE-FEATURE")}, "CSS237E", "product_codes[1]"),
        ({"product_codes": ("LINE-RES", *(["CARE-2"] * 31))}, "CSS219E", "product_codes"),
        ({"care_level": "3"}, "CSS217E", "care_level"),
        ({"care_level": "9"}, "CSS217E", "care_level"),
        ({"care_level": "4", "product_codes": ("LINE-RES", "CARE-2")}, "CSS218E", "care_level"),
        ({"product_codes": ("LINE-RES", "CARE-2", "CARE-4")}, "CSS218E", "care_level"),
        ({"hazard_notes": "x" * 51}, "CSS219E", "hazard_notes"),
        ({"visit_notes": "x" * 251}, "CSS219E", "visit_notes"),
        ({"emergency_name": "x" * 101}, "CSS219E", "emergency_name"),
        ({"customer_reference": "x" * 51}, "CSS220E", "customer_reference"),
        ({"customer_reference": "PO;DROP"}, "CSS220E", "customer_reference"),
        ({"contact_name": "  "}, "CSS221E", "contact_name"),
        ({"contact_phone": ""}, "CSS221E", "contact_phone"),
        ({"contact_phone": "0770"}, "CSS081E", "contact_phone"),
        ({"contact_phone": "999"}, "CSS241E", "contact_phone"),
        ({"address_key": None}, "CSS221E", "address_key"),
        ({"emergency_name": None}, "CSS221E", "emergency_name"),
        ({"directory_name": " "}, "CSS221E", "directory_name"),
        ({"conversation_id": "hello"}, "CSS238E", "conversation_id"),
    ],
)
def test_each_breach_names_its_field(changes: dict[str, object], code: str, element: str) -> None:
    assert (code, element) in read(replace(GOOD, **changes))[1]  # type: ignore[arg-type]


def test_all_breaches_are_told_at_once() -> None:
    bad = replace(
        GOOD, product_codes=("LINE-RES", "NO-SUCH"), contact_phone="12", emergency_name=None, hazard_notes="x" * 51, care_level="9"
    )
    assert {element for _, element in read(bad)[1]} == {
        "product_codes[1]",
        "contact_phone",
        "emergency_name",
        "hazard_notes",
        "care_level",
    }


def test_an_ex_directory_line_needs_no_directory_name() -> None:
    assert read(replace(GOOD, directory_kind=DirectoryEntryKind.EX_DIRECTORY, directory_name=None))[1] == []


def test_a_better_care_level_brings_the_product_it_is_sold_as() -> None:
    content, faults = read(replace(GOOD, care_level="4"))
    assert faults == []
    assert [each.code for each in content.items] == ["LINE-RES", "CALLER-DISPLAY", "CARE-4"]
    named, faults = read(replace(GOOD, product_codes=("CARE-2", "LINE-RES")))
    assert faults == []
    assert (named.care_level, [each.code for each in named.items]) == ("2", ["LINE-RES", "CARE-2"])
    assert read(replace(GOOD, care_level="1"))[0].items == read(GOOD)[0].items


def test_a_cease_names_its_line_and_nothing_to_add() -> None:
    cease = PlaceOrder(
        kind=OrderKind.CEASE,
        account_number="ZZA00000014",
        number="01632 960123",
        required_on=date(2026, 3, 9),
        contact_name="Ada Tansley",
        contact_phone="07700 900123",
    )
    assert read(cease)[1] == []
    assert read(replace(cease, number=None))[1] == [("CSS221E", "number")]
    slot = Slot(slot_on=date(2026, 3, 9), half_day=HalfDay.AM)
    added = replace(cease, product_codes=("LINE-RES",), care_level="4", appointment=slot)
    assert read(added)[1] == [("CSS223E", "product_codes"), ("CSS223E", "care_level"), ("CSS223E", "appointment")]


def test_a_care_level_as_long_as_a_book_is_not_said_again_whole() -> None:
    fault = care_level_fault("9" * 100_000, "LINE-RES", "2", ("3",))
    assert fault.text == f"CSS217E Care level {'9' * 20} cannot be had with LINE-RES; choose from 2, 3."
