"""Keys: shown once, held as a sum, good for one partner while it trades."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from css.core.errors import CssError
from css.core.words import Role
from css.master.providers import Provider
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, issue_key, own_party, partner_of, partner_of_key
from css.partners.model import PartnerKey
from tests.builders import AT, OPERATOR, PARTNER_ACTOR
from tests.partners.speaking import BRACKWATER, US

COMMAND = IssuePartnerKey(provider_code=PARTNER, words="order gateway, live")


def test_a_key_opens_for_its_partner_and_is_kept_nowhere(session: Session) -> None:
    key = issue_key(session, COMMAND, by=OPERATOR, at=AT)

    partner = partner_of_key(session, key, at=AT)
    assert partner is not None
    assert (partner.code, partner.party) == (PARTNER, BRACKWATER)
    assert (partner.actor.kind, partner.actor.name, partner.actor.provider_code) == ("partner", PARTNER, PARTNER)
    row = session.execute(select(PartnerKey)).scalar_one()
    assert row.key_sha256 == hashlib.sha256(key.encode()).hexdigest()
    kept = " ".join(str(each) for each in session.execute(text("SELECT to_jsonb(e) FROM css.audit_event e")).scalars())
    assert COMMAND.words in kept
    assert key not in kept
    assert row.key_sha256 not in kept


def test_keys_differ_and_stand_side_by_side(session: Session) -> None:
    keys = {issue_key(session, COMMAND, by=OPERATOR, at=AT) for _ in range(3)}
    assert len(keys) == 3
    assert all(partner_of_key(session, key, at=AT) for key in keys)


@pytest.mark.parametrize("key", ["", "css-", "css-unknown", "x" * 10_000, "\udcff", "css-\x00"])
def test_what_is_no_key_opens_nothing(session: Session, key: str) -> None:
    assert partner_of_key(session, key, at=AT) is None


def test_a_key_withdrawn_opens_nothing(session: Session) -> None:
    key = issue_key(session, COMMAND, by=OPERATOR, at=AT)
    session.execute(update(PartnerKey).values(revoked_at=AT))
    assert partner_of_key(session, key, at=AT) is None


def test_a_key_of_a_provider_that_no_longer_trades_opens_nothing(session: Session) -> None:
    key = issue_key(session, COMMAND, by=OPERATOR, at=AT)
    session.execute(update(Provider).where(Provider.code == PARTNER).values(is_active=False))
    assert partner_of_key(session, key, at=AT) is None


@pytest.mark.parametrize(
    ("by", "command", "code"),
    [
        (PARTNER_ACTOR, COMMAND, "CSS111E"),
        (replace(OPERATOR, roles=frozenset({Role.CLERK.value})), COMMAND, "CSS111E"),
        (OPERATOR, replace(COMMAND, provider_code="NOBODY1"), "CSS104E"),
        (OPERATOR, replace(COMMAND, words="  "), "CSS561E"),
        (OPERATOR, replace(COMMAND, words="x" * 101), "CSS561E"),
    ],
    ids=["partner", "clerk", "nobody", "no words", "too many words"],
)
def test_who_may_not_and_what_cannot(session: Session, by: object, command: IssuePartnerKey, code: str) -> None:
    with pytest.raises(CssError) as refusal:
        issue_key(session, command, by=by, at=AT)  # type: ignore[arg-type]
    assert refusal.value.code == code


def test_we_are_the_own_retail_arm(session: Session) -> None:
    assert own_party(session) == US
    assert partner_of(session, PARTNER).party == BRACKWATER
