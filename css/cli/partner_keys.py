"""``css partners key, keys, revoke-key, expire-key, certificate, certificates, revoke-certificate, terms``: who may call, and how."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from css.core.errors import BadMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from css.core.actor import Actor

T = TypeVar("T")
PROVIDER = typer.Argument(help="The provider's code, like BRACKWAT.")
ONE_OR_ALL = typer.Argument(help="Only this provider's; left out, everybody's.")
KEY = typer.Argument(help="The number of the key; `css partners keys` lists them.")
CERTIFICATE = typer.Argument(help="The number of the certificate; `css partners certificates` lists them.")
AREA = typer.Option(help="What it opens: live, or the partner's test area and nothing else.")
PEM_BYTES_MAX = 100_000


def register(app: typer.Typer) -> None:
    """Add the commands to ``css partners``."""
    app.command("key")(key)
    app.command("keys")(keys)
    app.command("revoke-key")(revoke_key)
    app.command("expire-key")(expire_key)
    app.command("certificate")(certificate)
    app.command("certificates")(certificates)
    app.command("revoke-certificate")(revoke_certificate)
    app.command("terms")(terms)


def key(
    provider: Annotated[str, PROVIDER],
    words: Annotated[str, typer.Option(help="What the key is for.")] = "order gateway",
    days: Annotated[int, typer.Option(help="So many days it opens something; 0 without an end.", min=0)] = 0,
    area: Annotated[Literal["live", "sandbox"], AREA] = "live",
) -> None:
    """Issue one more key to a provider, for `Authorization: Bearer ...`. It is printed once and kept nowhere."""
    from css.partners.access.keys import IssuePartnerKey, KeyArea, issue_key  # noqa: PLC0415 - after the words are understood

    command = IssuePartnerKey(provider_code=provider, words=words, days=days or None, area=KeyArea(area))
    made = _done(lambda session, by, at: issue_key(session, command, by=by, at=at))
    typer.echo(made)
    opens = "each request" if area == "live" else "each request to its test area"
    until = f" It ends after {days:,} days." if days else ""
    typer.echo(f"{provider} shows this key with {opens}.{until} Hand it over safely; it cannot be shown again.", err=True)


def keys(provider: Annotated[str, ONE_OR_ALL] = "") -> None:
    """List the keys there are, whose, for what and until when. The keys themselves are kept nowhere."""
    from css.partners.access.keys_actions import partner_keys  # noqa: PLC0415

    rows = _done(lambda session, _, at: partner_keys(session, at=at, provider_code=provider))
    for row in rows:
        print(
            f"{row.key_id:>6}  {row.provider_code:<8}  {row.area.value:<7}  {row.standing.value:<8}"
            f"  from {_shown(row.starts_at)}  until {_shown(row.expires_at)}  {row.words}"
        )
    print(f"{len(rows):,} shown.", file=sys.stderr)


def revoke_key(provider: Annotated[str, PROVIDER], number: Annotated[int, KEY]) -> None:
    """Take a key out of force at once, for good."""
    from css.partners.access.keys_actions import RevokePartnerKey, revoke_partner_key  # noqa: PLC0415

    command = RevokePartnerKey(provider_code=provider, key_id=number)
    row = _done(lambda session, by, at: revoke_partner_key(session, command, by=by, at=at))
    typer.echo(f"Key {row.key_id} of {row.provider_code} ({row.words}) opens nothing any more.")


def expire_key(
    provider: Annotated[str, PROVIDER],
    number: Annotated[int, KEY],
    days: Annotated[int, typer.Option(help="From now.", min=1, max=3_660)] = 14,
) -> None:
    """Let a key end some days from now: the old one, once the partner has a new one."""
    from datetime import timedelta  # noqa: PLC0415

    from css.partners.access.keys_actions import ExpirePartnerKey, expire_partner_key  # noqa: PLC0415

    row = _done(
        lambda session, by, at: expire_partner_key(
            session,
            ExpirePartnerKey(provider_code=provider, key_id=number, expires_at=at + timedelta(days=days)),
            by=by,
            at=at,
        )
    )
    typer.echo(f"Key {row.key_id} of {row.provider_code} ({row.words}) ends {_shown(row.expires_at)}.")


def certificate(
    provider: Annotated[str, PROVIDER],
    file: Annotated[Path, typer.Argument(help="The partner's client certificate in PEM.")],
    words: Annotated[str, typer.Option(help="What it is for.")] = "order gateway",
    area: Annotated[Literal["live", "sandbox"], AREA] = "live",
) -> None:
    """Let a provider be known by a client certificate, within the certificate's own days."""
    from css.partners.access.certificates import RegisterPartnerCertificate, register_partner_certificate  # noqa: PLC0415
    from css.partners.access.keys import KeyArea  # noqa: PLC0415

    command = RegisterPartnerCertificate(provider_code=provider, pem=_read(file), words=words, area=KeyArea(area))
    row = _done(lambda session, by, at: register_partner_certificate(session, command, by=by, at=at))
    typer.echo(f"Certificate {row.certificate_id} of {row.provider_code}: {row.standing.value}, until {_shown(row.expires_at)}.")
    typer.echo(f"SHA-256 {row.fingerprint_sha256}")


