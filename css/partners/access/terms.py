"""What is agreed with a partner about its traffic, and the house's terms for whoever has none of its own."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.core.actor import Actor
from css.core.errors import BadMessage, Conflict, Refusals
from css.db.constraints import constraint_of
from css.master.operator_changes import require_supervisor
from css.partners.access.keys import Partner, partner_of
from css.partners.access.push_reach import Reach, reach_of, refuse_push_url
from css.partners.model import DeliveryWay, PartnerTerms
from css.settings import settings

__all__ = ["HOUSE_TERMS", "DeliveryWay", "PartnerTermsRow", "SetPartnerTerms", "Terms", "partner_terms", "set_partner_terms", "terms_of"]

URL_MAX: Final = 300
PUSH_KEY_MAX: Final = 200
LIMITS: Final = {"messages_a_minute": 100_000, "at_once": 64, "replay_days": 3_660, "gap_minutes": 10_080}
"""The most of each; the least is 1."""
FOLDER_FORM: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SECRET: Final = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for a partner."""

    way: DeliveryWay = DeliveryWay.PULL
    """How it gets its documents; it may fetch them besides."""
    push_url: str | None = None
    push_key: str | None = None
    """The secret we show there. Never shown or logged."""
    folder: str | None = None
    """The name of its folder below the folder of all partners."""
    messages_a_minute: int = 600
    at_once: int = 8
    """Its requests in hand at the same time, in one process."""
    replay_days: int = 35
    """A message made longer ago is not taken."""
    gap_minutes: int = 60
    """How long a numbered message waits for the one before it."""


HOUSE_TERMS: Final = Terms()


