"""What order entry offers: the values each field may have for this account, these products, this address and this date."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from sqlalchemy.orm import Session

from css.core.calendar import london_date, next_working_day
from css.core.errors import BadMessage, CssError, NotFound, Refused
from css.core.money import to_money
from css.core.phone import display_number, parse_number
from css.core.slots import SlotOf
from css.core.words import (
    AddressMatch,
    AppointmentState,
    DirectoryEntryKind,
    HalfDay,
    LineState,
    PriceBasis,
    PriceKind,
    ProductKind,
    Skill,
)
from css.master.appointment_queries import AppointmentRow, FreeSlot, appointments_of_site, free_slots
from css.master.card_rows import AccountCard, LineRow
from css.master.cards import account_card
from css.master.care_levels import care_book
from css.master.queries import ProductRow, SiteAnswer, products, sites_by_postcode
from css.web.address_field import address_in_words, addresses_for, look_up_address
from css.web.desk import Desk
from css.web.disclosure import knows_caller, note_read
from css.web.filters import BARS, day, soon, weekday
from css.web.form import Form
from css.web.page import Arguments, Values
from orders.queries.cards import open_orders
from orders.queries.dates import first_dates
from orders.queries.entry import EntryAnswer, entry_answer, free_numbers
from orders.queries.numbers import networks
from orders.queries.quotes import quotes_of_account
from orders.rules.content import better_levels, clash
from orders.rules.kinds import KINDS
from orders.rules.multiline import AUXILIARY_CODE
from orders.words import CeaseReason, OrderKind, PlantOutcome

KIND_OF: Final = {rule.screen: kind for kind, rule in KINDS.items()} | {"P": OrderKind.PROVIDE, "C": OrderKind.CEASE}
"""The kinds by what is keyed; the two commonest by one letter, too."""
AT_AN_ADDRESS: Final = frozenset(kind for kind, rule in KINDS.items() if "address_key" in rule.needs | rule.may) - {OrderKind.CEASE}
"""Kinds that say where a line is to be."""
TAKING_PLANT: Final = frozenset({OrderKind.PROVIDE, OrderKind.PORT_IN, OrderKind.MOVE})
ON_OWN_LINE: Final = frozenset(kind for kind, rule in KINDS.items() if "number" in rule.needs) - {
    OrderKind.TRANSFER,
    OrderKind.TRANSFER_WITH_CHANGES,
}
"""Kinds that work on a line the account has."""
REASONS: Final = {
    CeaseReason.NOT_NEEDED: "not needed any more",
    CeaseReason.MOVING: "moving away",
    CeaseReason.COST: "it costs too much",
    CeaseReason.SERVICE: "dissatisfied with the service",
    CeaseReason.COMPETITOR: "goes to somebody else",
    CeaseReason.DECEASED: "died: no minimum term is charged for",
    CeaseReason.OUR_FAULT: "we could not provide what was promised: no minimum term is charged for",
    CeaseReason.DEBT: "debt treatment",
}
DIRECTORY: Final = {
    DirectoryEntryKind.ORDINARY.value: "listed in the directory",
    DirectoryEntryKind.EX_DIRECTORY.value: "ex-directory",
    DirectoryEntryKind.NO_ENTRY_ENQUIRIES_ALLOWED.value: "not printed, enquiries answered",
}
HALVES: Final = {HalfDay.AM: "08:00 to 13:00", HalfDay.PM: "13:00 to 18:00"}
LINES_OFFERED: Final = 20
SLOTS_OFFERED: Final = 12
DATES_OFFERED: Final = 5
PLANT_WORDS: Final = {
    PlantOutcome.RESTART: "a stopped line is there and is started again; nobody visits for it (ordered as ST it costs the fee for a start)",
    PlantOutcome.SPARE_PAIR: "a spare pair is there",
    PlantOutcome.BUILD: "there is no pair, so one must be built first",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known while an order is keyed; of each as much as the fields so far allow."""

    card: AccountCard | None = None
    sold: tuple[ProductRow, ...] = ()
    """What is sold to the account's segment on the date wanted, or today."""
    ladder: tuple[str, ...] = ()
    """The care levels in force that day, rising."""
    sites: tuple[SiteAnswer, ...] = ()
    """The address, or those to choose from."""
    answer: EntryAnswer | None = None
    """What the plant allows there."""
    line: LineRow | None = None
    """The line of theirs that the order is about; only to a caller who is made sure of."""
    first_dates: tuple[date, ...] = ()
    """The first dates for a kind of order that needs no plant."""
    networks: Values = ()
    """Other networks, for a port."""
    is_caller_known: bool = False
    """Anybody may order for a customer; where the lines are and what their numbers are is shown to the customer alone."""


