"""Re-rating over real rows: differences on the next bill, calls that change hands, repeats, races, and any history at all."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from billing.actions import calculate_block
from billing.actions.rating import RATED_COLUMNS, price_records
from billing.actions.rerating import rerate_usage
from billing.actions.suspense import replay_usage
from billing.checks import check_books
from billing.model import RatedCall, UsageRerating
from billing.queries.bill_story import bill_story
from billing.queries.reratings import rerating_card, reratings
from billing.rerating_commands import RerateUsage, UsageRerated
from billing.suspense_commands import ReplayUsage
from css.core.actor import Actor
from css.core.errors import NotFound, Refused, Several
from css.core.money import Price
from css.core.words import Role
from css.db.engine import transaction
from css.master.districts import roll_business_date
from css.master.reference import PARTNER, RETAIL
from tests import builders
from tests.race import together
from tests.records.billed import NIGHT, at, bills, finish, lines, night
from tests.records.billed import begin as begin_night
from tests.records.priced import (
    ENQUIRIES,
    FRANCE,
    FREEPHONE,
    LONDON,
    MOBILE,
    NOON,
    PREMIUM,
    call,
    correct_tariff,
    give_number,
    rated,
    standing,
)

START, MARCH, APRIL = date(2026, 3, 2), date(2026, 3, 5), date(2026, 4, 5)
BILLING = Actor("operator", "BILLER", RETAIL, frozenset({Role.BILLING.value}), "screen")


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


@pytest.fixture
def home(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    """A residential line since February on an account billed on the 5th."""
    account = builders.account(session, zz, cycle_day=5)
    return builders.working_line(session, zz, account, starts_on=date(2026, 2, 1))


@pytest.fixture
def other(session: Session, zz: builders.BuiltDistrict, home: builders.BuiltLine) -> builders.BuiltLine:
    account = builders.account(session, zz, cycle_day=5)
    return builders.working_line(session, zz, account, starts_on=date(2026, 2, 1))


def rerate(session: Session, **others: object) -> UsageRerated:
    choice: dict[str, object] = {"district_code": "ZZ", "reason": "A price was wrong."}
    return rerate_usage(session, RerateUsage(**choice | (others or {"from_on": date(2026, 2, 1)})), by=BILLING, at=builders.AT)  # type: ignore[arg-type]


def differences(session: Session) -> list[tuple[int, int, int]]:
    """Account, calls and net of every row of difference, in order."""
    return [
        (row.account_id, row.call_count, row.net_millionths)
        for row in session.execute(
            select(RatedCall)
            .where(RatedCall.rerating_id.is_not(None))
            .order_by(RatedCall.rerating_id, RatedCall.usage_record_id, RatedCall.account_id)
        ).scalars()
    ]


def count(session: Session) -> int:
    return session.execute(select(func.count()).select_from(RatedCall)).scalar_one()


def test_a_price_corrected_after_the_bill_is_credited_on_the_next(session: Session, home: builders.BuiltLine) -> None:
    rated(session, [call(home.number), call(home.number, seconds=30), call(home.number, MOBILE)], on=START)
    night(session, MARCH)
    before = standing(session)
    correct_tariff(session, "RES", START, percent=50)
    done = rerate(session, tariff_code="RES", from_on=START, to_on=START)
    assert (done.looked_at_count, done.changed_count, done.account_count, done.left) == (3, 3, 1, ())
    assert done.business_date == date(2026, 3, 6)
    assert done.net == Price(sum(net for _, _, net in differences(session)))
    assert done.net < Price(0)
    after = standing(session)
    assert {key: row[:2] for key, row in after.items()} == {key: row[:2] for key, row in before.items()}

    # Nothing on file of the first bill has moved; the next one takes the differences on lines of their own.
    night(session, APRIL)
    first, second = bills(session, home.account)
    assert [words for words, _ in lines(session, first) if "orrection" in words] == []
    credited = [(words, pence) for words, pence in lines(session, second) if "orrection" in words]
    assert [words for words, _ in credited] == [
        "Correction of calls to UK landlines, daytime",
        "Correction of calls to UK mobiles, daytime",
    ]
    assert all(pence < 0 for _, pence in credited)
    assert check_books(session, "ZZ") == ()
    story = bill_story(session, str(second.number), by=builders.CLERK)
    (told,) = [line.told for line in story.lines if line.words == "Correction of calls to UK landlines, daytime"]
    assert told[0] == "2 calls of 02/03/2026, on bills before, were priced anew."


def test_running_again_writes_nothing(session: Session, home: builders.BuiltLine) -> None:
    rated(session, [call(home.number)], on=START)
    correct_tariff(session, "RES", START, percent=200)
    assert rerate(session).changed_count == 1
    rows = count(session)
    again = rerate(session)
    assert (again.looked_at_count, again.changed_count, again.net, count(session)) == (1, 0, Price(0), rows)
    correct_tariff(session, "RES", START, percent=50)
    rerate(session)
    # Up and down again before any bill: the two differences are one of nothing, and no line.
    night(session, MARCH)
    (bill,) = bills(session, home.account)
    assert [words for words, _ in lines(session, bill) if "orrection" in words] == []
    assert check_books(session, "ZZ") == ()


def test_a_number_given_back_in_time_is_a_credit_here_and_a_charge_there(
    session: Session, home: builders.BuiltLine, other: builders.BuiltLine
) -> None:
    rated(session, [call(home.number), call(home.number, at=NOON + timedelta(hours=2)), call(home.number, FREEPHONE)], on=START)
    night(session, MARCH)
    give_number(session, home.number, other.service_id, NOON + timedelta(hours=1))
    done = rerate(session, number="01632 960")
    assert (done.changed_count, done.account_count, done.net) == (1, 2, Price(0))
    (_, first, amount), (_, second, opposite) = differences(session)
    assert (first, second, amount + opposite) == (-1, 1, 0)
    night(session, APRIL)
    taken, given = ([one for one in lines(session, bills(session, line.account)[1]) if "orrection" in one[0]] for line in (home, other))
    assert [(words, -pence) for words, pence in taken] == given
    assert [pence < 0 for _, pence in taken] == [True]
    assert check_books(session, "ZZ") == ()


def test_a_free_call_that_moves_shows_on_no_bill(session: Session, home: builders.BuiltLine, other: builders.BuiltLine) -> None:
    rated(session, [call(home.number, FREEPHONE)], on=START)
    give_number(session, home.number, other.service_id, NOON - timedelta(hours=1))
    assert [calls for _, calls, _ in (rerate(session), differences(session))[1]] == [-1, 1]
    night(session, MARCH)
    for line in (home, other):
        assert [words for words, _ in lines(session, bills(session, line.account)[0]) if "alls" in words] == []
    assert check_books(session, "ZZ") == ()


def test_a_finished_account_gets_one_more_bill_for_a_correction(session: Session, home: builders.BuiltLine) -> None:
    rated(session, [call(home.number)], on=START)
    session.execute(text("UPDATE css.service SET ends_on = '2026-03-04', end_recorded_on = '2026-03-04'"))
    night(session, date(2026, 3, 4))
    night(session, MARCH)
    assert len(bills(session, home.account)) == 1
    correct_tariff(session, "RES", START, percent=50)
    rerate(session)
    night(session, date(2026, 3, 6))
    late = bills(session, home.account)[1]
    assert [words for words, _ in lines(session, late)] == ["Correction of calls to UK landlines, daytime"]
    assert check_books(session, "ZZ") == ()


def test_a_correction_made_while_the_final_bill_is_on_its_way_is_not_lost(session: Session, home: builders.BuiltLine) -> None:
    rated(session, [call(home.number)], on=START)
    session.execute(text("UPDATE css.service SET ends_on = '2026-03-04', end_recorded_on = '2026-03-04'"))
    first = begin_night(session, date(2026, 3, 4))
    correct_tariff(session, "RES", START, percent=50)
    rerate(session)
    calculate_block(session, first, [home.account.id], by=NIGHT, at=at(START))
    # The next night's cut is frozen before the final bill is posted: it does not see a finished account, and the night after
    # that looks no further back than the cut.
    second = begin_night(session, MARCH)
    finish(session, first, date(2026, 3, 4))
    finish(session, second, MARCH)
    assert len(bills(session, home.account)) == 1
    night(session, date(2026, 3, 6))
    late = bills(session, home.account)[1]
    assert [words for words, _ in lines(session, late)] == ["Correction of calls to UK landlines, daytime"]


def test_what_has_no_price_any_more_is_left_and_told(session: Session, home: builders.BuiltLine) -> None:
    rated(session, [call(home.number), call(home.number, at=NOON + timedelta(hours=2))], on=START)
    session.execute(text("UPDATE css.service SET ends_on = '2026-03-02', end_recorded_on = '2026-03-02'"))
    session.execute(text("UPDATE css.service_number SET ends_at = :at"), {"at": NOON + timedelta(hours=1)})
    before = standing(session)
    done = rerate(session)
    assert [(left.code, left.call_count) for left in done.left] == [("CSS413E", 1)]
    assert home.number in done.left[0].words
    assert standing(session) == before


def test_another_rate_of_vat_is_left_and_told(session: Session, home: builders.BuiltLine) -> None:
    rated(session, [call(home.number)], on=START)
    session.execute(text("UPDATE billing.rated_call SET vat_basis_points = 1750"))
    done = rerate(session)
    assert ([left.code for left in done.left], done.changed_count) == (["CSS724W"], 0)


def test_only_the_chosen_calls_are_priced_anew(session: Session, home: builders.BuiltLine, other: builders.BuiltLine) -> None:
    first = rated(session, [call(home.number), call(other.number), call(home.number, at=NOON + timedelta(days=1))], on=START, block_lines=2)
    second = rated(session, [call(home.number)], on=MARCH, sequence=2, supplier="OTHTEL")
    correct_tariff(session, "RES", START, percent=200)
    correct_tariff(session, "RES", START, percent=200)

    def chosen(**choice: object) -> int:
        return rerate(session, preview=True, **choice).looked_at_count

    assert chosen(number=home.number) == 3
    assert chosen(number="01632") == 4
    assert chosen(number="020") == 0
    assert chosen(from_on=date(2026, 3, 3)) == 1
    assert chosen(to_on=START) == 3
    assert chosen(from_on=START, to_on=START, number=other.number) == 1
    assert chosen(usage_file_id=first[0] // 10_000_000) == 3
    assert chosen(supplier="OTHTEL") == 1
    assert chosen(tariff_code="RES") == 4
    assert chosen(tariff_code="BUS") == 0
    # A preview changes nothing and leaves no trace.
    assert (count(session), session.execute(select(func.count()).select_from(UsageRerating)).scalar_one()) == (4, 0)
    done = rerate(session, usage_file_id=second[0] // 10_000_000)
    assert [row.usage_record_id for row in done.shown] == second
    assert done.shown[0].account_number == home.account.number


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ({"reason": "x"}, "CSS720E"),
        ({"from_on": START, "to_on": date(2026, 3, 1)}, "CSS721E"),
        ({"from_on": START, "reason": " "}, "CSS722E"),
        ({"tariff_code": "NONE"}, "CSS723E"),
        ({"usage_file_id": 999}, "CSS723E"),
        ({"supplier": "NOBODY"}, "CSS723E"),
        ({"number": "0163x"}, "CSS718E"),
        ({"district_code": "QQ", "from_on": START}, "CSS101E"),
    ],
)
def test_a_choice_that_cannot_be_meant_is_refused(
    session: Session, zz: builders.BuiltDistrict, choice: dict[str, object], code: str
) -> None:
    with pytest.raises((Refused, NotFound)) as refusal:
        rerate(session, **choice)
    assert refusal.value.code == code


def test_everything_wrong_is_told_at_once(session: Session, zz: builders.BuiltDistrict) -> None:
    with pytest.raises(Several) as several:
        rerate(session, reason="", tariff_code="NONE", number="x")
    assert [error.code for error in several.value.errors] == ["CSS722E", "CSS718E", "CSS723E"]


def test_clerks_and_partners_may_not(session: Session, zz: builders.BuiltDistrict) -> None:
    command = RerateUsage(district_code="ZZ", from_on=START, reason="x")
    for actor in (builders.CLERK, Actor("partner", PARTNER, PARTNER)):
        with pytest.raises(Refused) as refusal:
            rerate_usage(session, command, by=actor, at=builders.AT)
        assert refusal.value.code == "CSS443E"


def test_the_same_token_gets_the_first_answer(session: Session, home: builders.BuiltLine) -> None:
    rated(session, [call(home.number)], on=START)
    correct_tariff(session, "RES", START, percent=200)
    first = rerate(session, token="once", from_on=START)
    assert rerate(session, token="once", from_on=START) == first
    assert len(reratings(session, "ZZ")) == 1


def test_it_can_be_asked_what_a_rerating_came_to(session: Session, home: builders.BuiltLine, other: builders.BuiltLine) -> None:
    rated(session, [call(home.number), call(other.number), call(other.number)], on=START)
    correct_tariff(session, "RES", START, percent=200)
    done = rerate(session, number="01632", to_on=START)
    (row,) = reratings(session, "ZZ")
    assert (row.rerating_id, row.changed_count, row.net, row.reason, row.done_by) == (
        done.rerating_id,
        3,
        done.net,
        "A price was wrong.",
        "BILLER",
    )
    assert row.selection == {"number": "01632", "to_on": "2026-03-02"}
    card = rerating_card(session, row.rerating_id, by=BILLING)
    assert [(one.account_number, one.call_count) for one in card.accounts] == [(other.account.number, 2), (home.account.number, 1)]
    assert len(card.calls) == 3
    for asker, number in ((BILLING, 999), (Actor("partner", PARTNER, PARTNER), row.rerating_id)):
        with pytest.raises(NotFound) as missing:
            rerating_card(session, number, by=asker)
        assert missing.value.code == "CSS726E"


@pytest.mark.parametrize("seed", range(4))
def test_any_history_comes_to_what_rating_from_the_beginning_would(
    session: Session, home: builders.BuiltLine, other: builders.BuiltLine, zz: builders.BuiltDistrict, seed: int
) -> None:
    """Corrections of tariffs and numbers, re-ratings of these calls or those, in any order; then one of all."""
    rng = random.Random(seed)  # noqa: S311 - a test's own
    firm = builders.working_line(session, zz, builders.account(session, zz, segment="business"), starts_on=date(2026, 2, 1))
    ours = (home, other, firm)
    places = (LONDON, MOBILE, FRANCE, FREEPHONE, PREMIUM, ENQUIRIES)
    for sequence, day in enumerate((START, START + timedelta(days=1)), start=1):
        made = [
            call(rng.choice(ours).number, rng.choice(places), rng.choice((0, 1, 60, 61, 4000)), NOON + timedelta(hours=rng.randrange(40)))
            for _ in range(12)
        ]
        rated(session, made, on=day, sequence=sequence, block_lines=5)
    numbers = [line.number for line in ours]
    moved = NOON
    for _ in range(8):
        deed = rng.randrange(4)
        if deed == 0:
            correct_tariff(session, rng.choice(("RES", "BUS", "SVC")), START, percent=rng.choice((0, 50, 100, 130)))
        elif deed == 1:
            moved += timedelta(hours=rng.randrange(1, 9))
            give_number(session, rng.choice(numbers), rng.choice(ours).service_id, moved)
        else:
            choices: list[dict[str, object]] = [
                {"from_on": START},
                {"number": rng.choice(numbers)},
                {"to_on": START},
                {"tariff_code": "RES"},
            ]
            rerate(session, **rng.choice(choices))
        if rng.random() < 0.2:
            roll_business_date(session, "ZZ", to=session.execute(text("SELECT current_on + 1 FROM css.business_date")).scalar_one())
    rerate(session, from_on=date(2026, 2, 1))
    rows = count(session)
    assert rerate(session, from_on=date(2026, 2, 1)).changed_count == 0
    assert count(session) == rows
    assert standing(session) == _from_scratch(session)


def _from_scratch(session: Session) -> dict[tuple[int, int], tuple[int, ...]]:
    import polars as pl  # noqa: PLC0415 - only here

    firsts = session.execute(select(RatedCall).where(RatedCall.rerating_id.is_(None))).scalars().all()
    columns = ("usage_record_id", "leg", "charged_number", "other_number", "started_at", "duration_seconds")
    schema = {"usage_record_id": pl.Int64(), "started_at": pl.Datetime("us", "UTC"), "duration_seconds": pl.Int64()}
    records = pl.DataFrame([{name: getattr(row, name) for name in columns} for row in firsts], schema_overrides=schema)
    today = session.execute(text("SELECT current_on FROM css.business_date")).scalar_one()
    priced = price_records(session, "ZZ", records, business_date=today, hold_late=False)
    assert priced.suspended.is_empty()
    assert set(RATED_COLUMNS) >= set(columns)
    sums = ("call_count", "duration_seconds", "net_millionths", "gross_millionths", "service_net_millionths", "wholesale_net_millionths")
    return {
        (row["usage_record_id"], row["account_id"]): tuple(row[name] or 0 for name in sums) for row in priced.rated.iter_rows(named=True)
    }


def test_two_reratings_at_once_write_one_difference(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START)
        home = builders.working_line(session, zz, builders.account(session, zz), starts_on=date(2026, 2, 1))
        rated(session, [call(home.number)], on=START)
        correct_tariff(session, "RES", START, percent=200)

    def one() -> UsageRerated:
        with transaction(fresh_engine) as session:
            return rerate(session)

    done = together(*[one] * 4)
    assert sorted(each.changed_count for each in done if isinstance(each, UsageRerated)) == [0, 0, 0, 1]
    with transaction(fresh_engine) as session:
        assert len(differences(session)) == 1


def test_a_rerating_beside_a_replay_leaves_one_price(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START)
        home = builders.working_line(session, zz, builders.account(session, zz), starts_on=date(2026, 2, 1))
        rated(session, [call("441632960777"), call(home.number)], on=START)
        correct_tariff(session, "RES", START, percent=200)
        session.execute(text("UPDATE css.service_number SET number = '441632960777'"))

    def replayed() -> object:
        with transaction(fresh_engine) as session:
            command = ReplayUsage(district_code="ZZ", reason="The number is known now.")
            return replay_usage(session, command, by=builders.OPERATOR, at=builders.AT)

    def rerated() -> object:
        with transaction(fresh_engine) as session:
            return rerate(session)

    done = together(replayed, rerated, replayed, rerated)
    assert [one for one in done if isinstance(one, Exception)] == []
    with transaction(fresh_engine) as session:
        rerate(session)
        assert [sums[:2] for sums in standing(session).values()] == [(1, 122), (1, 122)]
        assert len({sums[2] for key, sums in standing(session).items() if key[0] % 10 == 1}) == 1


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        ("UPDATE billing.rated_call SET net_millionths = net_millionths + 2000000 WHERE rerating_id IS NOT NULL", {"calls_billed"}),
        ("UPDATE billing.rated_call SET duration_seconds = 1 WHERE rerating_id IS NOT NULL", {"calls_billed"}),
        ("DELETE FROM billing.rated_call WHERE rerating_id IS NOT NULL", {"calls_billed"}),
    ],
)
def test_the_books_find_a_correction_that_was_tampered_with(session: Session, home: builders.BuiltLine, harm: str, found: set[str]) -> None:
    rated(session, [call(home.number)], on=START)
    correct_tariff(session, "RES", START, percent=50)
    rerate(session)
    night(session, MARCH)
    assert check_books(session, "ZZ") == ()
    session.execute(text(harm))
    assert {difference.check for difference in check_books(session, "ZZ")} >= found


def test_the_database_refuses_a_second_difference_of_one_rerating(session: Session, home: builders.BuiltLine) -> None:
    from sqlalchemy.exc import IntegrityError  # noqa: PLC0415 - only here

    rated(session, [call(home.number)], on=START)
    correct_tariff(session, "RES", START, percent=200)
    rerate(session)
    names = ", ".join(column.name for column in RatedCall.__table__.columns)
    with pytest.raises(IntegrityError, match="rerating"), session.begin_nested():
        session.execute(
            text(f"INSERT INTO billing.rated_call ({names}) SELECT {names} FROM billing.rated_call WHERE rerating_id IS NOT NULL")
        )
