"""What happened to a line, newest first: master's part of it. Orders, faults and contacts are their rooms' to tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import start_of_day
from css.core.phone import display_number
from css.core.words import BarKind, DirectoryEntryKind, ProductKind
from css.master.card_rows import LineCard
from css.master.cards import line_card
from css.master.lines import LineBar, LineListing


class LineEventKind(StrEnum):
    """What changed."""

    LINE = "line"
    """The pair was jointed, or recovered."""
    SERVICE = "service"
    NUMBER = "number"
    LISTING = "listing"
    """How it stands in the directory, and who the emergency services are told lives there."""
    BAR = "bar"
    """Barred for debt, or restored."""


@dataclass(frozen=True, slots=True)
class LineEvent:
    """One thing that happened."""

    occurred_at: datetime
    """Of what is known by its day only, the beginning of that day."""
    is_whole_day: bool
    kind: LineEventKind
    words: str
    order_number: str | None
    """The order that did it, where it is known."""


@dataclass(frozen=True, slots=True)
class LineStory:
    """A line with what happened to it."""

    card: LineCard
    events: tuple[LineEvent, ...]
    """Newest first."""


LISTED = {
    DirectoryEntryKind.ORDINARY: "listed",
    DirectoryEntryKind.EX_DIRECTORY: "ex-directory",
    DirectoryEntryKind.NO_ENTRY_ENQUIRIES_ALLOWED: "not printed, enquiries answered",
}


def line_story(session: Session, number: str, *, by: Actor, limit: int = 100) -> LineStory:
    """The line that answers to a telephone number, or was the last to, with services started and ended, numbers, and listings.

    At most ``limit`` events. Errors: CSS106E no line has or had the number; those of ``parse_number``.
    """
    card = line_card(session, number, by=by)
    listings = session.execute(
        select(LineListing).where(LineListing.line_id == card.line.line_id).order_by(LineListing.starts_on, LineListing.id)
    ).scalars()
    bars = session.execute(select(LineBar).where(LineBar.line_id == card.line.line_id).order_by(LineBar.starts_at, LineBar.id)).scalars()
    events = [*_of_line(card), *_of_services(card), *_of_numbers(card), *_of_listings(list(listings)), *_of_bars(card, list(bars))]
    # Of one day what came later in the list happened later: a line is jointed before it has a service and a number.
    newest = sorted(events, key=lambda event: event.occurred_at)[::-1]
    return LineStory(card, tuple(newest[: max(0, limit)]))


def _on(day: date, kind: LineEventKind, words: str, order_number: str | None = None) -> LineEvent:
    return LineEvent(start_of_day(day), True, kind, words, order_number)


def _of_line(card: LineCard) -> list[LineEvent]:
    line = card.line
    events = [_on(line.starts_on, LineEventKind.LINE, f"Line to {line.premises} {line.street}, {line.town} {line.postcode}")]
    return events + ([_on(line.ends_on, LineEventKind.LINE, "Line recovered")] if line.ends_on else [])


def _of_services(card: LineCard) -> list[LineEvent]:
    found = []
    # The level a line has now is not the one it began with where it was changed since; what was bought for it tells of that.
    changed_on = [day for each in card.line.services if each.kind is ProductKind.CARE for day in (each.starts_on, each.ends_on) if day]
    for service in card.line.services:
        times = f"{service.quantity} x " if service.quantity > 1 else ""
        is_first_level = service.kind is ProductKind.LINE and not any(day > service.starts_on for day in changed_on)
        care = f", care level {service.care_level}" if is_first_level and service.care_level else ""
        found.append(_on(service.starts_on, LineEventKind.SERVICE, f"{times}{service.product_name} started{care}", service.order_number))
        if service.ends_on:
            found.append(_on(service.ends_on, LineEventKind.SERVICE, f"{times}{service.product_name} ended"))
    return found


def _of_numbers(card: LineCard) -> list[LineEvent]:
    found = []
    for one in reversed(card.numbers):
        shown = display_number(one.number)
        found.append(LineEvent(one.starts_at, False, LineEventKind.NUMBER, f"Number {shown} given", None))
        if one.ends_at:
            found.append(LineEvent(one.ends_at, False, LineEventKind.NUMBER, f"Number {shown} taken away", None))
    return found


def _of_listings(listings: list[LineListing]) -> list[LineEvent]:
    return [
        _on(
            one.starts_on,
            LineEventKind.LISTING,
            f"Directory: {LISTED[one.directory_kind]}{f' as {one.directory_name}' if one.directory_name else ''}; "
            f"999: {one.emergency_name}",
        )
        for one in listings
    ]


BARRED = {
    BarKind.OUTGOING: "Outgoing calls barred for debt",
    BarKind.INCOMING: "Incoming calls barred as well for debt",
    BarKind.OUT_OF_SERVICE: "Out of service for debt",
}


def _of_bars(card: LineCard, bars: list[LineBar]) -> list[LineEvent]:
    """Bars put on and lifted since whoever has the line had it: what somebody before owed is nobody's business."""
    since = [service.starts_on for service in card.line.services if service.kind is ProductKind.LINE and service.ends_on is None]
    found = []
    for bar in bars:
        if since and bar.starts_at >= start_of_day(max(since)):
            found.append(LineEvent(bar.starts_at, False, LineEventKind.BAR, BARRED[bar.kind], bar.reference))
            if bar.ends_at:
                found.append(LineEvent(bar.ends_at, False, LineEventKind.BAR, f"Restored: {bar.kind.value} lifted", None))
    return found