def known_of(session: Session, at_desk: Desk, form: Form) -> Known:
    """Read the account, the address and the plant behind what is keyed; what is wrong with the address hangs on the form.

    That the account was looked at is written down, so the session must be one that commits.
    """
    try:
        card = account_card(session, form.text("account_number"), by=at_desk.by, lines=LINES_OFFERED)
    except (BadMessage, NotFound):
        return Known()
    note_read(session, at_desk, form.screen, ("account", card.account.number))
    wanted_on = _wanted_on(form, at_desk) or at_desk.today
    known = Known(
        card,
        products(session, card.account.segment, wanted_on),
        care_book(session, wanted_on).codes,
        is_caller_known=knows_caller(session, at_desk, card.customer.number),
    )
    kind = kind_keyed(form.code("kind"))
    if kind is None:
        return known
    known = replace(known, line=_line_of(known, form, kind))
    if "network_code" in KINDS[kind].needs:
        known = replace(known, networks=tuple((row.code, row.name) for row in networks(session)))
    if kind in AT_AN_ADDRESS and form.text("address_key"):
        known = replace(known, sites=look_up_address(session, form))
    place = _where_plant_is_taken(known, form, kind)
    if place is None:
        # A number ported to a line that works takes no pair either.
        has_dates = kind not in TAKING_PLANT or (kind is OrderKind.PORT_IN and form.text("number"))
        dates = first_dates(session, card.account.district_code, kind, most=DATES_OFFERED) if has_dates else ()
        return replace(known, first_dates=dates)
    named = [row for row in known.sold if row.code in form.words("product_codes")]
    answer = entry_answer(
        session,
        place,
        required_on=_wanted_on(form, at_desk),
        at=at_desk.at,
        slots=SLOTS_OFFERED,
        kind=kind,
        needs_visit=any(row.needs_visit for row in named) or not named,
    )
    return replace(known, answer=answer)


def _where_plant_is_taken(known: Known, form: Form, kind: OrderKind) -> str | None:
    """The key of the address at which the order needs a pair; None where it needs none, or that is not known yet."""
    if kind in TAKING_PLANT:
        return known.sites[0].address_key if len(known.sites) == 1 else None
    if kind is not OrderKind.LINES or known.line is None or not form.text("line_count").isdecimal():
        return None
    there = 1 + sum(service.quantity for service in known.line.services if service.product_code == AUXILIARY_CODE)
    return known.line.address_key if int(form.text("line_count")) > there else None


def kind_keyed(typed: str) -> OrderKind | None:
    """The kind of order by its letters; None for letters of none."""
    return KIND_OF.get(typed.strip().upper())


def _line_of(known: Known, form: Form, kind: OrderKind) -> LineRow | None:
    if kind not in ON_OWN_LINE or known.card is None or not known.is_caller_known:
        return None
    try:
        number = parse_number(form.text("number"))
    except CssError:
        return None
    return next((line for line in known.card.lines if line.number == number), None)


def offered(known: Known, form: Form) -> dict[str, Values]:
    """The lists that stand beside the fields."""
    found: dict[str, Values] = {
        "kind": tuple((rule.screen, rule.title) for rule in KINDS.values()),
        "product_codes": _products(known, form),
        "remove_codes": _on_the_line(known, form),
        "network_code": known.networks,
        "bar": tuple((bar.value, words) for bar, words in BARS.items()),
        "reason_code": tuple((reason.value, words) for reason, words in REASONS.items()),
        "care_level": _levels(known, form),
        "directory_kind": tuple(DIRECTORY.items()),
        "required_on": _dates(known),
        "slot_on": days_offered(known.answer.slots if known.answer else ()),
        "half_day": _halves(known, form),
    }
    if len(known.sites) > 1:
        found["address_key"] = tuple((site.address_key, address_in_words(site)) for site in known.sites)
    return {name: values for name, values in found.items() if values}


def prompt_entry(at_desk: Desk, _: Arguments, form: Form, name: str) -> Values:
    """F4: the values of one field for what is keyed now."""
    with at_desk.doing() as session:
        typed = form.text("address_key")
        known = known_of(session, at_desk, form)
        found: Values
        match name:
            case "address_key":
                found = addresses_for(session, typed) if typed else _own_addresses(session, known)
            case "appointment_number":
                found = _held(session, at_desk, known)
            case "number" | "new_number":
                found = _numbers(session, at_desk, known, form, name)
            case "slot_on" if known.answer is None and known.line is not None:
                first = next(iter(known.first_dates), None)
                found = days_offered(free_slots(session, known.line.address_key, first_on=first, at=at_desk.at, limit=SLOTS_OFFERED))
            case "linked_order":
                found = _open_orders(session, at_desk, known)
            case "quote_number":
                found = _quotes(session, at_desk, known, form)
            case _:
                found = offered(known, form).get(name, ())
        return found


