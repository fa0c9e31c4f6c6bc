"""What a person must do in the morning: each a sentence, and the command to begin with. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from batch.report.facts import AlarmFact, Facts
from batch.rules.readiness import TOLD_TO_END
from batch.rules.standing import WAITS_FOR_APPROVAL as APPROVAL
from batch.rules.wording import clock_words, count_of
from batch.words import AlarmKind, InstanceState

OUT_OF_BALANCE: Final = frozenset({"CSS612E", "CSS620E"})
HELD: Final = frozenset({"CSS617E", "CSS619E"})
BY_A_PERSON: Final = frozenset({"CSS615E", "CSS632E"})
TOO_MANY: Final = "CSS618E"
USAGE_STEPS: Final = frozenset({"collect-usage", "rate-usage"})
OUR_FAULT: Final = "CSS616E"
WHY: Final = " --reason WHY"
"""What is told to a run is refused without a reason; only the person has it."""
ALARMS_APART: Final = 3
"""More of a kind are told as one."""
DIED: Final = 16
"""The return code of an attempt that was killed or lost its server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDo:
    """Something that waits for a person."""

    words: str
    command: str
    is_urgent: bool = False
    """The next night cannot run before it is done, or nothing was billed."""


def to_do(facts: Facts) -> tuple[ToDo, ...]:
    """What waits for a person, what holds the next night first."""
    found = [*_of_the_run(facts), *_of_holds(facts), *_of_joints(facts), *_of_the_rooms(facts), *_of_rejects(facts), *_of_alarms(facts)]
    return tuple(sorted(found, key=lambda one: not one.is_urgent))


def run_command(facts: Facts, verb: str = "run") -> str:
    """The command that does something with the run of the facts."""
    net = "" if facts.net == "night" else f" --net {facts.net}"
    key = f" --key {facts.parameter_key}" if facts.parameter_key else ""
    district = f" {facts.district_code}" if facts.district_code else ""
    return f"css night {verb}{district} --date {facts.business_date}{net}{key}"


def _of_the_run(facts: Facts) -> Iterator[ToDo]:
    trouble = facts.trouble
    if facts.is_done or facts.state is InstanceState.SKIPPED:
        return
    if facts.is_dead:
        yield ToDo(words="Its process is gone without a word; run it again.", command=run_command(facts), is_urgent=True)
    elif facts.is_put_back and not facts.holds:
        yield ToDo(words="A step of it is to be run again: start it.", command=run_command(facts), is_urgent=True)
    elif trouble is None or (trouble[0] in HELD and facts.holds):
        return
    else:
        words, command = _of_code(facts, trouble[0])
        yield ToDo(words=words, command=command, is_urgent=True)


def _of_code(facts: Facts, code: str) -> tuple[str, str]:
    """What is to be done about a run that ended with this code, and the command to begin with."""
    run, district = run_command(facts), facts.district_code
    if code == APPROVAL:
        words, command = (
            "The bills wait for approval: look at the sample, approve it, then run the net again.",
            f"css bills sample {district}",
        )
    elif code in OUT_OF_BALANCE:
        words = "It is out of balance. Find the cause before anything else; correct no rows by hand until it is known."
        command = f"css check books {district}"
    elif code == TOO_MANY:
        words = f"It set aside more than it may ({code}): look why, mend it and replay, or force the step; then run it again."
        # What is set aside of usage lies in billing, and in the list of the nights only files that were refused whole.
        of_usage = any(step.message_code == TOO_MANY and step.step in USAGE_STEPS for step in facts.steps)
        command = f"css usage rejects {district} --date {facts.business_date}" if of_usage else f"css ask rejects {district}"
    elif code in BY_A_PERSON:
        words, command = f"Somebody ended it ({code}); run it again when they are done.", run
    elif code == OUR_FAULT:
        words, command = f"A fault of the program stopped it ({code}): keep the log and report it; then run it again.", run
    elif code == TOLD_TO_END:
        words, command = f"Its process was told to end ({code}), as when a machine is shut down; a clock takes it up again, or run it.", run
    elif facts.return_code == DIED:
        words, command = f"It was cut off ({code}); nothing is broken. Run it again.", run
    else:
        words, command = f"Mend the cause ({code}), then run it again.", run
    return words, command.rstrip()


