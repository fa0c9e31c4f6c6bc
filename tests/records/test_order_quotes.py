"""Quotes: the order rehearsed, what is kept of it, who agreed, and placing by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from css.core.errors import CssError, NotFound, Refused, Several
from css.core.money import Price
from css.core.words import PairState
from css.db.engine import transaction
from css.master.plant import Pair
from css.migrations.tables import METADATA
from css.quotes.quote import quote_order
from css.quotes.script import OPENINGS
from orders.actions import cancel_order, place_order
from orders.actions.quoting import consent_quote
from orders.commands.orders import CancelOrder, OrderPlaced, PlaceOrder
from orders.commands.quotes import ConsentQuote, OrderQuoted, QuoteOrder
from orders.model import CustomerOrder
from orders.queries.cards import order_card
from orders.queries.quotes import quote_card, quotes_of_account
from orders.words import OrderKind, PlantOutcome
from tests import builders
from tests.builders import AT, CLERK, DAY, PARTNER_ACTOR, BuiltAccount, BuiltDistrict
from tests.race import together
from tests.records.gaining import a_takeover, partners_account
from tests.records.ordering import PROMISED, a_provide, complete, refused

LAST_DAY = DAY + timedelta(days=14)


@pytest.fixture
def zz(session: Session) -> BuiltDistrict:
    return builders.district(session)


@pytest.fixture
def account(session: Session, zz: BuiltDistrict) -> BuiltAccount:
    return builders.account(session, zz)


def quote(session: Session, command: PlaceOrder, *, token: str = "", at: datetime = AT) -> OrderQuoted:
    return quote_order(session, QuoteOrder(order=command, token=token), by=CLERK, at=at)


def by_quote(command: PlaceOrder, quoted: OrderQuoted, **others: object) -> PlaceOrder:
    return replace(command, quote_number=quoted.quote_number, **others)  # type: ignore[arg-type]


def agree(session: Session, quoted: OrderQuoted, who: str = "Ada Tansley") -> None:
    consent_quote(session, ConsentQuote(quote_number=quoted.quote_number, consented_by=who), by=CLERK, at=AT)


def place(session: Session, command: PlaceOrder) -> OrderPlaced:
    return place_order(session, command, by=CLERK, at=AT)


def refusal(session: Session, command: PlaceOrder) -> dict[str, str]:
    with pytest.raises(CssError) as caught:
        place(session, command)
    errors = caught.value.errors if isinstance(caught.value, Several) else (caught.value,)
    return {error.code: str(error) for error in errors}


def today_is(session: Session, day: date) -> None:
    session.execute(text("UPDATE css.business_date SET current_on = :day"), {"day": day})
    session.expire_all()


def counted(session: Session) -> dict[str, int]:
    return {table.fullname: session.execute(select(func.count()).select_from(table)).scalar_one() for table in METADATA.tables.values()}


def test_every_kind_of_order_has_its_words() -> None:
    assert set(OPENINGS) == set(OrderKind)


# --- quoting --------------------------------------------------------------------------------------------------------------


def test_a_quote_keeps_what_was_told_and_nothing_else(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    before = counted(session)
    quoted = quote(session, a_provide(zz, account))
    after = counted(session)
    assert {name for name in after if after[name] != before[name]} == {"orders.quote", "css.audit_event"}
    told = quoted.told
    assert (told.plant_outcome, told.earliest_on, told.committed_on) == (PlantOutcome.SPARE_PAIR, PROMISED, PROMISED)
    assert (told.term_months, told.term_ends_on, quoted.valid_through) == (12, date(2027, 3, 9), LAST_DAY)
    assert (told.once_gross.sterling, told.monthly_gross.sterling, told.monthly_net.sterling) == ("£150.00", "£22.60", "£18.83")
    card = quote_card(session, quoted.quote_number, by=CLERK)
    assert (card.told, card.asked.product_codes, card.consented_by, card.order_number) == (told, ("LINE-RES",), None, None)
    assert [row.quote_number for row in quotes_of_account(session, account.number, by=CLERK)] == [quoted.quote_number]


def test_a_number_nobody_asked_for_is_not_told(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    """A quote keeps no number: another may be the next free one when the order is placed."""
    told = quote(session, a_provide(zz, account)).told
    assert told.number is None
    assert "You will be given a number when you order." in told.script
    asked = quote(session, a_provide(zz, account, number="01632 960777")).told
    assert asked.number == "441632960777"
    assert "The number is 01632 960777." in asked.script


def test_where_plant_must_be_built_no_day_is_told(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    session.execute(update(Pair).values(state=PairState.FAULTY))
    told = quote(session, a_provide(zz, account, required_on=date(2026, 3, 30))).told
    assert (told.plant_outcome, told.committed_on) == (PlantOutcome.BUILD, None)
    assert any("Plant must be built first" in sentence for sentence in told.script)


def test_what_cannot_be_ordered_is_not_quoted(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    with pytest.raises(CssError, match="no number of Wrenford"):
        quote(session, a_provide(zz, account, number="020 7946 0000"))
    assert quotes_of_account(session, account.number, by=CLERK) == ()


def test_what_needs_consent_is_quoted_without_it(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    line = builders.working_line(session, zz, partners_account(session, zz))
    taking = replace(a_takeover(account, line.site, number=line.number), consented_by=None)
    quoted = quote(session, taking)
    assert quote_card(session, quoted.quote_number, by=CLERK).asked.consented_by is None
    assert "CSS250E" in refusal(session, by_quote(taking, quoted)), "nobody has agreed yet"
    agree(session, quoted, "Ben Marlow")
    placed = place(session, by_quote(taking, quoted))
    card = order_card(session, placed.order_number, by=CLERK)
    assert (card.consented_by, card.consented_at, card.quote_number) == ("Ben Marlow", AT, quoted.quote_number)


def test_the_same_token_gets_the_same_quote(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    command = a_provide(zz, account)
    assert quote(session, command, token="t1") == quote(session, command, token="t1")
    assert len(quotes_of_account(session, account.number, by=CLERK)) == 1


# --- agreeing -------------------------------------------------------------------------------------------------------------


def test_who_agreed_is_on_record_once(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    quoted = quote(session, a_provide(zz, account))
    with pytest.raises(Refused, match="Who agreed is needed"):
        agree(session, quoted, "  ")
    agree(session, quoted)
    agree(session, quoted, " Ada Tansley ")
    with pytest.raises(Refused, match="Ada Tansley agreed to quote"):
        agree(session, quoted, "Ben Marlow")
    row = quotes_of_account(session, account.number, by=CLERK)[0]
    assert (row.consented_by, row.consented_at) == ("Ada Tansley", AT)


def test_nobody_agrees_to_what_holds_no_longer(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    quoted = quote(session, a_provide(zz, account))
    today_is(session, LAST_DAY + timedelta(days=1))
    with pytest.raises(Refused, match="held until 16 March 2026"):
        agree(session, quoted)


# --- placing by it --------------------------------------------------------------------------------------------------------


def test_an_order_by_a_quote_says_so_and_is_the_only_one(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    command = a_provide(zz, account)
    quoted = quote(session, command)
    agree(session, quoted)
    placed = place(session, by_quote(command, quoted, contact_name="Mr Tansley", customer_reference="HIS/1"))
    card = order_card(session, placed.order_number, by=CLERK)
    assert (card.quote_number, card.consented_by) == (quoted.quote_number, "Ada Tansley")
    other = by_quote(command, quoted)
    assert placed.order_number in refusal(session, other)["CSS834E"]
    cancel_order(session, CancelOrder(order_number=placed.order_number, reason="Wrong day."), by=CLERK, at=AT)
    again = place(session, other)
    assert quote_card(session, quoted.quote_number, by=CLERK).order_number == again.order_number
    complete(session, again.order_number, PROMISED)
    assert again.order_number in refusal(session, other)["CSS834E"], "what was done by it was ordered by it"


def test_consent_given_with_the_order_counts_before_the_quotes(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    command = a_provide(zz, account)
    quoted = quote(session, command)
    agree(session, quoted)
    later = AT + timedelta(hours=3)
    placed = place_order(session, by_quote(command, quoted, consented_by="Mr Tansley"), by=CLERK, at=later)
    card = order_card(session, placed.order_number, by=CLERK)
    assert (card.consented_by, card.consented_at) == ("Mr Tansley", later)


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"product_codes": ("LINE-RES", "CALLER-DISPLAY")}, "product codes"),
        ({"required_on": date(2026, 3, 10)}, "required on"),
        ({"care_level": "3"}, "care level"),
        ({"number": "01632 960777"}, "number"),
    ],
)
def test_another_order_than_was_quoted_is_refused(
    session: Session, zz: BuiltDistrict, account: BuiltAccount, others: dict[str, object], said: str
) -> None:
    command = a_provide(zz, account)
    quoted = quote(session, command)
    assert refusal(session, by_quote(command, quoted, **others))["CSS832E"].endswith(f"it differs in {said}.")


def test_the_same_thing_written_otherwise_is_the_same_order(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    command = a_provide(zz, account, product_codes=("LINE-RES", "CALLER-DISPLAY"), number="01632 960777")
    quoted = quote(session, command)
    said_otherwise = by_quote(
        command,
        quoted,
        product_codes=("CALLER-DISPLAY", "LINE-RES"),
        number="+44 1632 960777",
        address_key=(command.address_key or "").lower(),
    )
    assert place(session, said_otherwise).number == "441632960777"


def test_a_quote_lapses(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    command = a_provide(zz, account, required_on=date(2026, 4, 13))
    quoted = quote(session, command)
    today_is(session, LAST_DAY + timedelta(days=1))
    assert "held until 16 March 2026" in refusal(session, by_quote(command, quoted))["CSS831E"]
    today_is(session, LAST_DAY)
    assert place(session, by_quote(command, quoted)).committed_on == date(2026, 4, 13)


def test_a_price_that_changed_is_told_and_nothing_is_ordered(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    command = a_provide(zz, account)
    quoted = quote(session, command)
    for kind, pence in (("rental", 2000), ("connection", 13000)):
        session.execute(
            text(
                "INSERT INTO css.product_price (product_id, kind, segment, starts_on, basis, net_price, gross_price, recorded_on, reason)"
                " SELECT id, :kind, 'residential', :day, 'net', :net, :net, :day, 'dearer' FROM css.product WHERE code = 'LINE-RES'"
            ),
            {"kind": kind, "day": DAY, "net": Price.of(pence).pence},
        )
    before = counted(session)
    said = refusal(session, by_quote(command, quoted))["CSS833E"]
    assert "LINE-RES is £20.00 before VAT a month, not £18.83 before VAT" in said
    assert "Connection of residential line is £130.00 before VAT, not £125.00 before VAT" in said
    assert counted(session) == before


def test_plant_that_has_gone_is_told(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    command = a_provide(zz, account, required_on=date(2026, 3, 30))
    quoted = quote(session, command)
    session.execute(update(Pair).values(state=PairState.FAULTY))
    said = refusal(session, by_quote(command, quoted))["CSS833E"]
    assert "the day promised is not known yet, not 30 March 2026" in said


def test_a_quote_of_another_account_is_not_there(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    quoted = quote(session, a_provide(zz, account))
    other = builders.account(session, zz)
    absent = f"There is no quote {quoted.quote_number}."
    assert refusal(session, by_quote(a_provide(zz, other), quoted)) == {"CSS830E": absent}
    for wanted in (
        lambda: quote_card(session, quoted.quote_number, by=PARTNER_ACTOR),
        lambda: consent_quote(session, ConsentQuote(quote_number=quoted.quote_number, consented_by="X"), by=PARTNER_ACTOR, at=AT),
    ):
        with pytest.raises(NotFound, match=absent):
            wanted()
    assert quotes_of_account(session, account.number, by=PARTNER_ACTOR) == ()


def test_a_quote_for_another_kind_of_order(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    quoted = quote(session, a_provide(zz, account))
    line = builders.working_line(session, zz, account)
    cease = PlaceOrder(
        kind=OrderKind.CEASE,
        account_number=account.number,
        number=line.number,
        required_on=PROMISED,
        contact_name="Ada Tansley",
        contact_phone="07700 900123",
        quote_number=quoted.quote_number,
    )
    assert refusal(session, cease)["CSS832E"].endswith("it differs in kind.")


def test_two_orders_by_one_quote_at_one_moment_are_one(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        zz = builders.district(session)
        command = a_provide(zz, builders.account(session, zz))
        quoted = quote(session, command)

    def ordering() -> OrderPlaced:
        with transaction(fresh_engine) as session:
            return place(session, by_quote(command, quoted))

    answers = together(ordering, ordering, ordering)
    assert sum(isinstance(answer, OrderPlaced) for answer in answers) == 1, answers
    assert {answer.code for answer in answers if isinstance(answer, CssError)} == {"CSS834E"}
    with Session(fresh_engine) as session:
        assert session.execute(select(func.count()).select_from(CustomerOrder)).scalar_one() == 1


def test_a_quote_of_no_such_form_is_told_with_everything_else(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    assert refused(session, a_provide(zz, account, quote_number="nonsense", contact_name=" ")) == {
        "CSS052E": "quote_number",
        "CSS221E": "contact_name",
    }
