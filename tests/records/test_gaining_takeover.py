"""Whoever moves in takes over the line of whoever moves out: what is refused, what the other side is told, and what comes of it."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import start_of_day
from css.core.errors import CssError, NotFound, Refused, Several
from css.core.words import BarKind, DirectoryEntryKind, EndReason, LineState, PairState, Segment
from css.master.lines import Line, LineBar
from css.master.plant import Pair
from css.master.services import Service
from orders.actions import cancel_order, complete_order
from orders.commands.orders import CancelOrder, CompleteOrder, PlaceOrder
from orders.model import CustomerOrder, OrderItem
from orders.queries.cards import order_card
from orders.words import ItemAction, OrderKind, OrderState
from tests import builders
from tests.builders import AT, CLERK, DAY, PARTNER_ACTOR, SYSTEM, BuiltAccount
from tests.records.gaining import (
    OTHER,
    OTHER_ACTOR,
    TAKEN,
    Working,
    a_takeover,
    cease_of,
    holds_of,
    kinds_of,
    listings_of,
    other_partner,
    outbox_of,
    partners_account,
    plant_of,
    services_on,
    state_of,
    stream_of,
    uses_of,
)
from tests.records.ordering import a_cease, complete, place, refused

DAWN = start_of_day(TAKEN)


def said(session: Session, command: PlaceOrder, by: Actor = CLERK) -> str:
    """The sentence an order is refused with."""
    with pytest.raises(CssError) as caught:
        place(session, command, by=by)
    return str(caught.value)


def test_the_line_passes_with_its_number_and_the_loser_is_told(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = partners_account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, leaver, features=("CALLER-DISPLAY",))
    placed = place(session, a_takeover(mover, line.site, number=line.number, product_codes=("LINE-RES", "VOICEMAIL-1571")))
    assert (placed.state, placed.committed_on, placed.number, placed.plant_outcome) == (OrderState.COMMITTED, TAKEN, line.number, None)
    cease = cease_of(session, placed.order_number)
    card = order_card(session, cease, by=PARTNER_ACTOR)
    assert (card.kind, card.state, card.account_number, card.number) == (OrderKind.CEASE, OrderState.COMMITTED, leaver.number, line.number)
    assert (card.required_on, card.committed_on, card.target_on) == (TAKEN, TAKEN, TAKEN)
    assert card.no_return_at == order_card(session, placed.order_number, by=CLERK).no_return_at
    assert [(item.product_code, item.action) for item in card.items] == [
        ("LINE-WHO", ItemAction.REMOVE),
        ("CALLER-DISPLAY", ItemAction.REMOVE),
    ]
    assert holds_of(session, leaver) == [("open-order", cease)]
    # Until then nothing has changed.
    assert plant_of(session, line.id) == ("working", "BRACKWAT", leaver.id, "working")

    complete(session, placed.order_number, TAKEN)
    assert plant_of(session, line.id) == ("working", "RETAIL", mover.id, "working")
    assert services_on(session, line.id) == [
        Working("CALLER-DISPLAY", leaver.id, DAY, TAKEN, "taken-over"),
        Working("LINE-WHO", leaver.id, DAY, TAKEN, "taken-over"),
        Working("LINE-RES", mover.id, TAKEN, None, None),
        Working("VOICEMAIL-1571", mover.id, TAKEN, None, None),
    ]
    assert uses_of(session, line.number) == [(leaver.id, start_of_day(DAY), DAWN), (mover.id, DAWN, None)]
    assert listings_of(session, line.id) == [
        ("DE", "Tansley A", "Mrs Ada Tansley", DAY, TAKEN),
        ("DE", "Marlow B", "Mr Ben Marlow", TAKEN, None),
    ]
    assert holds_of(session, leaver) == holds_of(session, mover) == []
    assert kinds_of(session, placed.order_number) == ["ACKNOWLEDGED", "COMMITTED", "COMPLETED"]
    done = order_card(session, cease, by=PARTNER_ACTOR)
    assert (done.state, done.done_on) == (OrderState.COMPLETED, TAKEN)
    created, done_event = stream_of(session, cease)
    assert created.words == (
        "A new occupant is to take over the line on 9 March 2026. If nobody of yours wants that, stop it before 16:00 on 6 March 2026."
    )
    assert done_event.words == "A new occupant took the line over on 9 March 2026."
    sent = outbox_of(session, "BRACKWAT")
    assert [(message["Kind"], message["OrderNumber"], message["Action"], message["State"]) for message in sent] == [
        ("CREATED", cease, "CEASE", "COMMITTED"),
        ("COMPLETED", cease, "CEASE", "COMPLETED"),
    ]
    assert sent[0]["TelephoneNumber"] == f"+{line.number}"


def test_what_ends_and_begins_says_by_which_order(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = builders.account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, leaver)
    placed = place(session, a_takeover(mover, line.site))
    complete(session, placed.order_number, TAKEN)
    rows = session.execute(select(Service).where(Service.line_id == line.id).order_by(Service.id)).scalars().all()
    assert [(row.end_reason, row.end_order_number, row.end_recorded_on) for row in rows] == [
        (EndReason.TAKEN_OVER, placed.order_number, TAKEN),
        (None, None, None),
    ]
    assert rows[1].order_number == placed.order_number
    assert rows[1].minimum_term_ends_on == date(2027, 3, 9), "who comes is bound anew"


def test_the_loser_is_not_told_who_comes(session: Session) -> None:
    zz = builders.district(session)
    other_partner(session)
    leaver, mover = partners_account(session, zz), partners_account(session, zz, OTHER)
    line = builders.working_line(session, zz, leaver)
    placed = place(session, a_takeover(mover, line.site), by=OTHER_ACTOR)
    complete(session, placed.order_number, TAKEN)
    cease = cease_of(session, placed.order_number)
    seen = str(order_card(session, cease, by=PARTNER_ACTOR)) + str(outbox_of(session, "BRACKWAT"))
    for secret in (placed.order_number, mover.number, "Marlow", OTHER, "900456"):
        assert secret not in seen
    with pytest.raises(NotFound):
        order_card(session, placed.order_number, by=PARTNER_ACTOR)
    with pytest.raises(NotFound):
        order_card(session, cease, by=OTHER_ACTOR)
    assert [message["OrderNumber"] for message in outbox_of(session, OTHER)] == [placed.order_number] * 3


def test_the_number_is_left_behind_when_another_is_wanted(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = builders.account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, leaver)
    placed = place(session, a_takeover(mover, line.site, keeps_number=False))
    assert placed.number not in {None, line.number}
    cease = cease_of(session, placed.order_number)
    assert order_card(session, cease, by=CLERK).number == line.number
    complete(session, placed.order_number, TAKEN)
    assert uses_of(session, line.number) == [(leaver.id, start_of_day(DAY), DAWN)]
    assert uses_of(session, placed.number or "") == [(mover.id, DAWN, None)]


def test_whoever_does_not_know_the_number_is_given_another(session: Session) -> None:
    """It may be ex-directory: an order by the address alone, cancelled at once, must not find it out."""
    zz = builders.district(session)
    line = builders.working_line(session, zz, builders.account(session, zz))
    for by in (CLERK, PARTNER_ACTOR):
        mover = builders.account(session, zz, provider_code=by.provider_code)
        placed = place(session, a_takeover(mover, line.site), by=by)
        assert placed.number not in {line.number, None}
        assert line.number not in str(order_card(session, placed.order_number, by=by))
        cancel_order(session, CancelOrder(order_number=placed.order_number, reason="Only looking."), by=by, at=AT)


def test_a_number_of_the_movers_choice(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = builders.account(session, zz), builders.account(session, zz)
    line, taken = builders.working_line(session, zz, leaver), builders.working_line(session, zz, leaver)
    assert refused(session, a_takeover(mover, line.site, new_number=taken.number)) == {"CSS225E": "new_number"}
    placed = place(session, a_takeover(mover, line.site, new_number="01632 960777"))
    assert placed.number == "441632960777"
    again = a_takeover(mover, taken.site, new_number="01632 960777")
    assert refused(session, again) == {"CSS226E": "new_number"}, "it is kept for the order that asked first"


def test_a_line_can_be_started_and_taken_over_and_over(session: Session) -> None:
    zz = builders.district(session)
    first, second = builders.account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, first)
    one = place(session, a_takeover(second, line.site, number=line.number))
    complete(session, one.order_number, TAKEN)
    at = datetime.combine(TAKEN, AT.timetz())
    back = place(session, a_takeover(first, line.site, number=line.number, required_on=date(2026, 3, 16)), at=at)
    complete(session, back.order_number, date(2026, 3, 16))
    assert [use[0] for use in uses_of(session, line.number)] == [first.id, second.id, first.id]


def test_bars_for_the_leavers_debts_do_not_bind_the_mover(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = builders.account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, leaver)
    session.add(LineBar(line_id=line.id, kind=BarKind.OUTGOING, starts_at=AT, reference="ZZO"))
    session.flush()
    placed = place(session, a_takeover(mover, line.site))
    complete(session, placed.order_number, TAKEN)
    assert session.execute(select(LineBar.ends_at).where(LineBar.line_id == line.id)).scalar() is not None


def test_what_is_needed_is_told_at_once(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = builders.account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, leaver)
    found = refused(
        session,
        a_takeover(
            mover, line.site, consented_by=None, emergency_name=None, required_on=date(2026, 3, 6), postcode="ZZ8 1AA", product_codes=()
        ),
    )
    assert found == {
        "CSS250E": "consented_by",
        "CSS221E": "emergency_name",
        "CSS213E": "required_on",
        "CSS259E": "postcode",
        "CSS210E": "product_codes",
    }
    assert (
        place(session, a_takeover(mover, line.site, number=line.number, postcode=line.site.postcode.lower().replace(" ", ""))).number
        == line.number
    )


def test_consent_stays_on_record(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = builders.account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, leaver)
    placed = place(session, a_takeover(mover, line.site, consented_by="  Ben Marlow "))
    row = session.execute(select(CustomerOrder).where(CustomerOrder.number == placed.order_number)).scalar_one()
    assert (row.consented_by, row.consented_at) == ("Ben Marlow", AT)


def test_there_must_be_somebody_to_take_it_from(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = builders.account(session, zz), builders.account(session, zz)
    assert refused(session, a_takeover(mover, zz.gold[0])) == {"CSS258E": "address_key"}
    builders.stopped_line(session, zz, site=zz.gold[0])
    assert refused(session, a_takeover(mover, zz.gold[0])) == {"CSS258E": "address_key"}, "a stopped line is started"
    assert refused(session, a_takeover(mover, zz.silver)) == {"CSS258E": "address_key"}
    line = builders.working_line(session, zz, leaver, site=zz.gold[1])
    assert refused(session, a_takeover(leaver, line.site)) == {"CSS260E": "account_number"}
    elsewhere = builders.working_line(session, zz, leaver, site=zz.gold[2])
    assert refused(session, a_takeover(mover, line.site, number=elsewhere.number)) == {"CSS258E": "number"}
    assert refused(session, a_takeover(mover, line.site, number="01632")) == {"CSS081E": "number"}
    assert refused(session, a_takeover(mover, line.site, address_key="A00000000000")) == {"CSS209E": "address_key"}


def test_of_several_lines_the_number_says_which_and_is_never_told(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = builders.account(session, zz), builders.account(session, zz)
    one = builders.working_line(session, zz, leaver, site=zz.gold[0])
    two = builders.working_line(session, zz, leaver, site=zz.gold[0])
    sentence = said(session, a_takeover(mover, zz.gold[0]))
    assert "There are 2 working lines at the address" in sentence
    for line in (one, two):
        assert line.number[-6:] not in sentence.replace(" ", "")
    assert place(session, a_takeover(mover, zz.gold[0], number=two.number)).number == two.number


def test_a_line_on_which_an_order_is_open_waits_for_it(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = builders.account(session, zz), partners_account(session, zz)
    line = builders.working_line(session, zz, leaver)
    ceasing = place(session, a_cease(leaver, line.number))
    assert refused(session, a_takeover(mover, line.site)) == {"CSS207E": "number"}
    assert ceasing.order_number in said(session, a_takeover(mover, line.site))
    assert ceasing.order_number not in said(session, a_takeover(mover, line.site), PARTNER_ACTOR), "another's order is not its business"


def test_while_a_line_is_being_taken_its_owner_orders_nothing_for_it(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = partners_account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, leaver)
    placed = place(session, a_takeover(mover, line.site))
    with pytest.raises(CssError) as caught:
        place(session, a_cease(leaver, line.number), by=PARTNER_ACTOR)
    assert caught.value.code == "CSS207E"
    assert placed.order_number not in str(caught.value)
    assert refused(session, a_takeover(builders.account(session, zz), line.site)) == {"CSS207E": "number"}


def test_an_account_of_another_district_cannot(session: Session) -> None:
    zz, yy = builders.district(session), builders.district(session, "YY")
    line = builders.working_line(session, zz, builders.account(session, zz))
    assert refused(session, a_takeover(builders.account(session, yy), line.site)) == {"CSS240E": "address_key"}


def test_the_day_before_the_order_cannot_be_the_day(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = builders.account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, leaver)
    placed = place(session, a_takeover(mover, line.site))
    with pytest.raises(Refused) as caught:
        complete_order(session, CompleteOrder(order_number=placed.order_number, done_on=date(2026, 3, 1)), by=SYSTEM, at=AT)
    assert caught.value.code == "CSS232E"
    assert state_of(session, cease_of(session, placed.order_number)) is OrderState.COMMITTED


def test_the_end_of_the_leaver_does_not_move_the_line_twice(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = builders.account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, leaver)
    placed = place(session, a_takeover(mover, line.site))
    cease = cease_of(session, placed.order_number)
    with pytest.raises(Refused) as caught:
        complete_order(session, CompleteOrder(order_number=cease, done_on=DAY), by=SYSTEM, at=AT)
    assert caught.value.code == "CSS255E"


def test_an_installation_of_several_lines_is_taken_whole_by_who_can_have_it(session: Session) -> None:
    zz = builders.district(session)
    leaver = builders.account(session, zz, segment=Segment.BUSINESS)
    mover, home = partners_account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, leaver, features=("AUX-LINE",))
    beside = _auxiliary(session, line.id, leaver)
    session.execute(update(Service).where(Service.id == line.feature_service_ids[0]).values(quantity=1))
    assert refused(session, a_takeover(home, line.site)) == {"CSS261E": "product_codes"}
    placed = place(session, a_takeover(mover, line.site), by=PARTNER_ACTOR)
    complete(session, placed.order_number, TAKEN)
    assert plant_of(session, beside) == ("working", "BRACKWAT", mover.id, "working")
    assert Working("AUX-LINE", mover.id, TAKEN, None, None) in services_on(session, line.id)


def _auxiliary(session: Session, line_id: int, account: BuiltAccount) -> int:
    main = session.get_one(Line, line_id)
    pair = session.execute(select(Pair).where(Pair.state == PairState.SPARE).limit(1)).scalar_one()
    pair.state = PairState.WORKING
    line = Line(
        district_code=main.district_code,
        provider_id=account.provider_id,
        account_id=account.id,
        site_id=main.site_id,
        pair_id=pair.id,
        state=LineState.WORKING,
        starts_on=main.starts_on,
        auxiliary_of_id=line_id,
    )
    session.add(line)
    session.flush()
    return line.id


def test_several_breaches_come_as_several(session: Session) -> None:
    zz = builders.district(session)
    mover = builders.account(session, zz)
    with pytest.raises(Several):
        place(session, a_takeover(mover, zz.gold[0], consented_by=None, directory_kind=DirectoryEntryKind.EX_DIRECTORY))
    assert session.execute(select(OrderItem)).first() is None


def test_the_loser_is_told_what_rides_on_the_line(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = builders.account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, leaver, features=("BROADBAND", "ALARM"))
    placed = place(session, a_takeover(mover, line.site))
    (created,) = stream_of(session, cease_of(session, placed.order_number))
    assert "What rides on it stops for you too: Broadband access, Alarm signalling." in created.words
