"""The records of FL01 and FL08: every field that a fault has while it is reported."""

from __future__ import annotations

from typing import Final

from css.core.words import Role
from css.web.screen import Field, Key, ResponseClass, Screen

DESK: Final = frozenset({Role.CLERK, Role.REPAIR, Role.SUPERVISOR})
CONTROL: Final = frozenset({Role.REPAIR, Role.SUPERVISOR})
FIELD: Final = CONTROL | {Role.CONTRACTOR}

TROUBLE: Final = "1 What is wrong"
VISIT: Final = "2 Whom to ring, and a visit"
TERMS: Final = "3 What it may cost"
ANOTHER: Final = "another"
"""The deed of a report on a line that has an open fault already."""
TEST: Final = "S-F5"
FULL_TEST: Final = "S-F11"
TEST_KEYS: Final = (
    Key(name=TEST, label="test line", sends=True, roles=DESK | FIELD),
    Key(name=FULL_TEST, label="full test", sends=True, roles=DESK | FIELD),
)

FL01: Final = Screen(
    code="FL01",
    title="Report a fault",
    family="Faults",
    help=(
        "Take a fault report. What is known comes first: a fault, an order or an outage on the line, with what to tell the caller. "
        "Shift+F5 tests the line in seconds, Shift+F11 in minutes; go on keying meanwhile. Enter shows by when it must be cleared and how "
        "that is reckoned, and what it may cost, so that you can tell the caller before anything is promised; F6 gives it its number and "
        "starts the clock."
    ),
    roles=DESK,
    response=ResponseClass.R1,
    takes="telephone",
    fields=(
        Field(
            name="number",
            label="Number in trouble",
            help="The telephone number of the line; with /2 behind it the second line of an installation.",
            kind="telephone",
            length_max=25,
            is_required=True,
            step=TROUBLE,
        ),
        Field(
            name="symptom_code",
            label="Symptom",
            help="What the caller notices, as a code; F4 lists those that can be on this line.",
            kind="code",
            length_max=3,
            is_required=True,
            step=TROUBLE,
        ),
        Field(name="line_test_id", label="Test", help="The test it is judged by.", kind="hidden", length_max=20, step=TROUBLE),
        Field(name="since", label="Since", help="Since when it is so, in the caller's words: Sunday night.", length_max=40, step=TROUBLE),
        Field(
            name="equipment_checked",
            label="Equipment checked",
            help="Y when the caller has tried another telephone in the test socket.",
            kind="yes-no",
            length_max=3,
            step=TROUBLE,
        ),
        Field(
            name="power_checked",
            label="Power checked",
            help="Y when what needs mains power has it.",
            kind="yes-no",
            length_max=3,
            step=TROUBLE,
        ),
        Field(
            name="words",
            label="In the caller's words",
            help="How often it happens, what was tried.",
            kind="words",
            length_max=450,
            width=24,
            step=TROUBLE,
        ),
        Field(
            name="told_at",
            label="First told us",
            help="If it was earlier than now: 14:30, -1 16:30 for yesterday, 8/3/26 9:15. Compensation counts from then.",
            length_max=30,
            width=20,
            also=frozenset({"reported_at"}),
            step=TROUBLE,
        ),
        Field(
            name="contact_name", label="Contact", help="Who can let an engineer in.", length_max=100, width=32, is_required=True, step=VISIT
        ),
        Field(
            name="contact_phone",
            label="Contact's telephone",
            help="A number that works while the line does not.",
            kind="telephone",
            length_max=25,
            is_required=True,
            step=VISIT,
        ),
        Field(
            name="slot",
            label="Engineer's visit",
            help=(
                "The number of a visit on the list, or the day and half as 5/3/26 AM, or the number of an appointment that is held for it. "
                "Empty: nobody need be in."
            ),
            length_max=24,
            width=16,
            prompts=True,
            also=frozenset({"appointment", "appointment_number", "slot_on", "half_day"}),
            step=VISIT,
        ),
        Field(name="access_notes", label="Access", help="When somebody is in, and how to find it.", length_max=500, width=36, step=VISIT),
        Field(
            name="hazard_notes",
            label="Hazards",
            help="What may hurt an engineer: at most 50 characters.",
            length_max=50,
            width=36,
            step=VISIT,
        ),
        Field(
            name="visit_notes",
            label="For the engineer",
            help="What to bring, whom to ask for.",
            length_max=500,
            width=36,
            step=VISIT,
        ),
        Field(
            name="caller_name",
            label="Caller, if another",
            help="Who told us, where it is not the contact.",
            length_max=100,
            width=32,
            step=VISIT,
        ),
        Field(
            name="charge_band",
            label="Charges agreed to",
            help=(
                "What the caller agrees to pay if the trouble is not ours, or we find nothing: 0 nothing, 1 up to two hours, 2 up to four, "
                "3 up to six, 4 without limit. F4 says what each may cost."
            ),
            kind="code",
            length_max=1,
            step=TERMS,
        ),
        Field(
            name="expedite_to",
            label="Expedite to",
            help="A better care level bought for this fault alone; not charged if it is missed. Empty for the line's own.",
            kind="code",
            length_max=3,
            also=frozenset({"care_level"}),
            step=TERMS,
        ),
        Field(
            name="forced_reason",
            label="A second fault because",
            help="Why it is another matter than the fault that is open on the line. Else add to that one: its number in front opens it.",
            length_max=200,
            width=36,
            deeds=frozenset({ANOTHER}),
            step=TERMS,
        ),
    ),
    keys=(
        Key(name="Enter", label="check", sends=True),
        Key(name="F6", label="report fault", sends=True),
        *TEST_KEYS,
        Key(name="S-F8", label="damage, no line"),
    ),
    converses=True,
    parks=True,
)

