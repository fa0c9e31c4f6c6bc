"""FL02: everything that is done to a fault once it is reported, each deed with its own fields."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.orm import Session

from css.core.calendar import london_date
from css.master.cards import account_card
from css.master.queries import products
from css.redress import verbs as credited
from css.web.desk import Desk
from css.web.filters import instant
from css.web.form import Form
from css.web.page import Values
from css.web.rendering import Choices, InHand
from css.web.screens import fault_deed_commands as read
from css.web.screens.deeds import Deed, Record
from css.web.screens.fault_deed_fields import FL02
from css.web.screens.fault_fields import CONTROL, DESK, FIELD
from css.web.screens.fault_next import CRAFTS, LOCATIONS
from css.web.screens.fault_prompts import (
    SLOTS_LISTED,
    bands,
    better_care,
    slot_values,
    slots_for,
    spare_pairs,
)
from css.web.screens.order_deeds import CAUSES
from repairs.actions import (
    accept_clear,
    amend_fault,
    appoint_fault,
    arrive_on_site,
    assign_fault,
    chase_fault,
    detach_fault,
    diagnose_fault,
    expedite_fault,
    own_fault,
    park_fault,
    queue_fault,
    recall_fault,
    reject_clear,
    resume_fault,
    return_fault,
    withdraw_fault,
)
from repairs.queries.cards import FaultCard, fault_card
from repairs.queries.dispatch import engineers
from repairs.rules.clear import CLEAR_CODES, ChargedAs
from repairs.rules.lifecycle import may
from repairs.words import OPEN_STATES, FaultKind, FaultState, ParkReason, ReturnReason

PARKED_FOR: Final = {
    ParkReason.NO_ACCESS: "nobody could let us in",
    ParkReason.CUSTOMER_ASKED: "the customer wants it later than it was offered",
    ParkReason.CUSTOMER_EQUIPMENT: "the customer must change or unplug something",
    ParkReason.CUSTOMER_ANSWER: "a question was put to the customer",
    ParkReason.PERMISSION: "a landowner's or the highway authority's leave",
    ParkReason.PROVIDER_ANSWER: "a question was put to the provider",
    ParkReason.OTHER_NETWORK: "another network must act first",
    ParkReason.HAZARD: "not safe to work there now",
    ParkReason.STORES: "material is on order",
}
RETURNED_FOR: Final = {
    ReturnReason.NO_ACCESS: "could not get in",
    ReturnReason.WRONG_CRAFT: "another craft is needed",
    ReturnReason.MORE_HANDS: "more hands are needed",
    ReturnReason.STORES: "material is missing",
    ReturnReason.HAZARD: "not safe",
    ReturnReason.END_OF_SHIFT: "the shift is over",
    ReturnReason.OTHER: "something else, in words",
}
_SAID: Final = {
    "chase": "It is noted that they asked for fault {number}.",
    "own": "You see fault {number} through.",
    "amend": "Fault {number} is amended.",
}


def _stops(reason: ParkReason) -> str:
    if reason.is_customers:
        return f"{PARKED_FOR[reason]}: the customer's delay, the clock and compensation stand"
    return f"{PARKED_FOR[reason]}: the clock {'stands, compensation goes on' if reason.stops_clock else 'runs on'}"


def _clear_codes(_form: Form, _card: FaultCard) -> Choices:
    charged = {ChargedAs.TIME: "; the time may be charged", ChargedAs.VISIT: "; the visit may be charged", None: ""}
    return {"clear_code": tuple((one.code, one.words + charged[one.charged_as]) for one in CLEAR_CODES.values())}


def _diagnoses(_form: Form, _card: FaultCard) -> Choices:
    return {"location": tuple((one.value, words) for one, words in LOCATIONS.items()), **_crafts()}


def _crafts() -> Choices:
    return {"craft": tuple((one.value.upper(), words) for one, words in CRAFTS.items())}


def _parkings(_form: Form, _card: FaultCard) -> Choices:
    return {"park_reason": tuple((one.value.upper(), _stops(one)) for one in ParkReason)}


def _returns(_form: Form, _card: FaultCard) -> Choices:
    return {"return_reason": tuple((one.value.upper(), words) for one, words in RETURNED_FOR.items()), **_crafts()}


def _causes(_form: Form, _card: FaultCard) -> Choices:
    return {"cause": tuple((one.value.upper(), words) for one, words in CAUSES.items())}


def _asks(session: Session, at_desk: Desk, _form: Form, card: FaultCard, name: str) -> Values | None:
    """F4 in fields whose values only the database knows."""
    match name:
        case "slot":
            return slot_values(slots_for(at_desk, card, SLOTS_LISTED))
        case "pair_number" if card.line_id is not None:
            return spare_pairs(session, card.line_id)
        case "care_level":
            return better_care(session, card.summary.care_level, london_date(at_desk.at))
        case "charge_band" if card.summary.account_number is not None:
            segment = account_card(session, card.summary.account_number, by=at_desk.by, lines=1).account.segment
            return bands(products(session, segment, at_desk.today))
        case "engineer_code":
            return _engineers(session, at_desk, card)
        case _:
            return None


def _engineers(session: Session, at_desk: Desk, card: FaultCard) -> Values:
    """Who works there, those who can do it first; what each has in hand is said beside."""
    rows = [one for one in engineers(session, card.district_code, by=at_desk.by, at=at_desk.at) if one.is_active]

    def fits(one: Any) -> bool:  # noqa: ANN401 - the room's row
        return (card.craft is None or card.craft in one.crafts) and card.exchange_code in one.exchange_codes

    def words(one: Any) -> str:  # noqa: ANN401 - the room's row
        has = f", has {one.fault_number}" if one.fault_number else ", free" if one.is_on_shift else ", not on shift"
        return f"{one.name}: {', '.join(craft.value for craft in one.crafts)}{has}"

    return tuple(
        (one.code, words(one)) for one in sorted(rows, key=lambda one: (not fits(one), bool(one.fault_number), not one.is_on_shift))
    )


def _seen(card: FaultCard) -> dict[str, tuple[str, str]]:
    visit = card.live_visit
    return {
        "was_state": ("State", card.summary.state.value),
        "was_due": ("Due", instant(card.summary.due_at)),
        "was_with": ("With", f"{visit.engineer_code} {visit.engineer_name}" if visit else "nobody"),
    }


def _said(deed: str, _: FaultCard, done: Any) -> tuple[str, str]:  # noqa: ANN401 - each deed has its own answer
    sentence = _SAID.get(deed, "Fault {number} is {state} now.").format(number=done.fault_number, state=_state(done))
    charge = getattr(done, "charge_words", None)
    return f"{sentence} {charge}" if charge else sentence, "CSS378I"


def _state(done: Any) -> str:  # noqa: ANN401 - each deed has its own answer
    return str(done.state.value).replace("-", " ")


def in_hand(card: FaultCard) -> InHand | None:
    """Who rings about it; nobody of damage, which is no account's."""
    if card.summary.account_number is None:
        return None
    return InHand(card.summary.account_number, card.contact_name, card.summary.number, ring=card.contact_phone)