def say_next_slots(session: Session, form: Form, answer: EntryAnswer, at: datetime) -> None:
    """After "no engineer can be booked": which half-days can be had, in time for the date wanted or, failing that, at all."""
    if not any(error.code == "CSS222E" for error in form.errors.get("slot_on", ())):
        return
    slots = answer.slots or free_slots(session, answer.address_key, at=at, limit=4)
    shown = [f"{weekday(slot.slot_on)} {slot.half_day.value} ({free_words(slot.free)})" for slot in slots[:4]]
    in_time = "" if answer.slots else " for a later date wanted"
    sentence = "The next that can be had{in_time}: {slots}. F4 lists more."
    form.take(Refused("CSS930E", sentence, in_time=in_time, slots="; ".join(shown), element="slot_on"))


def short_day(day: date) -> str:
    """A day as it is keyed, without a blank in it: ``5/3/26``."""
    return f"{day.day}/{day.month}/{day:%y}"


def _wanted_on(form: Form, at_desk: Desk) -> date | None:
    before = {name: list(errors) for name, errors in form.errors.items()}
    found = form.day("required_on", at_desk.today)
    form.errors = before
    return found


def _products(known: Known, form: Form) -> Values:
    """What can be ordered besides what is chosen: of a new line one line, and features that go together; else features."""
    chosen = form.words("product_codes")
    kinds = {row.kind for row in known.sold if row.code in chosen}
    there = {service.product_code for service in known.line.services} if known.line else set()
    kind = kind_keyed(form.code("kind"))
    has_main = ProductKind.LINE in kinds or kind in {OrderKind.FEATURES, OrderKind.TRANSFER_WITH_CHANGES}
    wanted = {ProductKind.FEATURE} if has_main else {ProductKind.LINE, ProductKind.FEATURE}
    stays = there - set(form.words("remove_codes"))
    return tuple(
        (row.code, _with_price(row))
        for row in known.sold
        if row.is_orderable
        and row.kind in wanted
        and row.code not in chosen
        and row.code not in stays
        and clash(row.code, (*chosen, *stays)) is None
    )


def _on_the_line(known: Known, form: Form) -> Values:
    """The features that can be taken off."""
    if known.line is None:
        return ()
    chosen = form.words("remove_codes")
    features = {row.code for row in known.sold if row.kind is ProductKind.FEATURE}
    return tuple(
        (service.product_code, service.product_name)
        for service in known.line.services
        if service.ends_on is None and service.product_code in features and service.product_code not in chosen
    )


def _with_price(row: ProductRow) -> str:
    rental = next((price for price in row.prices if price.kind is PriceKind.RENTAL), None)
    if rental is None:
        return row.name
    published = rental.net_price if rental.basis is PriceBasis.NET else rental.gross_price
    vat = "" if rental.basis is PriceBasis.GROSS else " and VAT"
    return f"{row.name}, {to_money(published).sterling}{vat} a month"


def _levels(known: Known, form: Form) -> Values:
    """The main product's own care level, and the better ones that are sold."""
    there = () if known.line is None else tuple(service.product_code for service in known.line.services)
    chosen = (*form.words("product_codes"), *there)
    main = next((row for row in known.sold if row.code in chosen and row.kind is ProductKind.LINE), None)
    sold = {row.care_level: row for row in known.sold if row.kind is ProductKind.CARE and row.is_orderable}
    own = ((main.care_level, f"{main.name}'s own"),) if main and main.care_level else ()
    better = better_levels(main.care_level if main else None, sold, known.ladder)
    return (*own, *((level, _with_price(sold[level])) for level in better))


def _dates(known: Known) -> Values:
    """The first dates that can be promised."""
    if known.answer is None:
        return tuple(
            (short_day(day), f"{weekday(day)}{', the earliest' if place == 0 else ''}") for place, day in enumerate(known.first_dates)
        )
    days = [known.answer.earliest_on]
    while len(days) < DATES_OFFERED:
        days.append(next_working_day(days[-1], known.answer.nation))
    first = f"the earliest: {PLANT_WORDS[known.answer.outcome]}"
    return tuple((short_day(day), f"{weekday(day)}{', ' + first if place == 0 else ''}") for place, day in enumerate(days))


def days_offered(slots: tuple[FreeSlot, ...]) -> Values:
    """Days on which an engineer can come, with how many visits are free in each half; a half that is full is not named."""
    by_day: dict[date, list[str]] = {}
    for slot in slots:
        by_day.setdefault(slot.slot_on, []).append(f"{slot.half_day.value} {free_words(slot.free)}")
    return tuple((short_day(day), f"{weekday(day)}: {', '.join(halves)}") for day, halves in by_day.items())


