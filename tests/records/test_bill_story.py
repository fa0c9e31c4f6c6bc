"""Why a bill's lines are what they are: stories of bills that nights have made, every kind of line, in few statements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from billing.actions import take_payment
from billing.actions.account_terms import change_cycle
from billing.actions.adjustments import adjust_account, credit_bill_line
from billing.actions.benefits import name_friend
from billing.actions.prices import set_product_price
from billing.actions.promotions import give_promotion
from billing.actions.rerating import rerate_usage
from billing.benefit_commands import GivePromotion, NameFriend
from billing.commands import TakePayment
from billing.credit_commands import AdjustAccount, CreditBillLine
from billing.queries.bill_story import BillStory, bill_line_story, bill_story
from billing.rerating_commands import RerateUsage
from billing.rules.explain_line import LineStory
from billing.terms_commands import ChangeCycle, SetProductPrice
from billing.words import BillKind, BillState, LineKind, PaymentMethod
from css.core.calendar import ONE_DAY
from css.core.errors import CssError, NotFound
from css.core.money import Money, Price
from css.core.words import BillFrequency, Itemisation, Segment, VatStatus
from css.master.accounts import Account, AccountVatStatus
from css.master.services import Service
from tests import builders
from tests.conftest import QueryCount
from tests.records.billed import at, begin, bills, cease, finish, leave_item, night, rated_call
from tests.records.priced import LONDON, MOBILE, PREMIUM, call, correct_tariff, rated
from tests.records.test_groups import group_night, joined
from tests.rules.sums import money_of

START = date(2026, 1, 15)
FEBRUARY, MARCH = date(2026, 2, 5), date(2026, 3, 5)
IN_JANUARY = datetime(2026, 1, 20, 12, tzinfo=UTC)


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


@pytest.fixture
def home(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    """A residential line from 15 January on an account billed on the 5th."""
    account = builders.account(session, zz, cycle_day=5)
    return builders.working_line(session, zz, account, starts_on=START)


def told(session: Session, account: builders.BuiltAccount) -> BillStory:
    """The story of the account's last bill; every line of it must be made by the sums it prints, to the penny."""
    bill = bills(session, account)[-1]
    story = bill_story(session, str(bill.number), by=builders.CLERK)
    for line in story.lines:
        assert line.agrees, line
        assert sum(map(money_of, line.parts)) == line.net.pence, line
        assert bill_line_story(session, str(bill.number), line.line_number, by=builders.CLERK) == line
    net, *vat, invoice, due = story.sums
    assert [money_of(one) for one in (net, invoice, due)] == [bill.invoice_net.pence, bill.invoice_gross.pence, bill.amount_due.pence]
    assert sum(map(money_of, vat)) == bill.invoice_vat.pence
    return story


def of(story: BillStory, words: str) -> LineStory:
    """The one line that begins with these words."""
    (line,) = [line for line in story.lines if line.words.startswith(words)]
    return line


def discount(story: BillStory, words: str) -> LineStory:
    (line,) = [line for line in story.lines if line.kind is LineKind.DISCOUNT and line.words.startswith(words)]
    return line


def sums(line: LineStory) -> list[list[str]]:
    return [[step.sum for step in part.steps] for part in line.parts]


def said(line: LineStory, *wanted: str) -> None:
    for sentence in wanted:
        assert any(sentence in one for one in line.told), (sentence, line.told)


def test_a_first_bill(session: Session, home: builders.BuiltLine) -> None:
    leave_item(session, home, "LINE-RES", "12500", START)
    rated(session, [call(home.number, at=IN_JANUARY), call(home.number, MOBILE, at=IN_JANUARY)], on=date(2026, 1, 20))
    night(session, FEBRUARY)
    story = told(session, home.account)

    month = story.lines[0]
    assert sums(month) == [["1883.333333 x 1"]]
    said(month, "in advance", "from 01/04/2025 to 31/03/2026 is 1883.333333 pence a month net, published as 2260 pence with VAT")
    days = of(story, "Residential line, 21 of 31 days")
    assert sums(days) == [["1883.333333 x 1 x 21 / 31"]]
    assert days.parts[0].steps[0].pence == "1275.806451"
    said(days, "The service began on 15/01/2026", "half up to the penny, once: £12.76", "VAT at 20%")

    item = of(story, "Connection")
    assert sums(item) == [["12500 x 1"]]
    said(item, "ZZO00000015", "left for billing on 15/01/2026", "The price in force on 15/01/2026 was 12500 pence net for each")

    calls = of(story, "Calls to UK landlines, daytime")
    said(calls, "1 call lasting 2:02", "Tariff RES version", "The dearest: ", "020 7946 0123", "`css usage explain`")
    assert "London (numbers that begin with 4420) by RES version" in calls.parts[0].steps[0].words
    assert "2:02, 3 units" in calls.parts[0].steps[0].words

    vat = story.sums[1]
    assert vat.words == f"VAT S 20% on the net total of lines {', '.join(str(line.line_number) for line in story.lines)}"
    assert story.sums[-1].steps[-1].words == "invoice total"


