"""Who ends a fault at the same moment as somebody else: one wins, the other is told, and nothing is left twice."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from css.core.errors import CssError
from css.core.words import LineState, PairState
from css.db.engine import transaction
from css.handover import BillableItem, Hold, ServiceFailure
from css.master.lines import Line
from css.master.plant import Pair
from orders.actions.find import take_spare_pair
from repairs.model import ClockInterval, Fault, FaultEvent, PairChange
from repairs.words import FaultState
from tests import builders
from tests.race import together
from tests.records.clearing import SOON, accept, engineer, reject, send, silence
from tests.records.faults import AT, LATE, Town, build, clear, count, report, withdraw


def _town(engine: Engine, *, cleared: bool = False, sent: bool = False) -> tuple[Town, str]:
    with transaction(engine) as session:
        town = build(session)
        engineer(session)
        number = report(session, charge_band=4).fault_number
        if sent:
            send(session, number)
        if cleared:
            clear(session, number, "RWT", at=SOON)
    return town, number


def _deed(engine: Engine, deed: Callable[[Session], object]) -> Callable[[], object]:
    def done() -> object:
        with transaction(engine) as session:
            return deed(session)

    return done


def _told(found: list[object]) -> list[str]:
    return [one.code if isinstance(one, CssError) else "done" for one in found]


def test_of_many_who_clear_one_fault_one_does(fresh_engine: Engine) -> None:
    _, number = _town(fresh_engine)
    found = together(*[_deed(fresh_engine, lambda session: clear(session, number, at=LATE))] * 4)
    assert sorted(_told(found)) == ["CSS301E"] * 3 + ["done"]
    with transaction(fresh_engine) as session:
        assert count(session, ServiceFailure) == 1
        assert session.execute(select(Fault.clear_count)).scalar_one() == 1
        assert session.execute(select(func.count()).select_from(FaultEvent).where(FaultEvent.deed == "clear")).scalar_one() == 1


def test_of_a_clear_and_a_withdrawal_one_ends_it(fresh_engine: Engine) -> None:
    _, number = _town(fresh_engine)
    found = together(
        _deed(fresh_engine, lambda session: clear(session, number, at=LATE)),
        _deed(fresh_engine, lambda session: withdraw(session, number, at=LATE)),
    )
    assert sorted(_told(found)) == ["CSS301E", "done"]
    with transaction(fresh_engine) as session:
        state = session.execute(select(Fault.state)).scalar_one()
        assert (state is FaultState.CLEARED) is (_told(found)[0] == "done")
        assert count(session, ServiceFailure) == (1 if state is FaultState.CLEARED else 0)
        assert session.execute(select(ClockInterval).where(ClockInterval.ends_at.is_(None))).first() is None


def test_of_an_acceptance_a_rejection_and_silence_one_is_heard(fresh_engine: Engine) -> None:
    _, number = _town(fresh_engine, cleared=True, sent=True)
    found = together(
        _deed(fresh_engine, lambda session: accept(session, number)),
        _deed(fresh_engine, lambda session: reject(session, number)),
        _deed(fresh_engine, lambda session: silence(session, LATE)),
    )
    with transaction(fresh_engine) as session:
        state = session.execute(select(Fault.state)).scalar_one()
        deeds = session.execute(select(FaultEvent.deed).order_by(FaultEvent.sequence)).scalars().all()
        holds = session.execute(select(func.count()).select_from(Hold).where(Hold.ends_at.is_(None))).scalar_one()
        items = count(session, BillableItem)
    assert state in {FaultState.CLOSED, FaultState.QUEUED}
    assert (deeds.count("accept"), deeds.count("reject")) == ((1, 0) if state is FaultState.CLOSED else (0, 1))
    # What is charged is charged with the acceptance, once; what goes on has its hold again.
    assert (items > 0, holds) == ((True, 0) if state is FaultState.CLOSED else (False, 1))
    assert _told(found)[1] in ({"CSS867E"} if state is FaultState.CLOSED else {"done"})


def test_a_pair_swap_and_an_order_never_get_the_same_pair(fresh_engine: Engine) -> None:
    town, number = _town(fresh_engine)
    with transaction(fresh_engine) as session:
        # One spare pair is left for both of them.
        for pair_id in town.zz.pair_ids[3:]:
            session.get_one(Pair, pair_id).state = PairState.FAULTY

    def order(session: Session) -> int | None:
        pair_id = take_spare_pair(session, town.zz.distribution_point_id)
        if pair_id is not None:
            session.add(
                Line(
                    district_code="ZZ",
                    provider_id=town.account.provider_id,
                    account_id=town.account.id,
                    site_id=town.zz.gold[2].id,
                    pair_id=pair_id,
                    state=LineState.PLANNED,
                    starts_on=builders.DAY,
                )
            )
            session.flush()
        return pair_id

    ordered, swapped = together(
        _deed(fresh_engine, order), _deed(fresh_engine, lambda session: clear(session, number, "DP", at=AT, pair_number=3))
    )
    last = town.zz.pair_ids[2]
    with transaction(fresh_engine) as session:
        on_it = session.execute(select(func.count()).select_from(Line).where(Line.pair_id == last, Line.ends_on.is_(None))).scalar_one()
        changes = count(session, PairChange)
        state = session.execute(select(Fault.state)).scalar_one()
    assert on_it == 1
    if isinstance(swapped, CssError):
        assert (swapped.code, ordered, changes, state) == ("CSS348E", last, 0, FaultState.REPORTED)
    else:
        assert (ordered, changes, state) == (None, 1, FaultState.CLEARED)


def test_two_lines_that_want_one_pair_get_one_between_them(fresh_engine: Engine) -> None:
    town, number = _town(fresh_engine)
    with transaction(fresh_engine) as session:
        other = report(session, number=town.carrier_line.number).fault_number

    def swap(fault_number: str) -> Callable[[], object]:
        return _deed(fresh_engine, lambda session: clear(session, fault_number, "DP", at=AT, pair_number=4))

    found = together(swap(number), swap(other))
    assert sorted(_told(found)) == ["CSS348E", "done"]
    with transaction(fresh_engine) as session:
        assert count(session, PairChange) == 1
