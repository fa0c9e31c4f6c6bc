"""What a partner is told of its faults, pure: which deeds are news to it, under which name, and in which words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from repairs.words import ReturnReason

KINDS: Final[Mapping[str, str]] = {
    "report": "ACKNOWLEDGED",
    "attach": "OUTAGE_ATTACHED",
    "inform": "OUTAGE_INFORMED",
    "detach": "OUTAGE_DETACHED",
    "test": "TESTED",
    "diagnose": "DIAGNOSED",
    "queue": "QUEUED",
    "appoint": "APPOINTED",
    "miss": "APPOINTMENT_MISSED",
    "amend": "AMENDED",
    "chase": "CHASED",
    "expedite": "EXPEDITED",
    "issue": "ISSUED",
    "arrive": "ON_SITE",
    "return": "RETURNED",
    "recall": "RECALLED",
    "park": "PARKED",
    "resume": "RESUMED",
    "warn": "WARNING",
    "breach": "DELAYED",
    "declare": "MBORC_DECLARED",
    "lift": "MBORC_LIFTED",
    "clear": "CLEARED",
    "reject": "REOPENED",
    "accept": "CLOSED",
    "withdraw": "CANCELLED",
}
"""The kind of the update that tells of a deed."""
SILENT: Final = frozenset({"own", "close"})
"""Deeds that are no news: which of us sees a fault through, and the close that comes with every acceptance."""
KIND_WORDS: Final[Mapping[str, str]] = {
    "ACKNOWLEDGED": "We have the fault; it has its number and its deadline.",
    "OUTAGE_ATTACHED": "It is part of a failure of shared plant: see `Outage`.",
    "OUTAGE_INFORMED": "There is something new of that failure.",
    "OUTAGE_DETACHED": "It is no part of a failure of shared plant any more and goes on by itself.",
    "TESTED": "A line test answered: see `LineTest`.",
    "DIAGNOSED": "It is known where to look: see `FaultLocation`.",
    "QUEUED": "It waits for an engineer, and nobody need be in.",
    "APPOINTED": "A visit is promised, or another one than before: see `Appointment`.",
    "APPOINTMENT_MISSED": "The promised visit did not do its work; the text says whose doing that was.",
    "AMENDED": "Something of what was said of it is otherwise.",
    "CHASED": "You or your customer asked how it stands.",
    "EXPEDITED": "A better care level was bought for it.",
    "ISSUED": "An engineer has it.",
    "ON_SITE": "The engineer is there.",
    "RETURNED": "The engineer gave it back; the text says why.",
    "RECALLED": "The engineer was called away.",
    "PARKED": "Somebody else must do something first: see `Clock`.",
    "RESUMED": "What was waited for has happened.",
    "WARNING": "It is about to be late.",
    "DELAYED": "It is late: `MissedDueAt` passed.",
    "MBORC_DECLARED": "Matters beyond our reasonable control: no guarantee meanwhile.",
    "MBORC_LIFTED": "They are over.",
    "CLEARED": "We say that it is put right: answer with ConfirmClear until `AnswerBy`.",
    "REOPENED": "The clear was rejected; the fault goes on.",
    "CLOSED": "The clear is accepted, by you or by silence, and what it costs is final.",
    "CANCELLED": "The report was taken back.",
}
"""What each kind means, for the published list."""

_INSTEAD: Final = {
    "issue": "An engineer has the fault.",
    "arrive": "The engineer is on site.",
    "recall": "The engineer was called away; the fault waits for the next.",
}
"""Deeds whose words name people of ours, or speak of our own affairs."""
_GIVEN_BACK: Final = re.compile(rf"^Given back by .*?, (?={'|'.join(re.escape(reason.value) for reason in ReturnReason)})", re.DOTALL)


def kind_of(deed: str | None) -> str | None:
    """The kind of the update that tells a partner of a deed; None where it is not told."""
    if deed is None or deed in SILENT:
        return None
    return KINDS.get(deed, "INFORMATION")


def words_for_partner(deed: str, words: str) -> str:
    """An event's words as a partner may read them: nobody of ours is named."""
    if deed == "return":
        return _GIVEN_BACK.sub("The engineer gave it back, ", words)
    return _INSTEAD.get(deed, words)


def code_of(word: StrEnum) -> str:
    """A word of ours as the messages say it: ``on-site`` is ``ON_SITE``."""
    return word.value.upper().replace("-", "_")


def tmf_code(name: str) -> str:
    """A TMF621 state as the messages say it: ``inProgress`` is ``IN_PROGRESS``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()
