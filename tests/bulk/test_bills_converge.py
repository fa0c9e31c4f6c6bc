"""Whatever becomes known when, all that is billed is what billing from scratch would have billed, with everything known.

An account lives for months: options come and go and are keyed late, prices and VAT statuses change for days long billed,
cycles change, calls come late or are priced anew, friends are named, credits given; bills are made on cycle dates and asked
for in between. Then a twin is made that has the same facts and has never had a bill, and one night bills both: the last bill
of the one and all bills before it must come to the only bill of the other, under each key, to the penny.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from billing import queries
from billing.actions import calculate_block
from billing.actions.account_terms import change_cycle, set_vat_status
from billing.actions.dry_run import DryRun, dry_run_bill
from billing.actions.prices import set_product_price
from billing.model import BillControl, BillLine, BillRequest, FriendNumber, RatedCall
from billing.queries.account_terms import standing_of
from billing.terms_commands import ChangeCycle, SetProductPrice, SetVatStatus
from billing.words import BillKind, LineKind
from css.core.errors import Refused
from css.core.money import Money, Price
from css.core.words import BillFrequency, PriceBasis, PriceKind, Segment, VatCode, VatStatus
from css.handover import BillableItem, ItemToBill, leave_billable_items
from css.master.accounts import Account, AccountCycleTerm, AccountPromotion, AccountVatStatus
from css.master.districts import roll_business_date
from css.master.services import Service, ServiceNumber
from tests import builders
from tests.records.billed import NIGHT, at, bills, correction, night, rated_call
from tests.records.billed import lines as written

BEGINS = date(2026, 1, 10)
ACCOUNTS = 2
NIGHTS = 6
OPTIONS = ("CALLER-DISPLAY", "CALL-WAITING", "MINUTES-100", "MINUTES-500", "FRIENDS", "INTL-25")
PRICED = ("LINE-RES", "CALLER-DISPLAY", "MINUTES-100")
DESTINATIONS = (("GEO", "442079460123"), ("GEO", "441134960001"), ("MOB", "447700900123"), ("INT1", "12125550100"), ("PRS", "449098790001"))
MOVED = ("unit = 'vat-correction'", "kind = 'one-off' AND corrects_line_id IS NOT NULL")
ONE_DAY = timedelta(days=1)
BY = builders.SYSTEM
NO_LIMITS = {
    "credit_max": Money(10**9),
    "average_floor": Money(10**9),
    "first_bill_max": Money(10**9),
    "times_average_max": 10**6,
    "lines_max": 10**6,
    "periods_max": 10**6,
    "days_back_max": 10_000,
}


class World(NamedTuple):
    session: Session
    zz: builders.BuiltDistrict
    lines: list[builders.BuiltLine]
    dice: random.Random


# --- what happens ---------------------------------------------------------------------------------------------------


def live(world: World, line: builders.BuiltLine, today: date, records: Iterator[int]) -> None:
    """A few things come to be known of an account on a day, most of them of days before."""
    dice = world.dice
    for _ in range(dice.randint(1, 4)):
        # Verbs that find nothing to change refuse.
        with suppress(Refused):
            dice.choice(HAPPENINGS)(world, line, today)
    for _ in range(dice.randint(0, 5)):
        call_made(world, line, today, next(records))
    if dice.random() < 0.4:
        priced_anew(world, line, today)
    world.session.flush()


def some_day(world: World, today: date, back: int = 70) -> date:
    return max(BEGINS, today - timedelta(days=world.dice.randint(0, back)))


def options_of(world: World, line: builders.BuiltLine) -> list[Service]:
    found = select(Service).where(Service.line_id == line.id, Service.id != line.service_id).order_by(Service.id)
    return list(world.session.execute(found).scalars())


def option_comes(world: World, line: builders.BuiltLine, today: date) -> None:
    code = world.dice.choice(OPTIONS)
    product = builders.product_id(world.session, code)
    before = [service for service in options_of(world, line) if service.product_id == product]
    if all(service.ends_on is not None for service in before):
        starts_on = max([some_day(world, today), *(service.ends_on for service in before if service.ends_on is not None)])
        made = builders.service(world.session, line.id, line.account, code, where=world.zz, starts_on=starts_on)
        quantity = world.dice.choice([1, 1, 2])
        world.session.execute(update(Service).where(Service.id == made).values(start_recorded_on=today, quantity=quantity))


def option_goes(world: World, line: builders.BuiltLine, today: date) -> None:
    for service in options_of(world, line):
        if service.ends_on is None and world.dice.random() < 0.5:
            service.ends_on, service.end_recorded_on = max(service.starts_on, some_day(world, today)), today


def option_comes_back(world: World, line: builders.BuiltLine, today: date) -> None:
    options = options_of(world, line)
    for service in options:
        if world.dice.random() < 0.3 and [other.product_id for other in options].count(service.product_id) == 1:
            service.ends_on = service.end_recorded_on = None


def status(world: World, line: builders.BuiltLine, today: date) -> None:
    said = world.dice.choice([VatStatus.STANDARD, VatStatus.EXEMPT])
    command = SetVatStatus(account_number=line.account.number, vat_status=said, starts_on=some_day(world, today), reason="A letter.")
    set_vat_status(world.session, command, by=BY, at=at(today))


def cycle(world: World, line: builders.BuiltLine, today: date) -> None:
    often = world.dice.choice([BillFrequency.MONTHLY, BillFrequency.MONTHLY, BillFrequency.QUARTERLY])
    command = ChangeCycle(account_number=line.account.number, cycle_day=world.dice.randint(1, 31), frequency=often, cycle_month_group=1)
    change_cycle(world.session, command, by=BY, at=at(today))


def price(world: World, line: builders.BuiltLine, today: date) -> None:
    command = SetProductPrice(
        product_code=world.dice.choice(PRICED),
        kind=PriceKind.RENTAL,
        segment=Segment.RESIDENTIAL,
        price=Price.of(f"{world.dice.randint(100, 3000)}.{world.dice.randint(0, 99):02d}"),
        starts_on=some_day(world, today),
        ends_on=today + timedelta(days=world.dice.randint(1, 90)) if world.dice.random() < 0.5 else None,
        reason="Put right.",
    )
    set_product_price(world.session, command, by=BY, at=at(today))


def friend(world: World, line: builders.BuiltLine, today: date) -> None:
    giving = [service for service in options_of(world, line) if service.product_id == builders.product_id(world.session, "FRIENDS")]
    for service in giving[:1]:
        named = list(world.session.execute(select(FriendNumber).where(FriendNumber.service_id == service.id)).scalars())
        if named:
            for one in named:
                if one.ends_on is None:
                    one.ends_on, one.end_recorded_on = max(one.starts_on, some_day(world, today)), today
            return
        facts = {"number": DESTINATIONS[0][1], "is_best": world.dice.random() < 0.5, "start_recorded_on": today}
        world.session.add(FriendNumber(service_id=service.id, starts_on=some_day(world, today), **facts))


def credit(world: World, line: builders.BuiltLine, today: date) -> None:
    starts_on = some_day(world, today)
    world.session.add(
        AccountPromotion(
            account_id=line.account.id,
            line_id=world.dice.choice([None, line.id]),
            product_id=builders.product_id(world.session, "HALF-PRICE"),
            quantity=1,
            starts_on=starts_on,
            ends_on=starts_on + timedelta(days=world.dice.randint(1, 120)),
            start_recorded_on=today,
            reason="Stayed.",
            given_by="BILL1",
        )
    )


def asked(world: World, line: builders.BuiltLine, today: date) -> None:
    facts = {"kind": BillKind.INTERIM, "reason": "Asked", "requested_on": today, "requested_by": "BILL1"}
    world.session.add(BillRequest(district_code="ZZ", account_id=line.account.id, **facts))


def call_made(world: World, line: builders.BuiltLine, today: date, record: int) -> None:
    """A call of today or of weeks ago, rated today."""
    dice = world.dice
    charge_class, other = dice.choice(DESTINATIONS)
    seconds = dice.choice([30, 90, 600, 3600])
    started_at = datetime.combine(some_day(world, today, 50), time(dice.randint(0, 22), record % 60), UTC)
    facts: dict[str, Any] = {"charge_class": charge_class, "other_number": other, "started_at": started_at, "duration_seconds": seconds}
    rated_call(world.session, line, record, today, dice.randint(1, 90_000_000), **facts)


def item(world: World, line: builders.BuiltLine, today: date) -> None:
    """A visit of weeks ago, left for billing today."""
    net, occurs_on = Price.of(world.dice.randint(100, 9000)), some_day(world, today)
    leave_billable_items(
        world.session,
        ItemToBill(
            source_key=f"test/{line.id}/{world.session.execute(select(func.count()).select_from(BillableItem)).scalar_one()}",
            district_code="ZZ",
            account_id=line.account.id,
            line_id=line.id,
            service_id=line.service_id,
            words="Visit",
            reference="",
            vat_code=VatCode.STANDARD,
            product_id=builders.product_id(world.session, "VISIT"),
            basis=PriceBasis.NET,
            net_price=net,
            gross_price=net,
            occurs_on=occurs_on,
            business_date=today,
        ),
    )


def priced_anew(world: World, line: builders.BuiltLine, today: date) -> None:
    """What re-rating leaves: a difference to a call, which stands as it was."""
    first = select(RatedCall).where(RatedCall.account_id == line.account.id, RatedCall.rerating_id.is_(None))
    calls = list(world.session.execute(first.order_by(RatedCall.usage_record_id)).scalars())
    if calls:
        call = world.dice.choice(calls)
        again = select(RatedCall.rerating_id).where(RatedCall.usage_record_id == call.usage_record_id, RatedCall.rerating_id.is_not(None))
        done = len(world.session.execute(again).all())
        facts: dict[str, Any] = {name: getattr(call, name) for name in ("charge_class", "other_number", "started_at", "band")}
        facts |= {"rerating_id": done + 1, "is_itemised": call.is_itemised}
        # Never below nothing: half of the first price at the most, and once.
        if not done:
            share = world.dice.randint(-call.net_millionths // 2, call.net_millionths)
            correction(world.session, line, call.usage_record_id // 10_000_000, today, share, **facts)


HAPPENINGS = (option_comes, option_goes, option_comes_back, status, status, cycle, price, friend, credit, asked, item, item)


# --- the twin -------------------------------------------------------------------------------------------------------


def rows_of(session: Session, model: Any, **where: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any table
    table = model.__table__
    found = select(table).where(*(table.c[name] == value for name, value in where.items())).order_by(*table.primary_key)
    return [dict(row) for row in session.execute(found).mappings()]


def copied(session: Session, model: Any, rows: list[dict[str, Any]], **changed: Any) -> list[int]:  # noqa: ANN401 - any table
    table = model.__table__
    return [
        session.execute(
            insert(table).values({name: value for name, value in (row | changed).items() if name != "id"}).returning(table.c.id)
        ).scalar_one()
        for row in rows
    ]


class Twin(NamedTuple):
    """An account with the same facts and no bill."""

    account: builders.BuiltAccount
    service_of: Mapping[int, int]
    """Which of its services is which of the other's."""
    promotion_of: Mapping[int, int]
    rehearsed: DryRun
    """What the other's bill would be."""


