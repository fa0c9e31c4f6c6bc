"""Tariffs are stored whole, read back as they were, and never edited."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from billing.actions.tariffs import store_book
from billing.model import TariffVersion
from billing.queries.tariffs import tariff_book
from billing.reference import TARIFF_NAMES, reference_book
from billing.rules.tariff import TariffBook
from billing.rules.tariff import TariffVersion as Version
from css.core.calendar import Period
from css.core.errors import Conflict, CssError, Refused, Several
from css.core.words import VatCode
from tests.records.tariff_papers import load, of_homes, release


def _without_ids(book: TariffBook) -> list[Version]:
    return [
        replace(version, tariff_version_id=0, rates=tuple(replace(rate, rate_id=0) for rate in version.rates)) for version in book.versions
    ]


def test_the_reference_tariffs_come_back_as_they_were_stored(session: Session) -> None:
    found = tariff_book(session)
    assert sorted(_without_ids(found), key=lambda version: (version.tariff_code, version.version)) == sorted(
        _without_ids(reference_book()), key=lambda version: (version.tariff_code, version.version)
    )
    assert {row.code for row in found.vat} == {VatCode.STANDARD}
    assert len({rate.rate_id for version in found.versions for rate in version.rates}) == sum(len(v.rates) for v in found.versions)


def test_a_book_stored_again_changes_nothing(session: Session) -> None:
    before = _versions(session)
    assert store_book(session, reference_book(), TARIFF_NAMES) == 0
    assert _versions(session) == before


def test_reference_tariffs_that_a_release_has_ended_or_replaced_are_not_stored_again(session: Session) -> None:
    load(session, of_homes(4, date(2016, 1, 1)))
    load(session, of_homes(5, date(2015, 7, 1)))
    assert release(session, 4).cut == (3,)
    assert store_book(session, reference_book(), TARIFF_NAMES) == 0
    assert release(session, 5).superseded == (3, 4)
    assert store_book(session, reference_book(), TARIFF_NAMES) == 0
    assert [version.version for version in tariff_book(session).versions if version.tariff_code == "RES"] == [1, 2, 5]


def _only(code: str, **changed: object) -> TariffBook:
    """The first version of the reference under another code, changed."""
    book = reference_book()
    fields: dict[str, Any] = changed
    return replace(book, versions=(replace(book.versions[0], tariff_code=code, **fields),))


def test_a_new_version_is_added_beside_the_others(session: Session) -> None:
    book = _only("NEW", period=Period(date(2030, 1, 1)), price_rounding_millionths=100_000)
    assert store_book(session, book, {"NEW": "A new one"}) == 1
    later = _only("NEW", version=2, period=Period(date(2029, 1, 1), date(2030, 1, 1)))
    both = replace(book, versions=(*book.versions, replace(later.versions[0], tariff_version_id=9, rates=())))
    assert store_book(session, both, {"NEW": "Another name"}) == 1
    (first, second) = (version for version in _without_ids(tariff_book(session)) if version.tariff_code == "NEW")
    assert first == _without_ids(book)[0]
    assert (second.period, second.rates) == (Period(date(2029, 1, 1), date(2030, 1, 1)), ())
    names = session.execute(text("SELECT name FROM billing.tariff WHERE code = 'NEW'")).scalars().all()
    assert names == ["A new one"]


@pytest.mark.parametrize(
    ("book", "codes"),
    [
        (_only("RES", minimum_seconds=1), ["CSS449E"]),
        (_only("RES", version=9, period=Period(date(2020, 1, 1), date(2020, 1, 2))), ["CSS419E"]),
        (_only("BAD", price_rounding_millionths=0, daytime_to=time(5)), ["CSS425E", "CSS427E"]),
    ],
    ids=["edited", "overlapping", "faulty"],
)
def test_a_version_is_never_edited_and_a_faulty_book_is_refused_whole(session: Session, book: TariffBook, codes: list[str]) -> None:
    before = tariff_book(session)
    good = _only("GOOD").versions[0]
    with_good = replace(book, versions=(replace(good, tariff_version_id=77, rates=()), *book.versions))
    with pytest.raises(CssError) as refusal:
        store_book(session, with_good, {"RES": "x", "BAD": "x", "GOOD": "x"})
    found = refusal.value.errors if isinstance(refusal.value, Several) else (refusal.value,)
    assert [fault.code for fault in found] == codes
    assert isinstance(refusal.value, Conflict | Refused | Several)
    session.expire_all()
    assert tariff_book(session) == before


def _versions(session: Session) -> int:
    return session.execute(select(func.count()).select_from(TariffVersion)).scalar_one()
