"""A tariff version's life: loaded by one, released by another, superseded or withdrawn; and what becomes of those beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from random import Random

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from billing.actions.tariffs import load_tariff, withdraw_tariff
from billing.queries.tariffs import standing_of, tariff_book, tariff_card, tariff_version, tariff_versions
from billing.rules.tariff import BANDS, Rate, Step, TariffVersion
from billing.rules.tariff_compare import content
from billing.tariff_commands import LoadTariff, TariffLoaded, TariffReleased, WithdrawTariff
from billing.tariff_xml import write_tariff
from billing.words import TariffKind, TariffState
from css.audit import AuditEvent
from css.core.actor import Actor
from css.core.calendar import Period
from css.core.errors import Conflict, CssError, NotFound, Refused, Several
from css.core.money import Price
from css.core.words import PriceBasis
from css.db.engine import transaction
from tests import builders, race
from tests.records.tariff_papers import AT, LOADER, RELEASER, dearer, document_of, load, of_homes, release

NEXT_YEAR = date(2027, 1, 1)
SUMMER = date(2026, 7, 1)


def _states(session: Session, code: str = "RES") -> dict[int, tuple[TariffState, date, date | None]]:
    return {one.version: (one.state, one.starts_on, one.ends_on) for one in tariff_versions(session, code)}


def _codes(error: CssError) -> list[str]:
    return [each.code for each in (error.errors if isinstance(error, Several) else (error,))]


def test_a_version_is_loaded_compared_and_released_by_another(session: Session) -> None:
    version = dearer(of_homes(4, SUMMER))
    loaded = load(session, version)
    assert (loaded.state, loaded.was_there, loaded.prefix_count) == (TariffState.LOADED, False, len(version.rates) // 3)
    assert 4 not in {one.version for one in tariff_book(session).versions if one.tariff_code == "RES"}
    standing = standing_of(session, "RES", 4)
    assert (standing.loaded_by, standing.loaded_at, standing.released_by) == ("LOUISE", AT, None)
    name, stored = tariff_version(session, standing.version_id)
    assert content(stored) == content(version)
    assert write_tariff(name, stored) == document_of(version)
    with pytest.raises(Refused) as refusal:
        release(session, 4, by=LOADER)
    assert refusal.value.text == "CSS686E LOUISE loaded version 4 of tariff RES; somebody else has to release it."
    released = release(session, 4)
    assert (released.cut, released.superseded) == ((3,), ())
    assert released.words == "Version 4 of tariff RES prices calls from 2026-07-01 on. Version 3 ends on 2026-07-01."
    assert _states(session)[3] == (TariffState.RELEASED, date(2015, 7, 1), SUMMER)
    assert _states(session)[4] == (TariffState.RELEASED, SUMMER, None)
    assert {one.version for one in tariff_book(session).versions if one.tariff_code == "RES"} == {1, 2, 3, 4}
    told = session.execute(select(AuditEvent).where(AuditEvent.subject_number == "RES/4").order_by(AuditEvent.id)).scalars().all()
    assert [(one.verb, one.actor_name) for one in told] == [("load_tariff", "LOUISE"), ("release_tariff", "ROGER")]
    assert told[1].after == {"state": "released", "cut": [3], "superseded": []}


def test_the_owner_of_the_command_line_is_two_people_no_more_than_others(session: Session) -> None:
    owner = Actor("operator", "OWNER", "RETAIL", frozenset({"billing", "supervisor", "clerk"}))
    load(session, of_homes(4, SUMMER), by=owner)
    with pytest.raises(Refused) as refusal:
        release(session, 4, by=owner)
    assert refusal.value.code == "CSS686E"


@pytest.mark.parametrize(
    ("by", "may_load", "may_release"),
    [
        (Actor("operator", "CLARE", "RETAIL", frozenset({"clerk", "repair", "scheduler"})), False, False),
        (Actor("operator", "SUE", "RETAIL", frozenset({"supervisor"})), False, True),
        (Actor("operator", "BILL", "RETAIL", frozenset({"billing"})), True, True),
        (Actor("partner", "BRACKWAT", "BRACKWAT"), False, False),
    ],
    ids=["clerk", "supervisor", "billing", "partner"],
)
def test_who_may(session: Session, by: Actor, *, may_load: bool, may_release: bool) -> None:
    if may_load:
        assert not load(session, of_homes(5, NEXT_YEAR), by=by).was_there
    else:
        with pytest.raises(Refused) as refusal:
            load(session, of_homes(5, NEXT_YEAR), by=by)
        assert refusal.value.code == "CSS443E"
    load(session, of_homes(6, NEXT_YEAR))
    if may_release:
        assert release(session, 6, by=by).version == 6
    else:
        with pytest.raises(Refused) as refusal:
            release(session, 6, by=by)
        assert refusal.value.code == "CSS443E"


def test_the_same_document_twice_is_one_version(session: Session) -> None:
    version = of_homes(4, SUMMER)
    load(session, version, token="a")
    assert not load(session, version, token="a").was_there, "the token gets the first answer"
    again = load(session, version, token="b")
    assert (again.was_there, again.state) == (True, TariffState.LOADED)
    spaced = document_of(version).replace(b"  <", b"\t<")
    assert load_tariff(session, LoadTariff(document=spaced), by=LOADER, at=AT).was_there, "other bytes, the same content"
    release(session, 4)
    assert load(session, version).state is TariffState.RELEASED
    assert len(tariff_versions(session, "RES")) == 4
    assert session.execute(text("SELECT count(*) FROM css.audit_event WHERE verb = 'load_tariff'")).scalar_one() == 1
    later = dearer(of_homes(5, NEXT_YEAR))
    load(session, later)
    release(session, 5)
    assert load(session, version).was_there, "the release of a later one has ended it, and it is still the same"


def test_another_content_under_a_used_number_is_refused(session: Session) -> None:
    load(session, of_homes(4, SUMMER))
    with pytest.raises(Conflict) as conflict:
        load(session, dearer(of_homes(4, SUMMER)))
    assert conflict.value.code == "CSS449E"
    with pytest.raises(Conflict) as conflict:
        load(session, of_homes(3, SUMMER))
    assert conflict.value.code == "CSS449E"


def test_numbers_only_rise(session: Session) -> None:
    load(session, of_homes(7, SUMMER))
    with pytest.raises(Refused) as refusal:
        load(session, of_homes(5, SUMMER))
    assert refusal.value.text == "CSS681E Tariff RES has had a version 7 already; number the new one 8 or higher."
    withdraw_tariff(session, WithdrawTariff(tariff_code="RES", version=7, reason="wrong prices"), by=LOADER, at=AT)
    with pytest.raises(Refused) as refusal:
        load(session, of_homes(7, SUMMER))
    assert refusal.value.code == "CSS681E"


def test_a_slip_in_the_name_can_be_mended_until_somebody_may_be_charged(session: Session) -> None:
    def new(number: int) -> TariffVersion:
        return replace(of_homes(number, SUMMER), tariff_code="NEW")

    load(session, new(1), name="Hoems")
    with pytest.raises(Refused) as refusal:
        load(session, new(2), name="Homes")
    assert refusal.value.code == "CSS682E"
    withdraw_tariff(session, WithdrawTariff(tariff_code="NEW", version=1, reason="a slip"), by=LOADER, at=AT)
    load(session, new(2), name="Homes")
    assert {one.name for one in tariff_versions(session, "NEW")} == {"Homes"}


def test_everything_wrong_with_a_tariff_is_told_at_once(session: Session) -> None:
    wrong = replace(
        of_homes(1, SUMMER, service_tariff_code="NONE-SUCH"),
        version=2,
        kind=TariffKind.WHOLESALE,
        price_rounding_millionths=1,
        tariff_code="RES",
    )
    with pytest.raises(Several) as several:
        load(session, wrong, name="Another name")
    assert {"CSS453E", "CSS682E", "CSS449E"} <= set(_codes(several.value))


def test_a_service_tariff_comes_first(session: Session) -> None:
    retail = replace(of_homes(1, SUMMER, service_tariff_code="SC2"), tariff_code="NEW")
    with pytest.raises(CssError) as refusal:
        load(session, retail, name="New")
    assert _codes(refusal.value) == ["CSS453E"]
    service = next(version for version in tariff_book(session).versions if version.tariff_code == "SVC")
    load(session, replace(content(service), tariff_code="SC2", period=Period(NEXT_YEAR)), name="Second")
    load(session, retail, name="New")
    with pytest.raises(CssError) as refusal:
        release(session, 1, code="NEW")
    assert _codes(refusal.value) == ["CSS453E", "CSS683E"]
    release(session, 1, code="SC2")
    with pytest.raises(CssError) as refusal:
        release(session, 1, code="NEW")
    assert _codes(refusal.value) == ["CSS683E"], "in force, but not yet when calls begin to be priced by it"


def test_a_version_for_days_already_priced_supersedes_and_says_so(session: Session) -> None:
    builders.district(session, on=date(2026, 9, 1))
    for number, starts_on in ((4, SUMMER), (5, date(2026, 8, 1)), (6, date(2026, 6, 15))):
        load(session, of_homes(number, starts_on))
    release(session, 4)
    release(session, 5)
    told = release(session, 6)
    assert (told.cut, told.superseded) == ((3,), (4, 5))
    assert told.words == (
        "Version 6 of tariff RES prices calls from 2026-06-15 on. Version 3 ends on 2026-06-15 instead of 2026-07-01. "
        "It takes the place of version 4 (from 2026-07-01 up to but not on 2026-08-01), which prices nothing any more. "
        "It takes the place of version 5 (from 2026-08-01 on), which prices nothing any more. "
        "Calls priced already that started from 2026-06-15 on keep their price until `css usage rerate` is run for them."
    )
    assert _states(session)[4][0] == _states(session)[5][0] == TariffState.SUPERSEDED
    assert {one.version for one in tariff_book(session).versions if one.tariff_code == "RES"} == {1, 2, 3, 6}


def test_a_version_may_not_leave_days_without_a_price_that_had_one(session: Session) -> None:
    load(session, of_homes(4, SUMMER, NEXT_YEAR))
    with pytest.raises(Refused) as refusal:
        release(session, 4)
    assert refusal.value.text == (
        "CSS688E Version 4 ends on 2027-01-01, but version 3 has the price of the days after it (from 2015-07-01 on); "
        "release what prices those days first, or let this one run on."
    )
    load(session, of_homes(5, NEXT_YEAR))
    release(session, 5)
    told = release(session, 4)
    assert told.cut == (3,)
    assert _states(session)[3][2] == SUMMER
    assert "Version 3 ends on 2026-07-01 instead of 2027-01-01." in told.words


def test_a_first_version_and_its_gaps(session: Session) -> None:
    first = replace(of_homes(1, SUMMER, date(2026, 8, 1)), tariff_code="NEW")
    load(session, first, name="New")
    told = release(session, 1, code="NEW")
    assert told.words.endswith("No version prices calls on 2026-08-01, when this one has ended.")
    load(session, replace(of_homes(2, NEXT_YEAR), tariff_code="NEW"), name="New")
    assert "No version prices calls from 2026-08-01 to 2027-01-01." in release(session, 2, code="NEW").words


def test_what_is_not_loaded_is_neither_released_nor_withdrawn(session: Session) -> None:
    for deed in (lambda: release(session, 3), lambda: withdraw_tariff(session, _withdraw(3), by=LOADER, at=AT)):
        with pytest.raises(Conflict) as conflict:
            deed()
        assert conflict.value.text == "CSS685E Version 3 of tariff RES is released already by system."
    with pytest.raises(NotFound) as missing:
        release(session, 33)
    assert missing.value.text == "CSS684E Tariff RES has no version 33."
    with pytest.raises(NotFound) as missing:
        release(session, 1, code="NONE")
    assert missing.value.text == "CSS684E There is no tariff NONE."
    load(session, of_homes(4, SUMMER))
    with pytest.raises(Refused) as refusal:
        withdraw_tariff(session, _withdraw(4, " "), by=LOADER, at=AT)
    assert refusal.value.code == "CSS687E"
    assert withdraw_tariff(session, _withdraw(4), by=LOADER, at=AT).state is TariffState.WITHDRAWN
    with pytest.raises(Conflict) as conflict:
        release(session, 4)
    assert conflict.value.code == "CSS685E"


def _withdraw(number: int, reason: str = "not wanted") -> WithdrawTariff:
    return WithdrawTariff(tariff_code="RES", version=number, reason=reason)


def test_a_repeated_release_gets_the_first_answer(session: Session) -> None:
    load(session, of_homes(4, SUMMER))
    assert release(session, 4, token="t") == release(session, 4, token="t")


def test_a_card_shows_one_version_in_words(session: Session) -> None:
    assert tariff_card(session, "RES").standing.version == 3
    assert tariff_card(session, "RES", on=date(2010, 3, 31)).standing.version == 1
    card = tariff_card(session, "RES", 1)
    london = [price for price in card.prices if price.destination == "London"]
    assert [(price.prefixes, price.bands, price.price) for price in london] == [
        (("4420",), ("day",), "set-up 9.3p, 5.4p each 60 s"),
        (("4420",), ("evening", "weekend"), "0p each 60 s"),
    ]
    with pytest.raises(NotFound):
        tariff_card(session, "RES", on=date(1999, 1, 1))


def test_two_releases_of_one_version_at_once_are_one(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        load(session, of_homes(4, SUMMER))

    def one(name: str) -> TariffReleased:
        with transaction(fresh_engine) as session:
            return release(session, 4, by=replace(RELEASER, name=name))

    won, lost = sorted(race.together(lambda: one("ROGER"), lambda: one("RITA")), key=lambda answer: isinstance(answer, Exception))
    assert isinstance(won, TariffReleased)
    assert isinstance(lost, Conflict)
    assert lost.code == "CSS685E"
    assert "is released already by" in str(lost)


def test_two_loads_of_a_new_tariff_at_once_are_one(fresh_engine: Engine) -> None:
    version = replace(of_homes(1, SUMMER), tariff_code="NEW")

    def one() -> TariffLoaded:
        with transaction(fresh_engine) as session:
            return load(session, version, name="New")

    answers = race.together(one, one)
    assert sorted(isinstance(answer, TariffLoaded) and answer.was_there for answer in answers) == [False, True], answers
    assert all(isinstance(answer, TariffLoaded) for answer in answers)


def test_two_versions_for_the_same_days_are_released_one_after_the_other(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        load(session, of_homes(4, SUMMER))
        load(session, of_homes(5, SUMMER))

    def one(number: int) -> TariffReleased:
        with transaction(fresh_engine) as session:
            return release(session, number)

    answers = race.together(lambda: one(4), lambda: one(5))
    assert all(isinstance(answer, TariffReleased) for answer in answers), answers
    with transaction(fresh_engine) as session:
        states = _states(session)
    assert sorted([states[4][0], states[5][0]]) == [TariffState.RELEASED, TariffState.SUPERSEDED]


def test_the_database_guards_the_days(session: Session) -> None:
    load(session, of_homes(4, SUMMER))
    with pytest.raises(Exception, match="ex_tariff_version_overlap"):
        session.execute(
            text("UPDATE billing.tariff_version SET state = 'released', released_by = 'X', released_at = loaded_at WHERE version = 4")
        )


def test_a_large_tariff_goes_in_and_out(session: Session) -> None:
    prefixes = 3_000
    chance = Random(7)  # noqa: S311 - prices, not secrets
    numbers = chance.sample(range(10**6, 10**7), prefixes)
    rates = [
        Rate(0, str(number), band, "INT3", f"Place {number % 500}", Price(number), (Step(0, 60, Price(chance.randrange(10**7))),))
        for number in numbers
        for band in BANDS
    ]
    version = replace(of_homes(1, SUMMER), tariff_code="BIG", basis=PriceBasis.NET, rates=tuple(rates), service_tariff_code=None)
    load(session, version, name="Large")
    release(session, 1, code="BIG")
    assert content(_big(session)) == content(version)


def _big(session: Session) -> TariffVersion:
    return next(version for version in tariff_book(session).versions if version.tariff_code == "BIG")