def twin_of(world: World, line: builders.BuiltLine) -> Twin:
    """The same facts once more, under other names."""
    session = world.session
    twin = builders.account(session, world.zz)
    kept = {"id", "number", "customer_id", "row_version"}
    (own,) = rows_of(session, Account, id=line.account.id)
    session.execute(update(Account).where(Account.id == twin.id).values({name: value for name, value in own.items() if name not in kept}))
    place = builders.working_line(session, world.zz, twin, starts_on=BEGINS)
    session.execute(delete(ServiceNumber).where(ServiceNumber.service_id == place.service_id))
    session.execute(delete(Service).where(Service.line_id == place.id))
    services = rows_of(session, Service, account_id=line.account.id)
    copies = copied(session, Service, services, account_id=twin.id, line_id=place.id)
    service_of = dict(zip(copies, (row["id"] for row in services), strict=True))
    new_of = {old: new for new, old in service_of.items()}
    number = place.number
    for old, new in new_of.items():
        copied(session, ServiceNumber, rows_of(session, ServiceNumber, service_id=old), service_id=new, number=number)
        copied(session, FriendNumber, rows_of(session, FriendNumber, service_id=old), service_id=new)
    promotions = rows_of(session, AccountPromotion, account_id=line.account.id)
    promotion_of = dict(
        zip(copied(session, AccountPromotion, promotions, account_id=twin.id), (row["id"] for row in promotions), strict=True)
    )
    for log in (AccountCycleTerm, AccountVatStatus):
        copied(session, log, rows_of(session, log, account_id=line.account.id), account_id=twin.id)
    for left in rows_of(session, BillableItem, account_id=line.account.id):
        facts = {"account_id": twin.id, "line_id": place.id, "service_id": new_of[left["service_id"]]}
        copied(session, BillableItem, [left], source_key=f"{left['source_key']}/twin", **facts)
    for call in rows_of(session, RatedCall, account_id=line.account.id):
        session.execute(
            insert(RatedCall).values(call | {"account_id": twin.id, "charged_number": number, "service_id": new_of[call["service_id"]]})
        )
    return Twin(twin, service_of, promotion_of, dry_run_bill(session, line.account.number, by=builders.CLERK))