def _of_holds(facts: Facts) -> Iterator[ToDo]:
    for hold in facts.holds:
        what = f"Step {hold.step} is" if hold.step else "The run is"
        words = f"{what} held by {hold.held_by} since {clock_words(hold.held_at)}: {hold.reason}"
        step = f" --step {hold.step}" if hold.step else ""
        yield ToDo(words=words, command=f"{run_command(facts, 'release')}{step}{WHY}", is_urgent=not facts.is_done)


def _of_joints(facts: Facts) -> Iterator[ToDo]:
    for joint in facts.joints:
        if joint.difference:
            words = f"{joint.joint} ({joint.step}) does not balance: {joint.difference}"
            yield ToDo(words=words, command=f"css check books {facts.district_code}".rstrip(), is_urgent=True)


def _of_the_rooms(facts: Facts) -> Iterator[ToDo]:
    district, waits = facts.district_code, facts.waiting
    if waits.held_bills:
        words = f"{count_of(waits.held_bills, 'bill')} of {waits.held_amount.sterling} held: look at them, let them go or take them back."
        yield ToDo(words=words, command=f"css bills held {district}")
    if waits.parked_accounts:
        words = f"{count_of(waits.parked_accounts, 'account')} could not be billed: see why and mend it; the next night tries again."
        yield ToDo(words=words, command=f"css bills parked {district}")
    if waits.usage_records:
        since = f", the oldest since {waits.usage_oldest_on:%d %b %Y}" if waits.usage_oldest_on else ""
        then = "mend the cause; a night reads only those whose cause may be gone."
        words = f"{count_of(waits.usage_records, 'call record')} without a price{since}: {then}"
        yield ToDo(words=words, command=f"css usage suspense {district}")
    if waits.usage_late:
        words = f"{count_of(waits.usage_late, 'call record')} from too long ago (CSS460W): approve or write off; no night tries again."
        yield ToDo(words=words, command=f"css usage suspense {district} --reason CSS460W")
    if waits.usage_unreadable:
        words = f"{count_of(waits.usage_unreadable, 'call record')} could not be read: ask the carrier for them anew, in another file."
        yield ToDo(words=words, command=f"css usage rejects {district} --date {facts.business_date} --outcome rejected")
    if waits.missed_faults:
        some = f"{waits.missed_open:,} of them not mended yet" if waits.missed_open else "all mended since"
        still = some if waits.missed_faults > 1 else "not mended yet" if waits.missed_open else "mended since"
        words = f"{count_of(waits.missed_faults, 'fault')} missed the deadline on {facts.business_date:%d %b}, {still}."
        yield ToDo(words=words, command=f"css ask breaches {district} {facts.business_date}")
    if waits.order_requests:
        words = f"{count_of(waits.order_requests, 'request')} of debt treatment without an order: see what each waits for."
        yield ToDo(words=words, command=f"css ask waiting-order-requests {district}")


def _of_rejects(facts: Facts) -> Iterator[ToDo]:
    """Of this night or an earlier one. What the rooms list themselves, calls and parked accounts, was told above."""
    others = facts.waiting.other_rejects
    if others:
        words = f"{count_of(others, 'item')} set aside and open besides: look why, mend it, replay or drop."
        yield ToDo(words=words, command=f"css ask rejects {facts.district_code}".rstrip())


def _of_alarms(facts: Facts) -> Iterator[ToDo]:
    """Those that are looked into by the same command are one thing to do when there are many."""
    by_command: dict[str, list[str]] = {}
    for alarm in facts.alarms:
        if alarm.is_open:
            again = f" ({alarm.times} times)" if alarm.times > 1 else ""
            by_command.setdefault(_looked_into_by(facts, alarm), []).append(f"{alarm.words}{again}")
    for command, words in by_command.items():
        few = words if len(words) <= ALARMS_APART else [f"{words[0]} And {len(words) - 1} more."]
        yield from (ToDo(words=one, command=command) for one in few)


def _looked_into_by(facts: Facts, alarm: AlarmFact) -> str:
    if alarm.kind is AlarmKind.STEP and alarm.step == "collect-usage":
        return f"css usage alarms {facts.district_code}"
    if alarm.kind is AlarmKind.OPTIONAL:
        return f"{run_command(facts, 'rerun')} --step {alarm.step}{WHY}"
    return f"css night alarms {facts.district_code}".rstrip()