def _besides(card: FaultCard, at_desk: Desk) -> dict[str, Any]:
    return {
        "late": (card.summary.cleared_at or at_desk.at) > card.summary.due_at,
        "free": slots_for(at_desk, card) if card.summary.state in OPEN_STATES else (),
    }


_MOVE_OF: Final = {"detach": "detach", "assign": "issue"}
"""The move of a deed, where it has another name."""


def possible(card: FaultCard, at_desk: Desk) -> tuple[str, ...]:
    """What whoever is at the desk can do to a fault as it stands, in the order of the record's deeds."""
    state, visit = card.summary.state, card.live_visit
    is_damage = card.summary.kind is FaultKind.DAMAGE
    has_no_use = {
        "own": card.owner_code == at_desk.by.name,
        "detach": card.outage_id is None,
        "assign": card.outage_id is not None or visit is not None,
        "recall": visit is None,
        "miss": card.slot is None,
        "appoint": is_damage,
        "expedite": is_damage,
        "queue": state is FaultState.QUEUED,
    }
    return tuple(
        name
        for name, deed in FAULT.deeds.items()
        if at_desk.may(deed.roles) and may(state, _MOVE_OF.get(name, name)) and not has_no_use.get(name, False)
    )


FAULT: Final = Record(
    kind="fault",
    screen=FL02,
    shown_by="FL03",
    deeds={
        "clear": Deed("service is restored", FIELD, credited.clear_fault, read.clear, choices=_clear_codes, asks=_asks, third="clear_code"),
        "arrive": Deed("the engineer is there", FIELD, arrive_on_site, read.arrive),
        "return": Deed("the engineer gives it back", FIELD, return_fault, read.give_back, choices=_returns),
        "assign": Deed("this engineer goes", CONTROL, assign_fault, read.assign, asks=_asks, third="engineer_code"),
        "recall": Deed("it is taken back from the engineer", CONTROL, recall_fault, read.recall),
        "appoint": Deed("a visit is promised, or another", DESK, appoint_fault, read.appoint, asks=_asks),
        "miss": Deed("the visit that was promised did not do its work", FIELD, credited.miss_visit, read.miss, choices=_causes),
        "queue": Deed("nobody need be in: it waits for the next engineer", CONTROL, queue_fault, read.queue),
        "diagnose": Deed("it is known where to look", FIELD, diagnose_fault, read.diagnose, choices=_diagnoses),
        "park": Deed("somebody else must do something first", FIELD, park_fault, read.park, choices=_parkings, third="park_reason"),
        "resume": Deed("what was waited for has happened", DESK | FIELD, resume_fault, read.resume),
        "accept": Deed("the customer agrees that it works", DESK, accept_clear, read.accept),
        "reject": Deed("it does not work: the same fault goes on", DESK, reject_clear, read.reject),
        "expedite": Deed("a better care level is bought for it", DESK, expedite_fault, read.expedite, asks=_asks),
        "amend": Deed("something is otherwise than was said", DESK, amend_fault, read.amend, asks=_asks, begins_with=read.as_it_stands),
        "chase": Deed("the customer asks how it stands", DESK, chase_fault, read.chase),
        "own": Deed("you see it through", DESK, own_fault, read.own),
        "detach": Deed("it is another matter than the outage", CONTROL, detach_fault, read.detach),
        "withdraw": Deed("the customer takes the report back", DESK, withdraw_fault, read.withdraw),
    },
    read=lambda session, number, by: fault_card(session, number, by=by),
    number=lambda card: card.summary.fault_number,
    version=lambda card: card.row_version,
    seen=_seen,
    in_hand=in_hand,
    unknown=("CSS386E", "Say what is done: FL02 with the fault and one of {deeds}."),
    said=_said,
    besides=_besides,
    reads_with=lambda at_desk: at_desk,
)
