"""FL05's record: every field with which failed plant and matters beyond our control are declared, changed and ended."""

from __future__ import annotations

from typing import Final

from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.fault_fields import CONTROL, DESK

DECLARE, MBORC = "declare", "mborc"
UPDATE, CLEAR, WITHDRAW = "update", "clear", "withdraw"
NARROW, LIFT = "narrow", "lift"
CONVERSING: Final = frozenset({DECLARE, MBORC, UPDATE, CLEAR, WITHDRAW, NARROW, LIFT})
MESSAGE: Final = "We know of a fault in your area and are mending it."


def _only(*deeds: str) -> frozenset[str]:
    return frozenset(deeds)


FL05: Final = Screen(
    code="FL05",
    title="Outages",
    family="Faults",
    help=(
        "Failures of shared plant, and matters beyond our control (MBORC). The number in front opens one: what hangs on it, how many lines "
        "and vulnerable customers are beneath, what everybody is told. F6 declares an outage of an exchange, a cabinet or a distribution "
        "point: every fault beneath hangs on it, and every new one will. It is updated, cleared for all at once, or withdrawn when it was "
        "none. Shift+F4 declares what is beyond our control in an area; narrow it to the clear codes it caused, and lift it when it is "
        "over. Enter shows how many faults it touches before F6 does it. F11 shows what is over, too."
    ),
    roles=DESK,
    response=ResponseClass.R1,
    takes="[district [declare|mborc] | outage [update|clear|withdraw] | MBORC [narrow|lift]]",
    fields=(
        Field(
            name="row_version", label="Version", help="What you saw.", kind="hidden", length_max=10, deeds=_only(UPDATE, CLEAR, WITHDRAW)
        ),
        Field(name="was_state", label="State", help="How it stood.", kind="hidden", length_max=20, deeds=_only(UPDATE, CLEAR, WITHDRAW)),
        Field(
            name="was_expected",
            label="Was expected",
            help="When it was due.",
            kind="hidden",
            length_max=40,
            deeds=_only(UPDATE, CLEAR, WITHDRAW),
        ),
        Field(
            name="was_told", label="Seen told", help="What was told.", kind="hidden", length_max=500, deeds=_only(UPDATE, CLEAR, WITHDRAW)
        ),
        Field(
            name="exchange_code",
            label="Exchange",
            help="Where it is; F4 lists them. Alone: the whole exchange.",
            kind="code",
            length_max=8,
            width=10,
            needed_by=_only(DECLARE),
            deeds=_only(DECLARE, MBORC),
        ),
        Field(
            name="cabinet_code",
            label="Cabinet",
            help="The cabinet; F4 lists those of the exchange. Empty: the exchange itself.",
            kind="code",
            length_max=20,
            width=10,
            deeds=_only(DECLARE, MBORC),
        ),
        Field(
            name="distribution_point_code",
            label="Distribution point",
            help="The pole or joint; F4 lists those of the cabinet. Empty: the cabinet itself.",
            kind="code",
            length_max=20,
            width=10,
            deeds=_only(DECLARE),
        ),
        Field(
            name="activity",
            label="For",
            help="REPAIR or PROVISION: which promises it is beyond our control to keep.",
            kind="code",
            length_max=10,
            width=12,
            deeds=_only(MBORC),
        ),
        Field(
            name="cause",
            label="Cause",
            help="For us: a lorry hit the cabinet; Storm Ada.",
            length_max=200,
            width=50,
            is_required=True,
            deeds=_only(DECLARE, MBORC),
        ),
        Field(
            name="message",
            label="Message",
            help="What every customer beneath it is told, and whoever rings.",
            kind="words",
            length_max=500,
            needed_by=_only(DECLARE),
            deeds=_only(DECLARE, UPDATE),
        ),
        Field(
            name="expected_at",
            label="Expected to work",
            help="When it should work again: 18:00, +1 12:00 for tomorrow, 8/3/26 9:00. Empty when nobody can say.",
            length_max=20,
            prompts=False,
            deeds=_only(DECLARE, UPDATE),
        ),
        Field(
            name="began_at",
            label="Since",
            help="When it began, if not now: 14:30, -1 16:30 for yesterday.",
            length_max=20,
            also=_only("starts_at"),
            deeds=_only(DECLARE, MBORC),
        ),
        Field(
            name="clear_code",
            label="Clear code",
            help="What it was; F4 lists the codes. Every fault beneath is cleared with it.",
            kind="code",
            length_max=4,
            is_required=True,
            deeds=_only(CLEAR),
        ),
        Field(
            name="clear_codes",
            label="Only for codes",
            help="The clear codes it caused, with blanks between; F4 lists them. Empty: every fault.",
            kind="code",
            length_max=60,
            width=20,
            needed_by=_only(NARROW),
            deeds=_only(MBORC, NARROW),
        ),
        Field(name="words", label="What was done", help="What was mended, in words.", length_max=200, width=50, deeds=_only(CLEAR)),
        Field(
            name="ended_at",
            label="When",
            help="If earlier than now: 14:30, -1 16:30 for yesterday.",
            length_max=20,
            also=_only("cleared_at", "ends_at"),
            deeds=_only(CLEAR, LIFT),
        ),
        Field(
            name="reason",
            label="Reason",
            help="Why it was none.",
            length_max=200,
            width=50,
            is_required=True,
            deeds=_only(WITHDRAW),
        ),
    ),
    keys=(
        Key(name="Enter", label="check", sends=True, deeds=CONVERSING),
        Key(name="F6", label="commit", sends=True, deeds=CONVERSING),
        Key(name="F7", label="page back"),
        Key(name="F8", label="page on"),
        Key(name="F11", label="ended too"),
        Key(name="S-F1", label="declare", roles=CONTROL),
        Key(name="S-F2", label="update", roles=CONTROL),
        Key(name="S-F3", label="narrow", roles=CONTROL),
        Key(name="S-F4", label="MBORC", roles=CONTROL),
        Key(name="S-F7", label="lift", roles=CONTROL),
        Key(name="S-F8", label="clear", roles=CONTROL),
        Key(name="S-F9", label="withdraw", roles=CONTROL),
    ),
    converses=True,
)
