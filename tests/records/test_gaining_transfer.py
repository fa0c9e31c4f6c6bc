"""The same occupant goes to another provider: what comes along, what cannot, what may be changed, and what comes of it."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.calendar import start_of_day
from css.core.errors import CssError
from css.core.words import DirectoryEntryKind, Segment
from css.master.services import Service
from orders.model import CustomerOrder
from orders.queries.cards import order_card
from orders.words import ItemAction, OrderKind, OrderState
from tests import builders
from tests.builders import CLERK, DAY, PARTNER_ACTOR, BuiltAccount, BuiltDistrict, BuiltLine
from tests.records.gaining import (
    OTHER,
    OTHER_ACTOR,
    TRANSFERRED,
    Working,
    a_transfer,
    cease_of,
    holds_of,
    kinds_of,
    listings_of,
    other_partner,
    outbox_of,
    partners_account,
    plant_of,
    services_on,
    stream_of,
    uses_of,
    with_changes,
)
from tests.records.ordering import a_cease, complete, place, refused

DAWN = start_of_day(TRANSFERRED)


def at_home(session: Session, zz: BuiltDistrict, *features: str, care_level: str | None = None) -> BuiltLine:
    """A line of our own retail arm's at somebody's home."""
    return builders.working_line(session, zz, builders.account(session, zz), features=features, care_level=care_level)


def test_like_for_like_everything_goes_on_with_the_other_provider(session: Session) -> None:
    zz = builders.district(session)
    line, gaining = at_home(session, zz, "CALLER-DISPLAY", "BROADBAND"), partners_account(session, zz)
    placed = place(session, a_transfer(gaining, line, authority="LOA 17"), by=PARTNER_ACTOR)
    assert (placed.state, placed.committed_on, placed.number) == (OrderState.COMMITTED, TRANSFERRED, line.number)
    card = order_card(session, placed.order_number, by=PARTNER_ACTOR)
    assert [(item.product_code, item.action) for item in card.items] == [
        ("LINE-WHO", ItemAction.ADD),
        ("CALLER-DISPLAY", ItemAction.ADD),
        ("BROADBAND", ItemAction.ADD),
    ]
    cease = cease_of(session, placed.order_number)
    complete(session, placed.order_number, TRANSFERRED)
    losing = line.account
    assert plant_of(session, line.id) == ("working", "BRACKWAT", gaining.id, "working")
    assert services_on(session, line.id) == [
        Working("BROADBAND", losing.id, DAY, TRANSFERRED, "transferred"),
        Working("CALLER-DISPLAY", losing.id, DAY, TRANSFERRED, "transferred"),
        Working("LINE-RES", losing.id, DAY, TRANSFERRED, "transferred"),
        Working("BROADBAND", gaining.id, TRANSFERRED, None, None),
        Working("CALLER-DISPLAY", gaining.id, TRANSFERRED, None, None),
        Working("LINE-WHO", gaining.id, TRANSFERRED, None, None),
    ]
    assert uses_of(session, line.number) == [(losing.id, start_of_day(DAY), DAWN), (gaining.id, DAWN, None)]
    # The same occupant: directory and emergency record stay as they are.
    assert listings_of(session, line.id) == [("DE", "Tansley A", "Mrs Ada Tansley", DAY, None)]
    assert holds_of(session, losing) == holds_of(session, gaining) == []
    assert [told.words for told in stream_of(session, cease)][-1] == "The line went to another provider on 16 March 2026."
    assert kinds_of(session, cease) == ["CREATED", "COMPLETED"]
    assert [(message["Kind"], message["Action"]) for message in outbox_of(session, "BRACKWAT")] == [
        ("ACKNOWLEDGED", "MODIFY"),
        ("COMMITTED", "MODIFY"),
        ("COMPLETED", "MODIFY"),
    ]


def test_between_two_partners_each_has_its_own_stream(session: Session) -> None:
    zz = builders.district(session)
    other_partner(session)
    losing, gaining = partners_account(session, zz), partners_account(session, zz, OTHER)
    line = builders.working_line(session, zz, losing)
    placed = place(session, a_transfer(gaining, line), by=OTHER_ACTOR)
    complete(session, placed.order_number, TRANSFERRED)
    cease = cease_of(session, placed.order_number)
    assert [(sent["Kind"], sent["OrderNumber"]) for sent in outbox_of(session, "BRACKWAT")] == [("CREATED", cease), ("COMPLETED", cease)]
    assert [(sent["Kind"], sent["OrderNumber"]) for sent in outbox_of(session, OTHER)] == [
        ("ACKNOWLEDGED", placed.order_number),
        ("COMMITTED", placed.order_number),
        ("COMPLETED", placed.order_number),
    ]


def test_back_from_a_partner_to_a_home(session: Session) -> None:
    zz = builders.district(session)
    losing, home = partners_account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, losing, features=("CALLER-DISPLAY",))
    placed = place(session, a_transfer(home, line))
    complete(session, placed.order_number, TRANSFERRED)
    assert services_on(session, line.id)[-2:] == [
        Working("CALLER-DISPLAY", home.id, TRANSFERRED, None, None),
        Working("LINE-RES", home.id, TRANSFERRED, None, None),
    ]
    main = (
        session.execute(select(Service).where(Service.line_id == line.id, Service.account_id == home.id).order_by(Service.id))
        .scalars()
        .first()
    )
    assert main is not None
    assert (main.care_level, main.minimum_term_ends_on) == ("1", date(2027, 3, 16))


def test_what_cannot_come_along_is_named(session: Session) -> None:
    zz = builders.district(session)
    line, gaining = at_home(session, zz, "MINUTES-100", "FRIENDS", "CALLER-DISPLAY"), partners_account(session, zz)
    with pytest.raises(CssError) as caught:
        place(session, a_transfer(gaining, line), by=PARTNER_ACTOR)
    assert (caught.value.code, caught.value.element) == ("CSS261E", "number")
    assert str(caught.value) == (
        "What works on the line cannot all come along, as it is not sold to wholesale accounts: 100 inclusive minutes (MINUTES-100), "
        "Friends and family (FRIENDS)."
    )


def test_a_promotion_is_the_losing_providers_price_and_stays_there(session: Session) -> None:
    zz = builders.district(session)
    line, gaining = at_home(session, zz, "HALF-PRICE"), partners_account(session, zz)
    placed = place(session, a_transfer(gaining, line), by=PARTNER_ACTOR)
    assert [item.product_code for item in order_card(session, placed.order_number, by=CLERK).items] == ["LINE-WHO"]
    complete(session, placed.order_number, TRANSFERRED)
    assert Working("HALF-PRICE", line.account.id, DAY, TRANSFERRED, "transferred") in services_on(session, line.id)


@pytest.mark.parametrize(
    ("segment", "features", "level", "expected"),
    [
        ("partner", ("CARE-2",), "2", ("CARE-2", "2")),
        ("partner", (), None, (None, "1")),
        ("firm", (), None, (None, "2")),
        ("firm", ("CARE-3",), "3", ("CARE-3", "3")),
    ],
)
def test_the_care_level_comes_along_or_a_better_one_that_costs_nothing(
    session: Session, segment: str, features: tuple[str, ...], level: str | None, expected: tuple[str | None, str]
) -> None:
    zz = builders.district(session)
    gaining = _gaining(session, zz, segment)
    losing = builders.account(session, zz) if segment == "partner" else _retail_line_of_a_partner(session, zz)
    line = builders.working_line(session, zz, losing, features=features, care_level=level)
    placed = place(session, a_transfer(gaining, line))
    card = order_card(session, placed.order_number, by=CLERK)
    assert card.care_level == expected[1]
    assert [item.product_code for item in card.items[1:]] == [code for code in (expected[0],) if code]
    complete(session, placed.order_number, TRANSFERRED)
    levels = session.execute(
        select(Service.care_level).where(Service.line_id == line.id, Service.account_id == gaining.id, Service.care_level.is_not(None))
    ).scalars()
    assert list(levels) == [expected[1]]


def _gaining(session: Session, zz: BuiltDistrict, segment: str) -> BuiltAccount:
    if segment == "partner":
        return partners_account(session, zz)
    return builders.account(session, zz, segment=Segment.BUSINESS, billing_name="Tansley & Co")


def _retail_line_of_a_partner(session: Session, zz: BuiltDistrict) -> BuiltAccount:
    return partners_account(session, zz)


def test_it_is_for_another_providers_line_only(session: Session) -> None:
    zz = builders.district(session)
    line = at_home(session, zz)
    assert refused(session, a_transfer(builders.account(session, zz), line)) == {"CSS260E": "number"}


def test_number_and_postcode_must_both_be_right_and_nobody_learns_which_was_not(session: Session) -> None:
    zz = builders.district(session)
    line, gaining = at_home(session, zz), partners_account(session, zz)

    def sentence(**wrong: object) -> str:
        with pytest.raises(CssError) as caught:
            place(session, a_transfer(gaining, line, **wrong), by=PARTNER_ACTOR)
        assert caught.value.code == "CSS259E"
        return str(caught.value)

    nobodys = sentence(number="01632 960999", postcode="ZZ8 1AA")
    elsewhere = sentence(postcode="ZZ8 1AA")
    assert elsewhere.replace("960123", "960999") == nobodys


def test_everything_wrong_is_told_at_once(session: Session) -> None:
    zz = builders.district(session)
    line, gaining = at_home(session, zz, "FRIENDS"), partners_account(session, zz)
    command = a_transfer(
        gaining,
        line,
        consented_by=" ",
        required_on=date(2026, 3, 13),
        product_codes=("CALL-WAITING",),
        emergency_name="Mrs A",
        contact_name="",
    )
    assert refused(session, command, by=PARTNER_ACTOR) == {
        "CSS250E": "consented_by",
        "CSS213E": "required_on",
        "CSS223E": "emergency_name",
        "CSS221E": "contact_name",
        "CSS261E": "number",
    }
    assert refused(session, a_transfer(gaining, line, number=None), by=PARTNER_ACTOR) == {"CSS221E": "number"}
    assert refused(session, a_transfer(gaining, line, postcode=None), by=PARTNER_ACTOR) == {"CSS221E": "postcode"}
    assert refused(session, a_transfer(gaining, line, number="1", postcode="ZZ"), by=PARTNER_ACTOR) == {
        "CSS083E": "number",
        "CSS065E": "postcode",
    }


def test_another_order_on_the_line_comes_first(session: Session) -> None:
    zz = builders.district(session)
    line, gaining = at_home(session, zz), partners_account(session, zz)
    open_one = place(session, a_cease(line.account, line.number))
    with pytest.raises(CssError) as caught:
        place(session, a_transfer(gaining, line), by=PARTNER_ACTOR)
    assert caught.value.code == "CSS207E"
    assert open_one.order_number not in str(caught.value)


def test_with_changes_features_care_and_listing_are_others_from_the_day_on(session: Session) -> None:
    zz = builders.district(session)
    line, gaining = at_home(session, zz, "FRIENDS", "CALLER-DISPLAY", "CALL-WAITING"), partners_account(session, zz)
    command = with_changes(
        gaining,
        line,
        remove_codes=("FRIENDS", "CALL-WAITING"),
        product_codes=("VOICEMAIL-1571",),
        care_level="3",
        directory_kind=DirectoryEntryKind.EX_DIRECTORY,
        emergency_name="The Tansleys",
    )
    placed = place(session, command, by=PARTNER_ACTOR)
    card = order_card(session, placed.order_number, by=PARTNER_ACTOR)
    assert (card.kind, card.care_level) == (OrderKind.TRANSFER_WITH_CHANGES, "3")
    assert [item.product_code for item in card.items] == ["LINE-WHO", "CALLER-DISPLAY", "VOICEMAIL-1571", "CARE-3"]
    complete(session, placed.order_number, TRANSFERRED)
    assert [each.code for each in services_on(session, line.id) if each.account_id == gaining.id] == [
        "CALLER-DISPLAY",
        "CARE-3",
        "LINE-WHO",
        "VOICEMAIL-1571",
    ]
    assert all(each.ends_on == TRANSFERRED for each in services_on(session, line.id) if each.account_id == line.account.id)
    was, now = listings_of(session, line.id)
    assert was == ("DE", "Tansley A", "Mrs Ada Tansley", DAY, TRANSFERRED)
    assert now[0] == "XD"
    assert now[2:] == ("The Tansleys", TRANSFERRED, None)


def test_with_changes_what_is_not_said_stays(session: Session) -> None:
    zz = builders.district(session)
    line, gaining = at_home(session, zz, "CALLER-DISPLAY"), partners_account(session, zz)
    placed = place(session, with_changes(gaining, line, emergency_name="The Tansleys"), by=PARTNER_ACTOR)
    complete(session, placed.order_number, TRANSFERRED)
    assert listings_of(session, line.id)[-1] == ("DE", "Tansley A", "The Tansleys", TRANSFERRED, None)
    assert [each.code for each in services_on(session, line.id) if each.ends_on is None] == ["CALLER-DISPLAY", "LINE-WHO"]


def test_with_changes_that_cannot_be(session: Session) -> None:
    zz = builders.district(session)
    line, gaining = at_home(session, zz, "CALL-BARRING"), partners_account(session, zz)
    assert refused(session, with_changes(gaining, line, product_codes=("CALL-DIVERSION",)), by=PARTNER_ACTOR) == {
        "CSS216E": "product_codes[0]"
    }
    swapped = with_changes(gaining, line, product_codes=("CALL-DIVERSION",), remove_codes=("CALL-BARRING",))
    assert refused(session, with_changes(gaining, line, product_codes=("CALL-BARRING",)), by=PARTNER_ACTOR) == {
        "CSS273E": "product_codes[0]"
    }
    assert refused(session, with_changes(gaining, line, remove_codes=("CALL-WAITING",)), by=PARTNER_ACTOR) == {"CSS274E": "remove_codes[0]"}
    assert refused(session, with_changes(gaining, line, product_codes=("LINE-WHO",)), by=PARTNER_ACTOR) == {"CSS270E": "product_codes[0]"}
    assert refused(session, with_changes(gaining, line, product_codes=("FRIENDS",)), by=PARTNER_ACTOR) == {"CSS212E": "product_codes[0]"}
    assert refused(session, with_changes(gaining, line, care_level="5"), by=PARTNER_ACTOR) == {"CSS217E": "care_level"}
    assert refused(session, with_changes(gaining, line, emergency_name="Mrs Ada Tansley"), by=PARTNER_ACTOR) == {
        "CSS277E": "emergency_name"
    }
    place(session, swapped, by=PARTNER_ACTOR)


def test_no_number_is_kept_for_it_because_it_is_in_use(session: Session) -> None:
    zz = builders.district(session)
    line, gaining = at_home(session, zz), partners_account(session, zz)
    placed = place(session, a_transfer(gaining, line), by=PARTNER_ACTOR)
    order = session.execute(select(CustomerOrder).where(CustomerOrder.number == placed.order_number)).scalar_one()
    assert (order.kept_number, order.old_number, order.telephone_number) == (None, None, line.number)
