"""What becomes of a request of debt treatment, over every mixture of what can stand on a line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from css.core.words import BarKind, HoldKind, RequestKind
from orders.rules.treatment import (
    NOT_ITS_LINE,
    OVERTAKEN,
    LineFacts,
    OpenOrder,
    Request,
    StandingHold,
    Step,
    bars_as_much,
    decide,
)
from orders.words import OrderKind

TREATMENT_ORDERS = (OrderKind.BAR, OrderKind.RESTORE, OrderKind.CEASE)
STOPPING = tuple(kind for kind in HoldKind if kind is not HoldKind.TREATMENT)

bars = st.sampled_from(BarKind)
requests = st.builds(Request, st.sampled_from(RequestKind), bars)
own_orders = st.builds(
    lambda kind, bar, n: OpenOrder(f"T{n}", kind, bar if kind is OrderKind.BAR else None, is_treatment=True),
    st.sampled_from(TREATMENT_ORDERS),
    bars,
    st.integers(0, 99),
)
other_orders = st.builds(lambda kind, n: OpenOrder(f"O{n}", kind, None, is_treatment=False), st.sampled_from(OrderKind), st.integers(0, 99))
holds = st.builds(StandingHold, st.sampled_from(HoldKind), st.text("ABC", min_size=1, max_size=3))
facts = st.builds(
    LineFacts,
    works_for_account=st.booleans(),
    bars=st.sets(bars),
    orders=st.lists(own_orders | other_orders, max_size=2),
    holds=st.lists(holds, max_size=3),
    later=st.sets(st.sampled_from(RequestKind)),
)


@given(requests, facts)
def test_every_request_has_one_outcome_and_every_wait_and_end_its_reason(request: Request, known: LineFacts) -> None:
    decision = decide(request, known)
    assert (decision.step is Step.TAKE) == (decision.words == "")
    if not known.works_for_account:
        assert (decision.step, decision.words) == (Step.END, NOT_ITS_LINE)


@given(bars, facts)
def test_a_restore_never_waits(bar: BarKind, known: LineFacts) -> None:
    assert decide(Request(RequestKind.RESTORE, bar), known).step is not Step.WAIT


@given(requests, facts)
def test_only_treatments_own_orders_are_ended(request: Request, known: LineFacts) -> None:
    own = {order.number for order in known.orders if order.is_treatment}
    assert set(decide(request, known).ends) <= own


@given(requests, facts, st.sampled_from(STOPPING))
def test_what_stands_in_the_way_lets_no_bar_and_no_cease_through(request: Request, known: LineFacts, kind: HoldKind) -> None:
    held = LineFacts(
        works_for_account=known.works_for_account,
        bars=known.bars,
        orders=known.orders,
        holds=[*known.holds, StandingHold(kind, "X")],
        later=known.later,
    )
    assert (decide(request, held).step is Step.TAKE) <= (request.kind is RequestKind.RESTORE)


@given(requests, facts)
def test_a_hold_of_treatments_own_changes_nothing(request: Request, known: LineFacts) -> None:
    held = LineFacts(
        works_for_account=known.works_for_account,
        bars=known.bars,
        orders=known.orders,
        holds=[*known.holds, StandingHold(HoldKind.TREATMENT, "T1")],
        later=known.later,
    )
    assert decide(request, held) == decide(request, known)


@given(st.sampled_from((RequestKind.BAR, RequestKind.CEASE)), bars, facts)
def test_nothing_is_barred_or_ceased_when_a_restore_was_asked_for_later(kind: RequestKind, bar: BarKind, known: LineFacts) -> None:
    after = LineFacts(
        works_for_account=True, bars=known.bars, orders=known.orders, holds=known.holds, later={*known.later, RequestKind.RESTORE}
    )
    decision = decide(Request(kind, bar), after)
    assert (decision.step, decision.words) == (Step.END, OVERTAKEN)


def test_a_bar_that_bars_more_says_all_that_one_does_that_bars_less() -> None:
    rising = [BarKind.OUTGOING, BarKind.INCOMING, BarKind.OUT_OF_SERVICE]
    for n, asked in enumerate(rising):
        assert [bar for bar in rising if bars_as_much([bar], asked)] == rising[n:]
