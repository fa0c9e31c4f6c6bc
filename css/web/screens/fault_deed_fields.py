"""FL02's record: every field that a deed on a fault has."""

from __future__ import annotations

from typing import Final

from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.fault_fields import DESK, FIELD

DEEDS: Final = (
    *("clear", "arrive", "return", "assign", "recall", "appoint", "miss", "queue", "diagnose", "park", "resume", "accept", "reject"),
    *("expedite", "amend", "chase", "own", "detach", "withdraw"),
)
"""In the order of the list on FL03."""


def _only(*deeds: str) -> frozenset[str]:
    return frozenset(deeds)


FL02: Final = Screen(
    code="FL02",
    title="Change a fault",
    family="Faults",
    help=(
        "Everything that is done to a fault once it is reported: amended, chased, owned, diagnosed, promised a visit or another, queued, "
        "assigned, taken back, arrived at, given back, parked, going on, expedited, a visit missed, cleared, the clear accepted or "
        "rejected, the report taken back. Enter shows where it would stand, by when it would be due and what would be charged; F6 does "
        "it. If somebody changed the fault meanwhile, both are shown and you decide again."
    ),
    roles=DESK | FIELD,
    response=ResponseClass.R2,
    takes="fault " + "|".join(DEEDS),
    fields=(
        Field(name="row_version", label="Version", help="What you saw.", kind="hidden", length_max=10),
        Field(name="was_state", label="State", help="How it stood.", kind="hidden", length_max=20),
        Field(name="was_due", label="Due", help="When it was due.", kind="hidden", length_max=40),
        Field(name="was_with", label="With", help="Who had it.", kind="hidden", length_max=60),
        Field(
            name="clear_code",
            label="Clear code",
            help="Where the fault was; F4 lists the codes, and which of them are charged for.",
            kind="code",
            length_max=4,
            is_required=True,
            deeds=_only("clear"),
        ),
        Field(
            name="pair_number",
            label="Moved to pair",
            help="The spare pair of the line's distribution point it works on now; F4 lists them. Empty when it stayed where it was.",
            kind="number",
            length_max=5,
            prompts=True,
            deeds=_only("clear"),
        ),
        Field(
            name="location",
            label="Where to look",
            help="The main fault location; F4 lists them.",
            kind="code",
            length_max=2,
            is_required=True,
            deeds=_only("diagnose"),
        ),
        Field(
            name="park_reason",
            label="Reason",
            help="Why it waits; F4 lists them, and which are the customer's own delay.",
            kind="code",
            length_max=20,
            is_required=True,
            also=frozenset({"reason"}),
            deeds=_only("park"),
        ),
        Field(
            name="return_reason",
            label="Reason",
            help="Why the engineer gives it back; F4 lists them.",
            kind="code",
            length_max=16,
            is_required=True,
            also=frozenset({"reason"}),
            deeds=_only("return"),
        ),
        Field(
            name="cause",
            label="Why it was missed",
            help="F4 lists the causes; some are ours and compensated, others the customer's and charged.",
            kind="code",
            length_max=14,
            is_required=True,
            deeds=_only("miss"),
        ),
        Field(
            name="craft",
            label="Who must go",
            help="The craft; F4 lists them. Empty: who goes for such a place.",
            kind="code",
            length_max=12,
            deeds=_only("diagnose", "return"),
        ),
        Field(
            name="engineer_code",
            label="Engineer",
            help="Who goes; F4 lists those who are there, with what they can do.",
            kind="code",
            length_max=8,
            is_required=True,
            deeds=_only("assign"),
        ),
        Field(
            name="anyway",
            label="Anyway, because",
            help="Why somebody goes without the craft, the area or the shift.",
            length_max=200,
            width=40,
            deeds=_only("assign"),
        ),
        Field(
            name="slot",
            label="Engineer's visit",
            help="The number of a visit on the list, the day and half as 5/3/26 AM, or the number of an appointment held for it.",
            length_max=24,
            width=16,
            is_required=True,
            prompts=True,
            also=frozenset({"appointment", "appointment_number", "slot_on", "half_day"}),
            deeds=_only("appoint"),
        ),
        Field(
            name="is_choice",
            label="Later than offered",
            help="Y when an earlier visit could be had and the customer wants this one: the time between is the customer's own delay.",
            kind="yes-no",
            length_max=3,
            also=frozenset({"offered_on", "offered_half_day"}),
            deeds=_only("appoint"),
        ),
        Field(
            name="care_level",
            label="Expedite to",
            help="The better care level; F4 lists those above the line's own.",
            kind="code",
            length_max=3,
            is_required=True,
            deeds=_only("expedite"),
        ),
        Field(
            name="consented_by",
            label="Agreed by",
            help="Who agrees to pay for it.",
            length_max=100,
            width=32,
            is_required=True,
            deeds=_only("expedite"),
        ),
        Field(
            name="reason",
            label="Reason",
            help="Why, in a sentence.",
            kind="words",
            length_max=500,
            is_required=True,
            deeds=_only("withdraw", "reject", "recall", "detach"),
        ),
        Field(
            name="contact_name",
            label="Contact",
            help="Who can let an engineer in.",
            length_max=100,
            width=32,
            deeds=_only("amend"),
        ),
        Field(
            name="contact_phone",
            label="Contact's telephone",
            help="A number that works while the line does not.",
            kind="telephone",
            length_max=25,
            deeds=_only("amend"),
        ),
        Field(
            name="access_notes",
            label="Access",
            help="When somebody is in, and how to find it.",
            length_max=500,
            width=44,
            deeds=_only("amend"),
        ),
        Field(
            name="hazard_notes",
            label="Hazards",
            help="What may hurt an engineer: at most 50 characters.",
            length_max=50,
            width=44,
            deeds=_only("amend"),
        ),
        Field(
            name="visit_notes",
            label="For the engineer",
            help="What to bring, whom to ask for.",
            length_max=500,
            width=44,
            deeds=_only("amend"),
        ),
        Field(
            name="equipment_checked",
            label="Equipment checked",
            help="Y when the caller has tried another telephone in the test socket.",
            kind="yes-no",
            length_max=3,
            deeds=_only("amend"),
        ),
        Field(
            name="power_checked",
            label="Power checked",
            help="Y when what needs mains power has it.",
            kind="yes-no",
            length_max=3,
            deeds=_only("amend"),
        ),
        Field(
            name="charge_band",
            label="Charges agreed to",
            help="0 nothing, 1 up to two hours, 2 up to four, 3 up to six, 4 without limit; F4 says what each may cost.",
            kind="code",
            length_max=1,
            deeds=_only("amend"),
        ),
        Field(
            name="happened_at",
            label="When",
            help="If it was earlier than now: 14:30, -1 16:30 for yesterday, 8/3/26 9:15. Empty for now.",
            length_max=30,
            width=20,
            also=frozenset({"cleared_at", "parked_at", "resumed_at", "arrived_at"}),
            deeds=_only("clear", "park", "resume", "arrive"),
        ),
        Field(
            name="words",
            label="In words",
            help="For whoever comes next: what was done, found, said or is waited for.",
            kind="words",
            length_max=500,
            needed_by=_only("park"),
            deeds=_only("clear", "diagnose", "queue", "miss", "park", "resume", "return", "accept", "chase", "amend"),
        ),
    ),
    keys=(Key(name="Enter", label="check", sends=True), Key(name="F6", label="commit", sends=True)),
    in_menu=False,
    converses=True,
)