def terms_of(session: Session, partner: Partner) -> Terms:
    """The partner's terms; the house's while nothing else was agreed. One statement, by the primary key."""
    row = session.execute(
        select(
            PartnerTerms.way,
            PartnerTerms.push_url,
            PartnerTerms.push_key,
            PartnerTerms.folder,
            PartnerTerms.messages_a_minute,
            PartnerTerms.at_once,
            PartnerTerms.replay_days,
            PartnerTerms.gap_minutes,
        ).where(PartnerTerms.provider_id == partner.provider_id)
    ).one_or_none()
    return HOUSE_TERMS if row is None else Terms(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPartnerTerms:
    """What is agreed with a partner from now on. What is None stays as it is."""

    token: str = ""
    provider_code: str
    way: DeliveryWay | None = None
    push_url: str | None = None
    push_key: str | None = None
    """The secret we show at the partner's server; it chose it. Kept as it is, since we must show it, and printed nowhere."""
    folder: str | None = None
    messages_a_minute: int | None = None
    at_once: int | None = None
    replay_days: int | None = None
    gap_minutes: int | None = None
    row_version: int | None = None
    """As last seen; None takes the terms as they stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerTermsRow:
    """The terms that hold for a partner, without its secret."""

    provider_code: str
    way: DeliveryWay
    push_url: str | None
    has_push_key: bool
    folder: str | None
    messages_a_minute: int
    at_once: int
    replay_days: int
    gap_minutes: int
    is_own: bool
    """Agreed with this partner; else they are the house's."""
    row_version: int
    """0 of the house's."""


@answered
def set_partner_terms(session: Session, command: SetPartnerTerms, *, by: Actor, at: datetime) -> PartnerTermsRow:
    """Change what is agreed with a partner. Counts from its next request.

    Raises:
        Refused: CSS111E the actor may not.
        NotFound: CSS104E no such provider.
        BadMessage: CSS547E a field cannot be so, CSS580E nothing would ever be pushed to the address given, by this process's
            settings; several of them at once as ``Several``.
        Conflict: CSS546E somebody else changed the terms meanwhile, or another partner has the folder.
    """
    require_supervisor(by)
    partner = partner_of(session, command.provider_code)
    first = {**asdict(HOUSE_TERMS), "provider_id": partner.provider_id, "row_version": 0, "changed_at": at}
    # Two who agree on the first terms at once: the second waits here for the first.
    session.execute(insert(PartnerTerms).values(first).on_conflict_do_nothing(index_elements=["provider_id"]))
    row = session.execute(
        select(PartnerTerms)
        .where(PartnerTerms.provider_id == partner.provider_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()
    if command.row_version is not None and command.row_version != row.row_version:
        raise Conflict("CSS546E", "The terms of {code} were changed meanwhile; look at them again.", code=partner.code)
    before = Terms(**{field.name: getattr(row, field.name) for field in fields(Terms)})
    said: dict[str, Any] = {field.name: getattr(command, field.name) for field in fields(Terms)}
    after = replace(before, **{name: value for name, value in said.items() if value is not None})
    _check(after, is_to_be_pushed=command.push_url is not None or command.way is DeliveryWay.PUSH)
    if after != before or row.row_version == 0:
        _write(session, row, after, at)
        changed = [name for name, value in asdict(after).items() if value != getattr(before, name)]
        record(
            session,
            by=by,
            at=at,
            verb="set_partner_terms",
            subject=("provider", partner.code),
            before={name: _shown(before, name) for name in changed},
            after={name: _shown(after, name) for name in changed},
        )
        session.flush()
    return _row(partner.code, after, row.row_version)


def partner_terms(session: Session, provider_code: str) -> PartnerTermsRow:
    """The terms that hold for a partner.

    Raises:
        NotFound: CSS104E no such provider.
    """
    partner = partner_of(session, provider_code)
    version = session.execute(select(PartnerTerms.row_version).where(PartnerTerms.provider_id == partner.provider_id)).scalar()
    return _row(partner.code, terms_of(session, partner), version or 0)


def _check(terms: Terms, *, is_to_be_pushed: bool) -> None:
    """Refuse what cannot be. An address is looked at when it is given or used anew: a setting that changed since holds up nothing else."""
    wrong = Refusals()
    if terms.push_url is not None and is_to_be_pushed:
        _check_address(terms.push_url, wrong)
    if terms.push_key is not None and not (len(terms.push_key) <= PUSH_KEY_MAX and _SECRET.fullmatch(terms.push_key)):
        wrong.add(BadMessage("CSS547E", "A key to show has 1 to {most} visible characters.", most=PUSH_KEY_MAX, element="push_key"))
    if terms.folder is not None and not FOLDER_FORM.fullmatch(terms.folder):
        sentence = "A folder is named in up to 40 small letters, digits and -, and begins with a letter or digit."
        wrong.add(BadMessage("CSS547E", sentence, element="folder"))
    if terms.way is DeliveryWay.PUSH and terms.push_url is None:
        wrong.add(BadMessage("CSS547E", "To push, say where to.", element="push_url"))
    if terms.way is DeliveryWay.FOLDER and terms.folder is None:
        wrong.add(BadMessage("CSS547E", "To use a folder, say which.", element="folder"))
    for name, most in LIMITS.items():
        if not 1 <= getattr(terms, name) <= most:
            wrong.add(BadMessage("CSS547E", "{field} is 1 to {most}.", field=name, most=most, element=name))
    wrong.tell()


def _check_address(url: str, wrong: Refusals) -> None:
    reach = reach_of(settings())
    if not _is_address(url, reach):
        sentence = "Documents are pushed to an address with https, or with http in a network of ours: https://partner.example.com/in."
        wrong.add(BadMessage("CSS547E", sentence, element="push_url"))
        return
    try:
        refuse_push_url(url, reach)
    except BadMessage as refusal:
        wrong.add(refusal)


def _is_address(url: str, reach: Reach) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    if len(url) > URL_MAX or not parts.hostname or parts.username or parts.fragment or not _SECRET.fullmatch(url):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and bool(reach.networks))


def _write(session: Session, row: PartnerTerms, terms: Terms, at: datetime) -> None:
    try:
        with session.begin_nested():
            for name, value in asdict(terms).items():
                setattr(row, name, value)
            row.row_version += 1
            row.changed_at = at
    except IntegrityError as error:
        if constraint_of(error) != "uq_partner_terms_folder":
            raise
        raise Conflict("CSS546E", "Another partner has the folder {folder}.", folder=terms.folder, element="folder") from error


def _shown(terms: Terms, name: str) -> object:
    """A value as the audit trail keeps it: of a secret, whether there is one."""
    value = getattr(terms, name)
    return ("kept" if value else None) if name == "push_key" else value


def _row(code: str, terms: Terms, row_version: int) -> PartnerTermsRow:
    shown = asdict(terms)
    has_push_key = shown.pop("push_key") is not None
    return PartnerTermsRow(provider_code=code, has_push_key=has_push_key, is_own=row_version > 0, row_version=row_version, **shown)