def test_a_service_charge_is_told_apart(session: Session, home: builders.BuiltLine) -> None:
    rated(session, [call(home.number, PREMIUM, at=IN_JANUARY)], on=date(2026, 1, 20))
    night(session, FEBRUARY)
    line = of(told(session, home.account), "Calls to premium rate numbers")
    assert "p of it is the service charge by SVC version" in line.parts[0].steps[0].words


def test_a_cease_learned_of_late_says_so(session: Session, home: builders.BuiltLine, zz: builders.BuiltDistrict) -> None:
    display = builders.service(session, home.id, home.account, "CALLER-DISPLAY", where=zz, starts_on=START)
    night(session, FEBRUARY)
    feature = session.get_one(Service, display)
    feature.ends_on, feature.end_recorded_on = date(2026, 2, 10), date(2026, 2, 20)
    session.flush()
    night(session, MARCH)
    (first, _) = bills(session, home.account)
    credit = of(told(session, home.account), "Caller display, credit for 23 of 28 days")
    assert sums(credit) == [["270.833333 x 1 x 5 / 28"], ["-271"]]
    assert credit.parts[1].steps[0].words.startswith(f"line 2 of bill {first.number} charges £2.71 for 05/02/2026")
    said(credit, "It puts right what was charged for Caller display", "Recorded on 20/02/2026: the service ended on 10/02/2026.")