def certificates(provider: Annotated[str, ONE_OR_ALL] = "") -> None:
    """List the client certificates there are, whose, for what and until when."""
    from css.partners.access.certificates import partner_certificates  # noqa: PLC0415

    rows = _done(lambda session, _, at: partner_certificates(session, at=at, provider_code=provider))
    for row in rows:
        print(
            f"{row.certificate_id:>6}  {row.provider_code:<8}  {row.area.value:<7}  {row.standing.value:<8}"
            f"  from {_shown(row.starts_at)}  until {_shown(row.expires_at)}  {row.fingerprint_sha256[:16]}  {row.words}"
        )
    print(f"{len(rows):,} shown.", file=sys.stderr)


def revoke_certificate(provider: Annotated[str, PROVIDER], number: Annotated[int, CERTIFICATE]) -> None:
    """Take a client certificate out of force at once, for good."""
    from css.partners.access.certificates import RevokePartnerCertificate, revoke_partner_certificate  # noqa: PLC0415

    command = RevokePartnerCertificate(provider_code=provider, certificate_id=number)
    row = _done(lambda session, by, at: revoke_partner_certificate(session, command, by=by, at=at))
    typer.echo(f"Certificate {row.certificate_id} of {row.provider_code} ({row.words}) opens nothing any more.")


def terms(  # noqa: PLR0913 - one option a term
    provider: Annotated[str, PROVIDER],
    *,
    way: Annotated[Literal["pull", "push", "folder"] | None, typer.Option(help="How it gets its documents.")] = None,
    push_url: Annotated[str | None, typer.Option(help="Where documents are pushed to.")] = None,
    push_key_file: Annotated[Path | None, typer.Option(help="A file with the key we show there.")] = None,
    folder: Annotated[str | None, typer.Option(help="The name of its folder below that of all partners.")] = None,
    messages_a_minute: Annotated[int | None, typer.Option(help="More are told to wait.")] = None,
    at_once: Annotated[int | None, typer.Option(help="So many of its requests in hand at a time.")] = None,
    replay_days: Annotated[int | None, typer.Option(help="A message made longer ago is not taken.")] = None,
    gap_minutes: Annotated[int | None, typer.Option(help="How long a numbered message waits for the one before it.")] = None,
) -> None:
    """Show what is agreed with a provider about its traffic, or change it."""
    from css.partners.access.terms import DeliveryWay, SetPartnerTerms, partner_terms, set_partner_terms  # noqa: PLC0415

    command = SetPartnerTerms(
        provider_code=provider,
        way=None if way is None else DeliveryWay(way),
        push_url=push_url,
        push_key=None if push_key_file is None else _read(push_key_file).strip(),
        folder=folder,
        messages_a_minute=messages_a_minute,
        at_once=at_once,
        replay_days=replay_days,
        gap_minutes=gap_minutes,
    )
    if command == SetPartnerTerms(provider_code=provider):
        row = _done(lambda session, *_: partner_terms(session, provider))
    else:
        row = _done(lambda session, by, at: set_partner_terms(session, command, by=by, at=at))
    print(f"{row.provider_code}: {'its own terms' if row.is_own else 'the terms of the house'}.")
    print(f"  documents         {row.way.value}")
    if row.push_url is not None:
        print(f"  pushed to         {row.push_url} ({'with' if row.has_push_key else 'without'} a key)")
    if row.folder is not None:
        print(f"  folder            {row.folder}")
    print(f"  messages a minute {row.messages_a_minute:,}, {row.at_once:,} at once")
    print(f"  replay            {row.replay_days:,} days")
    print(f"  gaps              {row.gap_minutes:,} minutes")


def _done(deed: Callable[[Session, Actor, datetime], T]) -> T:
    from css.cli.door import the_asker  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415
    from css.master.clocks import house_clock  # noqa: PLC0415

    with transaction(database()) as session:
        return deed(session, the_asker(), house_clock(database).now())


def _read(file: Path) -> str:
    """The text of a file. What is in it shows in no message."""
    with file.open("rb") as stream:
        content = stream.read(PEM_BYTES_MAX)
    try:
        return content.decode("ascii")
    except UnicodeDecodeError:
        raise BadMessage("CSS545E", "{file} is not plain text.", file=str(file)) from None


def _shown(instant: datetime | None) -> str:
    return "somebody ends it" if instant is None else f"{instant:%d %b %Y %H:%M}"
