"""What each kind of order is: which fields of the command it needs and may have, and what it does. Data; nothing here decides.

``orders.rules.content`` refuses by it, the tasks and the charges are chosen by it, the screens and the documentation are
written from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orders.words import OrderKind

COMMON: Final = frozenset(
    {
        *("token", "kind", "account_number", "required_on", "customer_reference", "conversation_id", "contact_name", "contact_phone"),
        *("schema_major", "hazard_notes", "visit_notes", "linked_order", "quote_number", "consented_by"),
    }
)
"""What every order has or may have."""
DEFAULTED: Final = frozenset({"directory_kind", "keeps_number", "ends_riding"})
"""Fields that always say something; they are read only where they are needed or may be."""
_SLOT: Final = frozenset({"appointment", "appointment_number"})
_LISTING: Final = frozenset({"directory_kind", "directory_name", "emergency_name"})
_NEW_LINE: Final = frozenset({"product_codes", "address_key", "emergency_name"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRule:
    """One kind of order."""

    kind: OrderKind
    title: str
    """As a list shows it."""
    does: str
    """What it does, as the handbook says it."""
    screen: str
    """Two letters an operator keys."""
    tmf_action: str
    """The action of a TMF622 item: add, modify or delete."""
    xml_action: str
    """The action in the first version of the partners' messages, which had four."""
    promise: str
    """The sentence the customer is told; ``{day}`` is the day."""
    done: str
    """The sentence when it is done; ``{day}`` is the day."""
    needs: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    """Beyond COMMON and what it needs."""
    needs_consent: bool = False
    """Another provider loses by it: who agreed must be on record."""
    is_treatment: bool = False
    """Debt treatment's own: nobody else places it but a supervisor, and it is done together with nothing."""
    is_for_partners: bool = True


def _kind(kind: OrderKind, title: str, does: str, screen: str, actions: str, told: tuple[str, str], **others: object) -> KindRule:
    tmf_action, xml_action = actions.split()
    promise, done = told
    return KindRule(
        kind=kind,
        title=title,
        does=does,
        screen=screen,
        tmf_action=tmf_action,
        xml_action=xml_action,
        promise=promise,
        done=done,
        **others,  # type: ignore[arg-type]
    )


_WORKS: Final = "The line works from {day}."
_CEASED: Final = "The line was ceased on {day}."

