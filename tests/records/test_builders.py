"""What every other test stands on holds together."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.address import is_sample_postcode, is_sample_uprn
from css.core.phone import is_sample_number
from css.core.words import PairState
from css.master.plant import Pair
from css.master.services import ServiceNumber
from css.master.sites import Site
from tests import builders


def test_two_working_lines_get_pairs_sites_and_numbers_of_their_own(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    first, second = builders.working_line(session, zz, account), builders.working_line(session, zz, account, features=("CALL-WAITING",))
    assert first.number == "441632960123"
    assert second.number == "441632960124"
    assert first.site != second.site
    assert len(second.feature_service_ids) == 1
    states = session.execute(select(Pair.state).where(Pair.id.in_(zz.pair_ids)).order_by(Pair.id)).scalars().all()
    assert states == [PairState.WORKING] * 2 + [PairState.SPARE] * 4
    starts_at = session.execute(select(ServiceNumber.starts_at)).scalars().first()
    assert starts_at == datetime(2026, 3, 2, tzinfo=UTC)


def test_everything_made_is_safe_to_show(session: Session) -> None:
    for code in ("ZZ", "AA", "ZY"):
        made = builders.district(session, code)
        assert is_sample_number(made.first_number)
        assert is_sample_number(made.last_number)
    for site in session.execute(select(Site)).scalars():
        assert is_sample_postcode(site.postcode)
        assert is_sample_uprn(site.uprn or "")


def test_a_partners_account_is_wholesale(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz, provider_code="BRACKWAT")
    line = builders.working_line(session, zz, account)
    assert line.account.provider_code == "BRACKWAT"
    assert builders.stopped_line(session, zz) != line.id