def _halves(known: Known, form: Form) -> Values:
    """The half-days, with how full they are on the day that is keyed."""
    typed = form.text("slot_on")
    slots = known.answer.slots if known.answer else ()
    free = {slot.half_day: slot.free for slot in slots if short_day(slot.slot_on) == typed}
    if not free:
        return tuple((half.value, words) for half, words in HALVES.items())
    return tuple((half.value, f"{words}, {free_words(free[half])}") for half, words in HALVES.items() if half in free)


def free_words(count: int) -> str:
    """How many visits of a half-day can still be had."""
    return "none free" if count == 0 else f"{count} free"


def held_words(row: AppointmentRow) -> tuple[str, str]:
    """A held visit as F4 offers it."""
    return row.appointment_number or "", f"{SlotOf(row.slot_on, row.half_day).short}, held until {soon(row.held_until_at)}"


def _held(session: Session, at_desk: Desk, known: Known) -> Values:
    """The visits that are held for the account's provider at the address, or at their line's."""
    place = known.sites[0] if len(known.sites) == 1 else known.line
    if place is None or known.card is None:
        return ()
    rows = appointments_of_site(session, place.address_key, by=at_desk.by, at=at_desk.at)
    return tuple(
        held_words(row)
        for row in rows
        if row.state is AppointmentState.HELD and row.skill is Skill.INSTALL and row.provider_code == known.card.account.provider_code
    )


def _open_orders(session: Session, at_desk: Desk, known: Known) -> Values:
    """The account's open orders; to a caller who is not made sure of none."""
    if known.card is None or not known.is_caller_known:
        return ()
    rows = open_orders(session, account_number=known.card.account.number, by=at_desk.by, limit=LINES_OFFERED)
    return tuple((row.order_number, f"{KINDS[row.kind].title}, worked for {weekday(row.target_on)}") for row in rows)


def _quotes(session: Session, at_desk: Desk, known: Known, form: Form) -> Values:
    """The account's quotes for the kind of order keyed that hold and were not ordered by."""
    if known.card is None or not known.is_caller_known:
        return ()
    kind = kind_keyed(form.code("kind"))
    rows = quotes_of_account(session, known.card.account.number, by=at_desk.by)
    return tuple(
        (row.quote_number, f"{KINDS[row.kind].title}, made {day(london_date(row.quoted_at))}, holds until {weekday(row.valid_through)}")
        for row in rows
        if row.kind is kind and row.order_number is None and row.valid_through >= at_desk.today
    )


def _own_addresses(session: Session, known: Known) -> Values:
    """Where the account has lines, then what its billing postcode knows; nothing to a caller who is not made sure of."""
    if known.card is None or not known.is_caller_known:
        return ()
    own = {line.address_key: f"{line.premises} {line.street}, a line of theirs" for line in known.card.lines}
    near = sites_by_postcode(session, known.card.account.billing_postcode)
    return tuple((own | {site.address_key: address_in_words(site) for site in near if site.address_key not in own}).items())


def _numbers(session: Session, at_desk: Desk, known: Known, form: Form, name: str) -> Values:
    """The account's working lines for what is done to one of them; else free numbers of the exchange that end in the digits keyed.

    To a caller who is not made sure of no lines: whoever wants something done to one knows its number.
    """
    kind = kind_keyed(form.code("kind"))
    if name == "number" and kind in ON_OWN_LINE | {OrderKind.PORT_IN}:
        lines = known.card.lines if known.card and known.is_caller_known else ()
        return tuple(
            (_keyed(line.number), f"{line.premises} {line.street}") for line in lines if line.number and line.state is LineState.WORKING
        )
    if name == "number" and kind is OrderKind.START:
        return tuple((_keyed(line.number), "stopped there") for site in known.sites for line in site.stopped_lines if line.number)
    place = known.sites[0] if len(known.sites) == 1 else known.line if kind is OrderKind.RENUMBER else None
    if place is None or place.match is not AddressMatch.GOLD or kind is OrderKind.PORT_IN:
        return ()
    ending = "".join(mark for mark in form.text(name) if mark.isdigit())
    try:
        found = free_numbers(session, place.address_key, at=at_desk.at, ending=ending[-6:])
    except CssError:
        return ()
    words = "free there" + (f", ends in {ending[-6:]}" if ending else "")
    return tuple((_keyed(number), words) for number in found)


def _keyed(number: str) -> str:
    """A number as it is keyed: without blanks, so that it is one word in its field."""
    return display_number(number).replace(" ", "")