KINDS: Final[dict[OrderKind, KindRule]] = {
    rule.kind: rule
    for rule in (
        _kind(
            OrderKind.PROVIDE, "New line", "A new line on a stopped line, a spare pair or new plant.", "PR", "add PROVIDE",
            ("The line will be provided by {day}.", _WORKS),
            needs=_NEW_LINE, may=_SLOT | _LISTING | {"number", "care_level", "excess_agreed"},
        ),
        _kind(
            OrderKind.START, "Start of a stopped line", "The stopped line at the address works again.", "ST", "add PROVIDE",
            ("The line will be started on {day}.", _WORKS),
            needs=_NEW_LINE, may=_LISTING | {"number", "new_number", "keeps_number", "care_level"},
        ),
        _kind(
            OrderKind.TAKEOVER, "Takeover of a working line", "Whoever moves in takes over the line of whoever moves out.", "TO",
            "add PROVIDE",
            ("The line will be taken over on {day}.", _WORKS),
            needs=_NEW_LINE, may=_LISTING | {"number", "new_number", "keeps_number", "care_level", "postcode"},
            needs_consent=True,
        ),
        _kind(
            OrderKind.TRANSFER, "Transfer like for like", "The line comes from another provider with everything on it.", "TR",
            "modify MODIFY", ("The line will be transferred on {day}.", "The line was transferred on {day}."),
            needs=frozenset({"number", "postcode"}), may=frozenset({"authority"}),
            needs_consent=True,
        ),
        _kind(
            OrderKind.TRANSFER_WITH_CHANGES, "Transfer with changes", "The line comes from another provider and is changed on the way.",
            "TC", "modify MODIFY", ("The line will be transferred on {day}.", "The line was transferred on {day}."),
            needs=frozenset({"number", "postcode"}),
            may=_LISTING | {"product_codes", "remove_codes", "care_level", "authority"},
            needs_consent=True,
        ),
        _kind(
            OrderKind.PORT_IN, "Number port in", "A number comes from another network, to a new line or a working one.", "PI",
            "add PROVIDE",
            ("The number will be ported by {day}.", "The number works with us from {day}."),
            needs=frozenset({"new_number", "network_code", "authority"}),
            may=_SLOT | _LISTING | {"number", "address_key", "product_codes", "care_level", "excess_agreed"},
            needs_consent=True,
        ),
        _kind(
            OrderKind.PORT_OUT, "Number port out", "The number goes to another network and the line is ceased.", "PO", "delete CEASE",
            ("The number will be ported on {day}.", "The number went to the other network on {day} and the line was ceased."),
            needs=frozenset({"number", "network_code"}), may=frozenset({"ends_riding", "authority"}),
        ),
        _kind(
            OrderKind.MOVE, "Move to other premises", "Everything on the line goes on at another address.", "MV", "modify MOVE",
            ("The line will work at the new address from {day}.", "The line works at the new address from {day}."),
            needs=frozenset({"number", "address_key", "emergency_name"}),
            may=_SLOT | _LISTING | {"new_number", "keeps_number", "excess_agreed"},
        ),
        _kind(
            OrderKind.SHIFT, "Move within the premises", "The socket moves; the line stays.", "SH", "modify MODIFY",
            ("The line will be moved on {day}.", "The line was moved on {day}."),
            needs=frozenset({"number"}), may=_SLOT,
        ),
        _kind(
            OrderKind.RENUMBER, "Change of number", "The line gets another number.", "RN", "modify MODIFY",
            ("The number will change on {day}.", "The number changed on {day}."),
            needs=frozenset({"number"}), may=frozenset({"new_number"}),
        ),
        _kind(
            OrderKind.FEATURES, "Change of features", "Features are added and taken off.", "FE", "modify MODIFY",
            ("The features will change on {day}.", "The features changed on {day}."),
            needs=frozenset({"number"}), may=frozenset({"product_codes", "remove_codes"}),
        ),
        _kind(
            OrderKind.CARE, "Change of care level", "The line's faults are cleared sooner, or later.", "CA", "modify MODIFY",
            ("The care level will change on {day}.", "The care level changed on {day}."),
            needs=frozenset({"number", "care_level"}),
        ),
        _kind(
            OrderKind.DIRECTORY, "Change of directory entry", "How the line is listed, and whom the emergency services are told.", "DE",
            "modify MODIFY", ("The entry will change on {day}.", "The entry changed on {day}."),
            needs=frozenset({"number"}), may=_LISTING,
        ),
        _kind(
            OrderKind.LINES, "Change of the number of lines", "Auxiliary lines are added to or taken off a multiline installation.", "LI",
            "modify MODIFY", ("The number of lines will change on {day}.", "The number of lines changed on {day}."),
            needs=frozenset({"number", "line_count"}), may=_SLOT | {"excess_agreed"},
        ),
        _kind(
            OrderKind.CONVERT, "Conversion to a single line", "The auxiliary lines go and one line stays.", "CV", "modify MODIFY",
            ("The installation becomes a single line on {day}.", "The installation is a single line from {day}."),
            needs=frozenset({"number"}),
        ),
        _kind(
            OrderKind.CEASE, "Cease", "Everything on the line ends; the line is left in place, stopped.", "CE", "delete CEASE",
            ("The line will be ceased on {day}.", _CEASED),
            needs=frozenset({"number"}), may=frozenset({"address_key", "reason_code", "ends_riding"}),
        ),
        _kind(
            OrderKind.BAR, "Bar for debt", "Calls are barred, or the line is out of service, until what is owed is paid.", "BA",
            "modify MODIFY",
            ("Calls will be barred on {day}.", "Calls were barred on {day}."),
            needs=frozenset({"number", "bar"}), is_treatment=True, is_for_partners=False,
        ),
        _kind(
            OrderKind.RESTORE, "Restoring after a bar", "Every bar for debt is lifted.", "RE", "modify MODIFY",
            ("The line will be restored on {day}.", "The line was restored on {day}."),
            needs=frozenset({"number"}), is_treatment=True, is_for_partners=False,
        ),
    )
}  # fmt: skip