def test_a_price_learned_of_late_says_who_why_and_when(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    command = SetProductPrice(
        product_code="LINE-RES",
        segment=Segment.RESIDENTIAL,
        price=Price.of("2400"),
        starts_on=date(2026, 2, 15),
        reason="The list was printed wrong",
    )
    set_product_price(session, command, by=builders.OPERATOR, at=at(FEBRUARY))
    night(session, MARCH)
    story = told(session, home.account)
    credit = of(story, "Residential line, credit for")
    added = next(line for line in story.lines if line.kind is LineKind.PART_PERIOD and line.net > Money(0) and "18 of 28" in line.words)
    said(credit, "another price from 15/02/2026", "(The list was printed wrong)")
    said(added, "It was recorded on 06/02/2026 and lies over the list: The list was printed wrong.")
    assert sums(credit) == [["1883.333333 x 1 x 10 / 28"], ["-1883"]]
    assert sums(added) == [["2000 x 1 x 18 / 28"]]


def test_a_vat_status_learned_of_late_says_so(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    for starts_on, status in ((START, VatStatus.STANDARD), (date(2026, 2, 15), VatStatus.EXEMPT)):
        session.add(AccountVatStatus(account_id=home.account.id, starts_on=starts_on, vat_status=status, recorded_on=date(2026, 2, 20)))
    session.execute(update(Account).where(Account.id == home.account.id).values(vat_status=VatStatus.EXEMPT))
    rated_call(session, home, 1, date(2026, 2, 6), 10_000_000)
    rated_call(session, home, 2, date(2026, 2, 16), 20_000_000)
    night(session, MARCH)
    story = told(session, home.account)
    credit = of(story, "Residential line, credit for")
    said(credit, "Recorded on 20/02/2026: the account's VAT status from 15/02/2026 on is exempt.", "VAT at 20%")
    # Each call is on the line of the status of its own day, and its story too.
    calls = [line for line in story.lines if line.kind is LineKind.CALLS]
    assert sorted((sums(line)[0][0], line.told[-1]) for line in calls) == [
        ("10", "VAT at 20% is reckoned once, on the bill's total."),
        ("20", "Exempt from VAT."),
    ]
    assert any("Exempt from VAT" in one.words for one in story.sums)


def test_a_broken_minimum_term(session: Session, home: builders.BuiltLine) -> None:
    session.execute(update(Service).where(Service.id == home.service_id).values(minimum_term_ends_on=date(2026, 6, 30)))
    night(session, FEBRUARY)
    cease(session, home, date(2026, 4, 12), recorded_on=date(2026, 4, 12))
    night(session, date(2026, 4, 12))
    line = of(told(session, home.account), "Early end of Residential line")
    # From 12 April two months to 12 June, then 18 of the 30 days to 12 July; £9.00 with VAT is £7.50.
    assert sums(line) == [["750 x 1 x 2", "750 x 1 x 18 / 30"]]
    assert line.net == Money(1950)
    said(line, "minimum term up to 30/06/2026 and ended on 12/04/2026: 2 months and 18 of 30 days", "is 750 pence")
    said(line, "Recorded on 12/04/2026: the service ended on 12/04/2026.")


def test_corrections_of_calls_name_the_re_rating_and_its_reason(session: Session, home: builders.BuiltLine) -> None:
    rated(session, [call(home.number, at=IN_JANUARY)], on=date(2026, 1, 20))
    night(session, FEBRUARY)
    correct_tariff(session, "RES", date(2026, 1, 20), percent=50)
    rerate_usage(
        session, RerateUsage(district_code="ZZ", reason="Half price was agreed", tariff_code="RES"), by=builders.OPERATOR, at=builders.AT
    )
    night(session, MARCH)
    line = of(told(session, home.account), "Correction of calls to UK landlines")
    said(line, "1 call of 20/01/2026, on bills before, was priced anew.", "by TESTER on", "Half price was agreed")
    assert line.parts[0].steps[0].words.startswith("re-rating ")


def test_inclusive_minutes_friends_and_what_is_left(session: Session, home: builders.BuiltLine, zz: builders.BuiltDistrict) -> None:
    builders.service(session, home.id, home.account, "MINUTES-100", where=zz, starts_on=START)
    builders.service(session, home.id, home.account, "FRIENDS", where=zz, starts_on=START)
    name_friend(
        session,
        NameFriend(number=home.number, friend_number=LONDON, is_best=True, starts_on=START),
        by=builders.OPERATOR,
        at=builders.AT,
    )
    # 67:44 granted for 21 of 31 days: 68 minutes are not all there for the second call; the third has nothing left.
    made = [call(home.number, seconds=seconds, at=IN_JANUARY.replace(hour=hour)) for hour, seconds in ((9, 3600), (10, 900), (11, 122))]
    rated(session, made, on=date(2026, 1, 20))
    night(session, FEBRUARY)
    story = told(session, home.account)
    minutes = discount(story, "100 inclusive minutes")
    said(
        minutes,
        "MINUTES-100",
        "Granted for the month 1:07:44",
        "used by this bill's cut 1:07:00",
        "left 0:44",
        "A call uses it up in units of 60 s",
    )
    assert [step.words.split(": ", 1)[1].split(" of the")[0] for step in minutes.parts[0].steps] == ["1:00:00", "7:00"]
    assert minutes.parts[0].steps[1].words.endswith("7:00 of the allowance cover 7/15 of it, 0:44 left")
    friends = discount(story, "Friends and family")
    said(friends, "It takes 10% off calls to the numbers named, 20% off those to the best of them.", "Off each call come, in this order")
    first, second = friends.parts[0].steps
    assert first.sum.endswith(" x 8 / 15 x 20 / 100")
    assert second.sum.endswith("x 20 / 100")
    assert "x 8" not in second.sum

    # A call of January that comes in February: what is left of the month is used, and the line is the difference.
    rated(session, [call(home.number, seconds=40, at=IN_JANUARY.replace(hour=8))], on=date(2026, 2, 10), sequence=2)
    night(session, MARCH)
    story = told(session, home.account)
    corrected = [line for line in story.lines if line.kind is LineKind.DISCOUNT]
    assert corrected
    assert any(len(line.parts) > 1 and line.parts[1].words == "Less what was charged before" for line in corrected)


def test_a_promotion_says_who_gave_it_why_and_until_when(session: Session, home: builders.BuiltLine) -> None:
    command = GivePromotion(
        account_number=home.account.number,
        product_code="HALF-PRICE",
        starts_on=START,
        ends_on=date(2026, 7, 15),
        reason="Won back",
    )
    give_promotion(session, command, by=builders.OPERATOR, at=builders.AT)
    night(session, FEBRUARY)
    story = told(session, home.account)
    given = [line for line in story.lines if line.net < Money(0)]
    assert len(given) == 2
    for line in given:
        said(line, "TESTER gave it on 15/01/2026 (Won back), from 15/01/2026 to 14/07/2026.")


def test_adjustments_say_who_why_and_what_they_credit(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    (first,) = bills(session, home.account)
    line_credit = CreditBillLine(bill_number=str(first.number), line_number=1, amount=Money(500), reason="No dial tone for a week")
    credit_bill_line(session, line_credit, by=builders.OPERATOR, at=at(FEBRUARY))
    charge = AdjustAccount(
        account_number=home.account.number, amount=Money(250), nominal_code="VISITS", words="Printed directory", reason="Asked for by post"
    )
    adjust_account(session, charge, by=builders.OPERATOR, at=at(FEBRUARY))
    night(session, MARCH)
    adjusted = [line for line in told(session, home.account).lines if line.kind is LineKind.ADJUSTMENT]
    (credit,) = [line for line in adjusted if line.net == Money(-500)]
    (added,) = [line for line in adjusted if line.net == Money(250)]
    said(
        credit,
        "TESTER put it on the account on 06/02/2026",
        "No dial tone for a week.",
        f"It credits line 1 of bill {first.number} (Residential",
    )
    said(added, "Asked for by post.")
    # The reason is for us; a provider who asks about its customer's bill does not read it.
    theirs = replace(builders.PARTNER_ACTOR, provider_code="RETAIL")
    shown = bill_line_story(session, str(bills(session, home.account)[1].number), credit.line_number, by=theirs)
    assert not any("No dial tone" in one for one in shown.told)


def test_a_credit_taken_back_because_its_charge_came_down(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    (first,) = bills(session, home.account)
    whole = CreditBillLine(bill_number=str(first.number), line_number=1, reason="Out of order all month")
    credit_bill_line(session, whole, by=builders.OPERATOR, at=at(FEBRUARY))
    night(session, MARCH)
    cease(session, home, FEBRUARY, recorded_on=date(2026, 3, 10))
    night(session, date(2026, 3, 10))
    line = of(told(session, home.account), "Less what was credited already")
    assert sums(line) == [["1883", "0"], ["0"]]
    said(line, "credits of a charge never come to more than the charge")


def test_a_credit_note_says_how_its_vat_was_reckoned(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    (first,) = bills(session, home.account)
    for day in (FEBRUARY, FEBRUARY + ONE_DAY):
        command = CreditBillLine(
            bill_number=str(first.number), line_number=1, amount=Money(12), reason="Noise on the line", by_credit_note=True
        )
        credit_bill_line(session, command, by=builders.OPERATOR, at=at(day))
        night(session, day + ONE_DAY)
    story = told(session, home.account)
    assert story.kind is BillKind.CREDIT_NOTE
    # 20% of 0.24 is 0.05, less 20% of 0.12, which is 0.02: a penny more than 20% of 0.12 is by itself.
    assert story.sums[1].steps[0].words.startswith("20% of all that was given back of each bill by now")
    assert story.sums[1].amount == Money(-3)


def test_another_cycle_says_so(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    command = ChangeCycle(account_number=home.account.number, cycle_day=20, frequency=BillFrequency.MONTHLY)
    change_cycle(session, command, by=builders.OPERATOR, at=at(FEBRUARY))
    night(session, date(2026, 3, 20))
    story = told(session, home.account)
    days = next(line for line in story.lines if "Residential line for 05/03" in line.told[0])
    said(days, "Recorded on 06/02/2026: the account is billed monthly, on day 20 from 05/03/2026 on.")
    assert sums(days) == [["1883.333333 x 1 x 15 / 28"]]


def test_an_option_and_a_volume_say_what_was_spent(session: Session, zz: builders.BuiltDistrict) -> None:
    account = builders.account(session, zz, cycle_day=5, segment=Segment.BUSINESS)
    line = builders.working_line(session, zz, account, starts_on=START)
    for product in ("INTL-25", "VOLUME-BUS"):
        builders.service(session, line.id, account, product, where=zz, starts_on=START)
    for n in range(3):
        rated_call(session, line, n + 1, date(2026, 1, 20 + n), 2_000_000_000, charge_class="INT2")
    night(session, FEBRUARY)
    story = told(session, account)
    said(discount(story, "International option"), "It takes 25% off each of them.")
    volume = discount(story, "Volume discount")
    said(volume, "5% from £20.00; 10% from £100.00; 15% from £500.00: each part of the spend at its own step")
    said(volume, "the whole group spent 6000p on such calls, before VAT and before anything came off")
    # £60: 5% of the £40 over £20 is £2 or 1/30 of it all; of the three quarters that the option has left £1.50.
    assert {step.sum for step in volume.parts[0].steps} == {"-2000 x 3 / 4 x 1 / 30"}
    assert volume.net == Money(-150)


def test_a_members_bill_on_the_groups_is_in_its_amount_due(session: Session, zz: builders.BuiltDistrict) -> None:
    group, member = builders.account(session, zz, cycle_day=5), builders.account(session, zz, cycle_day=5)
    builders.working_line(session, zz, group, starts_on=START)
    builders.working_line(session, zz, member, starts_on=START)
    joined(session, member, group)
    group_night(session, FEBRUARY)
    (of_member,) = bills(session, member)
    due = told(session, group).sums[-1]
    assert [step.sum for step in due.steps][1] == str(of_member.amount_due.pence)
    assert str(of_member.number) in due.steps[1].words


def test_payments_and_what_is_brought_forward(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    command = TakePayment(account_number=home.account.number, amount=Money(3000), method=PaymentMethod.CARD)
    take_payment(session, command, by=builders.CLERK, at=at(FEBRUARY))
    night(session, MARCH)
    due = told(session, home.account).sums[-1]
    assert [step.sum for step in due.steps][:2] == [str(bills(session, home.account)[0].amount_due.pence), "-3000"]
    assert due.steps[1].words.startswith("payment ZZP")


def test_a_bill_that_waits_is_asked_for_by_its_account(session: Session, home: builders.BuiltLine) -> None:
    with pytest.raises(NotFound) as missing:
        bill_story(session, home.account.number, by=builders.CLERK)
    assert missing.value.code == "CSS448E"
    leave_item(session, home, "VISIT", "90000000", START, words="A visit by the whole works")
    finish(session, begin(session, FEBRUARY), FEBRUARY)
    assert bills(session, home.account)[0].state is BillState.HELD
    story = bill_story(session, home.account.number, by=builders.CLERK)
    assert (story.bill_number, story.state) == (None, BillState.HELD)
    assert story.hold is not None
    assert story.hold.startswith("CSS")


def test_an_unknown_line_and_other_peoples_bills_are_not_found(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    number = str(bills(session, home.account)[0].number)
    for asked, code in (((number, 99), "CSS860E"), (("ZZB00009997", 1), None)):
        with pytest.raises(CssError) as refusal:
            bill_line_story(session, *asked, by=builders.CLERK)
        assert code is None or refusal.value.code == code
    with pytest.raises(NotFound) as hidden:
        bill_story(session, number, by=builders.PARTNER_ACTOR)
    assert hidden.value.code == "CSS448E"


@pytest.mark.parametrize(("itemisation", "shown"), [(Itemisation.MASKED, "020 7946 ••••"), (Itemisation.NONE, "None of them may be shown")])
def test_as_much_of_the_calls_is_shown_as_the_payer_wants(
    session: Session, home: builders.BuiltLine, itemisation: Itemisation, shown: str
) -> None:
    session.execute(update(Account).where(Account.id == home.account.id).values(itemisation=itemisation))
    rated_call(session, home, 1, date(2026, 1, 20), 10_400_000)
    night(session, FEBRUARY)
    line = of(told(session, home.account), "Calls to UK landlines")
    said(line, shown)
    assert not any("0123" in one for one in line.told)


def test_a_story_costs_as_many_statements_for_many_lines_as_for_few(
    session: Session, zz: builders.BuiltDistrict, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    def asked(features: Sequence[str], calls: int) -> int:
        account = builders.account(session, zz, cycle_day=5)
        line = builders.working_line(session, zz, account, starts_on=START, features=("MINUTES-100", *features))
        made = [call(line.number, at=IN_JANUARY), call(line.number, MOBILE, at=IN_JANUARY.replace(minute=calls))]
        rated(session, made * 1, on=START, sequence=calls)
        made_on.append(line)
        return calls

    made_on: list[builders.BuiltLine] = []
    asked((), 1)
    asked(("CALLER-DISPLAY", "CALL-WAITING", "CALL-DIVERSION"), 2)
    night(session, FEBRUARY)
    counts = []
    for line in made_on:
        number = str(bills(session, line.account)[0].number)
        with query_count() as sent:
            story = bill_story(session, number, by=builders.CLERK)
        counts.append((len(story.lines), len(sent)))
    (few, statements), (many, as_many) = counts
    assert many > few
    assert statements == as_many