Key = tuple[object, ...]


def compared(session: Session, account_id: int, service_of: Mapping[int, int], promotion_of: Mapping[int, int]) -> dict[Key, int]:
    """What was billed by difference, by key, in pence; nothing where it came to nothing. Services by the names of the first account."""
    sums: dict[Key, int] = defaultdict(int)
    by_difference = (LineKind.RENTAL, LineKind.PART_PERIOD, LineKind.TERMINATION, LineKind.DISCOUNT)
    for line in session.execute(select(BillLine).where(BillLine.account_id == account_id, BillLine.kind.in_(by_difference))).scalars():
        service = None if line.service_id is None else service_of.get(line.service_id, line.service_id)
        promotion = None if line.promotion_id is None else promotion_of.get(line.promotion_id, line.promotion_id)
        when = line.rental_period_starts_on or line.benefit_month_starts_on
        sums[service, promotion, line.benefit_id, line.product_price_id, when, line.vat_category, line.vat_basis_points] += line.net.pence
    return {key: pence for key, pence in sums.items() if pence}


def calls_of(session: Session, account_id: int) -> tuple[int, dict[Key, int]]:
    """How many lines of calls there are, and their pence by tax."""
    found = select(BillLine.vat_category, BillLine.vat_basis_points, BillLine.net).where(
        BillLine.account_id == account_id, BillLine.kind == LineKind.CALLS
    )
    rows = session.execute(found).all()
    sums: dict[Key, int] = defaultdict(int)
    for category, basis_points, net in rows:
        sums[category, basis_points] += net.pence
    return len(rows), sums