FL08: Final = Screen(
    code="FL08",
    title="Report damage",
    family="Faults",
    help=(
        "Somebody saw plant broken or dangerous: a pole down, a cabinet open, a cable across the road. It names a place and no line; there "
        "is no account and nobody to compensate. With a hazard keyed it is due sooner, and the emergency services come first: ask whether "
        "anybody is hurt. Enter shows by when it is due; F6 gives it its number."
    ),
    roles=DESK,
    response=ResponseClass.R1,
    takes="[district [exchange]]",
    fields=(
        Field(
            name="district_code",
            label="District",
            help="The district it is in; F4 lists them.",
            kind="code",
            length_max=2,
            is_required=True,
        ),
        Field(
            name="exchange_code",
            label="Exchange",
            help="Whose area it is in: an engineer of that area goes. F4 lists them.",
            kind="code",
            length_max=8,
            is_required=True,
        ),
        Field(
            name="place_words",
            label="Where it is",
            help="So that an engineer finds it: outside 14 Larkspur Close, by the bus stop.",
            length_max=200,
            width=44,
            is_required=True,
        ),
        Field(name="words", label="What is broken", help="What was seen, in the caller's words.", kind="words", length_max=500),
        Field(
            name="hazard_notes",
            label="Hazards",
            help="What may hurt somebody, at most 50 characters: wires on the footpath. With it, it is due sooner.",
            length_max=50,
            width=44,
        ),
        Field(
            name="contact_name", label="Who told us", help="Somebody who can say where it is.", length_max=100, width=32, is_required=True
        ),
        Field(
            name="contact_phone",
            label="Their telephone",
            help="Where they can be rung back.",
            kind="telephone",
            length_max=25,
            is_required=True,
        ),
        Field(
            name="told_at",
            label="First told us",
            help="If it was earlier than now: 14:30, -1 16:30 for yesterday.",
            length_max=30,
            width=20,
            also=frozenset({"reported_at"}),
        ),
    ),
    keys=(Key(name="Enter", label="check", sends=True), Key(name="F6", label="report damage", sends=True)),
    converses=True,
    parks=True,
)
