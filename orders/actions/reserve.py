"""Reserving a number while an order is talked about, and giving it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import day_words, to_london
from css.core.codec import to_plain
from css.core.errors import Breach, CssError, NotFound, Refused
from css.core.phone import display_number, parse_number
from css.db.constraints import translate
from css.master.numbers import NumberReservation
from css.master.providers import Provider
from orders.actions.find import SiteFound, find_account, find_site, just_taken, require_may
from orders.actions.numbers import take_next_number, take_number
from orders.commands.numbers import NumberReleased, NumberReserved, ReleaseNumber, ReserveNumber
from orders.rules.plant import reserved_until

PARTNER_RESERVATIONS_MAX: Final = 20
"""How many numbers a partner may keep at one time, so that nobody keeps an exchange's numbers from everybody else."""


@dataclass(frozen=True, slots=True)
class _For:
    provider_id: int
    provider_code: str
    account_id: int | None


@audit.answered
def reserve_number(session: Session, command: ReserveNumber, *, by: Actor, at: datetime) -> NumberReserved:
    """Keep a number for the asker's provider, or that of the account, for a day from now; an order by it ends that.

    Raises:
        NotFound: CSS200E, CSS209E. Conflict: CSS231E a race was lost.
        Refused: CSS203E, CSS224E to CSS229E, CSS262E, CSS263E, CSS267E, CSS269E. BadMessage: CSS080E to CSS083E.
    """
    require_may(by, "place")
    site = find_site(session, command.address_key)
    whose = _for_whom(session, command, by)
    if by.is_partner:
        _refuse_too_many(session, whose, at)
    until = reserved_until(at)
    try:
        with session.begin_nested():
            number = _choose(session, command, site, whose, at)
            session.add(NumberReservation(number=number, provider_id=whose.provider_id, starts_at=at, ends_at=until, reserved_by=by.name))
            session.flush()
    except IntegrityError as error:
        refusal = translate(error, {"ex_number_reservation_twice": lambda: just_taken("The telephone number")})
        if refusal is None:
            raise
        raise refusal from error
    answer = NumberReserved(number=number, exchange_name=site.exchange_name, provider_code=whose.provider_code, reserved_until_at=until)
    audit.record(session, by=by, at=at, verb="reserve_number", subject=("number", number), after=to_plain(answer))
    session.flush()
    return answer


@audit.answered
def release_number(session: Session, command: ReleaseNumber, *, by: Actor, at: datetime) -> NumberReleased:
    """Give a reserved number back; a partner its own only.

    Raises:
        Refused: CSS203E. NotFound: CSS268E. BadMessage: CSS080E to CSS083E.
    """
    require_may(by, "place")
    number = parse_number(command.number)
    wanted = (
        select(NumberReservation, Provider.code)
        .join(Provider, Provider.id == NumberReservation.provider_id)
        .where(NumberReservation.number == number, NumberReservation.starts_at <= at, NumberReservation.ends_at > at)
        .with_for_update(of=NumberReservation)
    )
    found = session.execute(wanted).one_or_none()
    if found is None or (by.is_partner and found.code != by.provider_code):
        raise NotFound("CSS268E", "{number} is not reserved.", number=display_number(number), element="number")
    before = {"ends_at": to_plain(found.NumberReservation.ends_at)}
    found.NumberReservation.ends_at = at
    answer = NumberReleased(number=number, provider_code=found.code)
    audit.record(session, by=by, at=at, verb="release_number", subject=("number", number), before=before, after=to_plain(answer))
    session.flush()
    return answer


def _for_whom(session: Session, command: ReserveNumber, by: Actor) -> _For:
    if (command.account_number or "").strip():
        account = find_account(session, command.account_number or "", by)
        code = session.execute(select(Provider.code).where(Provider.id == account.provider_id)).scalar_one()
        return _For(account.provider_id, code, account.account_id)
    provider_id = session.execute(select(Provider.id).where(Provider.code == by.provider_code)).scalar_one_or_none()
    if provider_id is None:
        msg = f"{by.name} acts for {by.provider_code}, which is no provider"
        raise Breach(msg)
    return _For(provider_id, by.provider_code, None)


def _choose(session: Session, command: ReserveNumber, site: SiteFound, whose: _For, at: datetime) -> str:
    if site.distribution_point_id is None:
        raise Refused("CSS228E", "No number can be kept for an address that is not in the network's records.", element="address_key")
    wanted = (command.number or "").strip()
    if not wanted:
        return take_next_number(session, site.exchange_id, site.exchange_name, at)
    number = take_number(
        session,
        wanted,
        exchange_id=site.exchange_id,
        exchange_name=site.exchange_name,
        account_id=whose.account_id,
        provider_id=whose.provider_id,
        at=at,
    )
    fault = _own_fault(session, number, at)
    if fault is not None:
        raise fault
    return number


def _own_fault(session: Session, number: str, at: datetime) -> CssError | None:
    """CSS267E when the provider itself keeps the number already; another's was refused before."""
    until = session.execute(
        select(NumberReservation.ends_at).where(
            NumberReservation.number == number, NumberReservation.starts_at <= at, NumberReservation.ends_at > at
        )
    ).scalar()
    if until is None:
        return None
    local = to_london(until)
    return Refused(
        "CSS267E",
        "{number} is reserved for you already, until {time} on {day}.",
        number=display_number(number),
        time=f"{local:%H:%M}",
        day=day_words(local.date()),
        element="number",
    )


def _refuse_too_many(session: Session, whose: _For, at: datetime) -> None:
    # A partner's own requests come several at a time: each is counted after the one before.
    session.execute(select(Provider.id).where(Provider.id == whose.provider_id).with_for_update(key_share=True))
    kept = session.execute(
        select(func.count())
        .select_from(NumberReservation)
        .where(NumberReservation.provider_id == whose.provider_id, NumberReservation.ends_at > at)
    ).scalar_one()
    if kept >= PARTNER_RESERVATIONS_MAX:
        raise Refused("CSS269E", "{most} numbers are reserved for you already; order or release some first.", most=PARTNER_RESERVATIONS_MAX)