def items_of(session: Session, account_id: int) -> dict[Key, int]:
    """The pence of items by tax."""
    sums: dict[Key, int] = defaultdict(int)
    for line in session.execute(select(BillLine).where(BillLine.account_id == account_id, BillLine.kind == LineKind.ONE_OFF)).scalars():
        sums[line.vat_category, line.vat_basis_points] += line.net.pence
    return {tax: pence for tax, pence in sums.items() if pence}


# --- the property ---------------------------------------------------------------------------------------------------


def lived(session: Session, dice: random.Random) -> tuple[World, date]:
    """A district in which some months have gone by."""
    zz = builders.district(session, on=BEGINS, sites=2 * ACCOUNTS, pairs=2 * ACCOUNTS)
    session.add(BillControl(district_code="ZZ", **NO_LIMITS))
    lines = []
    for _ in range(ACCOUNTS):
        often = dice.choice([BillFrequency.MONTHLY, BillFrequency.MONTHLY, BillFrequency.QUARTERLY])
        account = builders.account(session, zz, cycle_day=dice.randint(1, 31), frequency=often, cycle_month_group=dice.randint(1, 3))
        session.execute(update(Account).where(Account.id == account.id).values(opened_on=BEGINS))
        lines.append(builders.working_line(session, zz, account, starts_on=BEGINS, features=tuple(dice.sample(OPTIONS, 2))))
    world, today, records = World(session, zz, lines, dice), BEGINS + timedelta(days=21), iter(range(1, 10_000))
    for _ in range(NIGHTS):
        roll_business_date(session, "ZZ", to=today)
        for line in lines:
            live(world, line, today, records)
        night(session, today)
        today += timedelta(days=dice.randint(9, 40))
    return world, today


def check_one(session: Session, line: builders.BuiltLine, twin: Twin, on: date) -> None:
    """Compare an account and its twin after the night that billed both."""
    own = compared(session, line.account.id, {}, {})
    assert own == compared(session, twin.account.id, twin.service_of, twin.promotion_of)
    assert items_of(session, line.account.id) == items_of(session, twin.account.id)
    (lines_own, calls_own), (lines_twin, calls_twin) = calls_of(session, line.account.id), calls_of(session, twin.account.id)
    # A line of calls is rounded once; two ways of adding up differ by half a penny a line at the most.
    for tax in {*calls_own, *calls_twin}:
        assert abs(calls_own[tax] - calls_twin[tax]) <= Fraction(lines_own + lines_twin, 2), (tax, calls_own, calls_twin)
    last = bills(session, line.account)[-1]
    assert last.issue_on == on
    assert twin.rehearsed.bill is not None
    assert [(one.words, one.net.pence) for one in twin.rehearsed.bill.lines] == written(session, last)


@settings(max_examples=3, phases=[Phase.explicit, Phase.reuse, Phase.generate], suppress_health_check=list(HealthCheck))
@given(dice=st.randoms(use_true_random=False))
def test_bills_month_by_month_come_to_what_one_bill_with_everything_known_would(engine: Engine, dice: random.Random) -> None:
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            world, today = lived(session, dice)
            # All are due by then: a cycle date that went by is made good.
            on = max(today, *(standing_of(session, line.account.id).next_bill_on for line in world.lines))
            roll_business_date(session, "ZZ", to=on)
            twins = [twin_of(world, line) for line in world.lines]
            run = night(session, on)
            for line, twin in zip(world.lines, twins, strict=True):
                check_one(session, line, twin, on)
            everybody = [*(line.account.id for line in world.lines), *(twin.account.id for twin in twins)]
            assert calculate_block(session, run, everybody, by=NIGHT, at=at(on)).written == 0
            # Who is due on the next day has another bill to come; of the others there is nothing more to say.
            done = [account_id for account_id in everybody if standing_of(session, account_id).next_bill_on > on + ONE_DAY]
            counted = select(func.count()).select_from(BillLine).where(BillLine.account_id.in_(done))
            lines_before = session.execute(counted).scalar_one()
            night(session, on + ONE_DAY)
            assert session.execute(counted).scalar_one() == lines_before
            session.expunge_all()
        outer.rollback()


def test_the_dice_fall_on_everything(engine: Engine) -> None:
    """The histories hold what they are said to hold: bills asked for, discounts, credits, corrections, lines put right."""
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            lived(session, random.Random(23))  # noqa: S311 - dice
            kinds = set(session.execute(select(BillLine.kind)).scalars())
            assert {LineKind.RENTAL, LineKind.PART_PERIOD, LineKind.CALLS, LineKind.DISCOUNT} <= kinds
            assert session.execute(text("SELECT count(*) FROM billing.bill WHERE kind = 'interim'")).scalar_one()
            for what in ("promotion_id IS NOT NULL", "corrects_line_id IS NOT NULL", "unit = 'correction'", "vat_category = 'E'", *MOVED):
                assert session.execute(text(f"SELECT count(*) FROM billing.bill_line WHERE {what}")).scalar_one(), what
            assert queries.held_bills(session, "ZZ") == ()
        outer.rollback()
