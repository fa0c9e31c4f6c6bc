"""The morning report as text, 96 columns: for a terminal, a printer, a mail."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from batch.report.facts import Facts, JointFact, TotalFact
from batch.report.to_do import to_do
from batch.rules.standing import AWAITS_APPROVAL, TO_APPROVE, TO_RERUN, awaits_approval
from batch.rules.wording import clock_time, count_of, lasting, ordinal, percent
from batch.words import InstanceState
from css.core.calendar import to_london
from css.core.money import Money

WIDTH: Final = 96
RULE: Final = "-" * WIDTH


def as_text(facts: Facts) -> str:
    """The whole report."""
    sections = (_head, _to_do, _steps, _attempts, _totals, _joints, _alarms, _reasons, _end)
    return "\n".join(line.rstrip() for section in sections for line in section(facts)) + "\n"


def headline(facts: Facts) -> str:
    """How it stands, in a sentence."""
    if facts.is_done:
        took = "" if facts.seconds is None else f" in {lasting(facts.seconds)}{_against(facts.usual_seconds)}"
        attempts = "" if len(facts.attempts) < 2 else f", at the {ordinal(len(facts.attempts))} attempt"  # noqa: PLR2004 - the first is no news
        return f"Done{took}{attempts}. Return code {facts.return_code}."
    far = f"{count_of(facts.steps_over, 'step')} done"
    if facts.is_dead or facts.is_put_back:
        died = f"DIED in attempt {len(facts.attempts)}: its process is gone without a word."
        put_back = f"{TO_RERUN.upper()} after attempt {len(facts.attempts)}: a step of it is to be run again, and somebody starts it."
        return f"{died if facts.is_dead else put_back} {far}."
    match facts.state:
        case InstanceState.FAILED | InstanceState.STOPPED:
            word = "FAILED" if facts.state is InstanceState.FAILED else "STOPPED"
            how = f"{word} in attempt {len(facts.attempts)}"
            if awaits_approval(facts.state, facts.attempts[-1].message_code):
                how = f"{AWAITS_APPROVAL.upper()} since attempt {len(facts.attempts)},"
            return f"{how} with return code {facts.return_code}. {far}."
        case InstanceState.RUNNING:
            return f"Running, attempt {len(facts.attempts)}. {far}."
        case InstanceState.SKIPPED:
            return "Skipped."
        case _:
            return "Not begun."


def said(code: str, words: str | None) -> str:
    """A code and its sentence; some sentences were kept with their code, others without."""
    return words if words and words.startswith(code) else f"{code} {words or ''}".rstrip()


def _against(usual: int | None) -> str:
    return "" if usual is None else f" (usually {lasting(usual)})"


def _head(facts: Facts) -> Iterator[str]:
    what = f"district {facts.district_code}" if facts.district_code else "the whole house"
    net = "" if facts.net == "night" else f"   net {facts.net}"
    yield f"CSS MORNING REPORT   {what}   business date {facts.business_date:%a %d %b %Y}{net}"
    yield "=" * WIDTH
    if facts.parameter_key:
        yield f"Extra run {facts.parameter_key}."
    yield headline(facts)
    if facts.trouble is not None:
        yield from _wrapped(said(*facts.trouble))


def _to_do(facts: Facts) -> Iterator[str]:
    tasks = to_do(facts)
    yield ""
    yield "What a person must do:" if tasks else "What a person must do: nothing."
    for number, task in enumerate(tasks, 1):
        yield from wrap(task.words, WIDTH, initial_indent=f" {number:>2}. ", subsequent_indent="     ", break_on_hyphens=False)
        yield f"     $ {task.command}"


def _steps(facts: Facts) -> Iterator[str]:
    yield ""
    yield f"{'step':<19}{'state':<12}{'read':>11}{'written':>11}{'filtered':>11}{'rejected':>11}{'took':>10}{'usual':>10}"
    yield RULE
    for step in facts.steps:
        state = TO_APPROVE if awaits_approval(step.state, step.message_code) else step.state.value
        yield (
            f"{step.step:<19}{state:<12}{step.read_count:>11,}{step.written_count:>11,}{step.filtered_count:>11,}"
            f"{step.rejected_count:>11,}{_time(step.seconds):>10}{_time(step.usual_seconds):>10}{'!' if step.is_slow else ''}"
        )
        if step.message_code and (step.message_code, step.message_words) != facts.trouble:
            yield from _wrapped(said(step.message_code, step.message_words))
    if facts.to_come:
        yield from wrap(f"Not begun: {', '.join(facts.to_come)}.", WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _time(seconds: int | None) -> str:
    return "" if seconds is None else lasting(seconds).replace(" min", "m").replace(" s", "s").replace(" h", "h")


def _attempts(facts: Facts) -> Iterator[str]:
    """Those before the last, of which the head speaks."""
    if len(facts.attempts) < 2:  # noqa: PLR2004 - one attempt is what is usual
        return
    yield ""
    yield "Attempts before:"
    for one in facts.attempts[:-1]:
        ended = clock_time(one.ended_at, "%H:%M:%S") if one.ended_at else "-"
        code = "" if one.return_code is None else f", return code {one.return_code}"
        yield f"  {one.attempt:>2}  {to_london(one.started_at):%d %b %H:%M:%S} to {ended}  {one.state.value}{code}  by {one.started_by}"
        if one.message_code:
            words = said(one.message_code, one.message_words)
            yield from wrap(words, WIDTH, initial_indent="      ", subsequent_indent="      ", break_on_hyphens=False, max_lines=3)


def _totals(facts: Facts) -> Iterator[str]:
    yield ""
    against = f"usual: {facts.compared_with}" if facts.compared_with else ""
    yield f"{'control total':<42}{'count':>13}{'amount':>16}{'usual':>16}{'':>9}"
    yield RULE
    for one in facts.totals:
        count = "" if one.item_count is None else f"{one.item_count:,}"
        amount = one.amount.sterling if isinstance(one.amount, Money) else ""
        yield f"{one.name:<42}{count:>13}{amount:>16}{_usual(one):>16}{_moved(one):>9}"
    if against:
        yield f"{'(' + against + ', the middle one)':>{WIDTH}}"


def _usual(one: TotalFact) -> str:
    if one.item_count is not None:
        return "" if one.usual_count is None else f"{one.usual_count:,}"
    return "" if one.usual_amount is None else one.usual_amount.sterling


def _moved(one: TotalFact) -> str:
    """How far from usual, in whole per cent; said from a tenth on."""
    moved = one.difference
    return "" if moved is None or abs(moved) < 100 else percent(moved)  # noqa: PLR2004 - a tenth


def _joints(facts: Facts) -> Iterator[str]:
    if not facts.joints:
        return
    wrong = [joint for joint in facts.joints if joint.difference]
    yield ""
    yield f"Joints: {count_of(len(facts.joints), 'joint')} looked at, {_balance(len(wrong))}."
    for joint in wrong:
        yield from _wrapped(f"{joint.joint} ({joint.step}): {_side(joint, 'in')}; {_side(joint, 'out')}. {joint.difference}")


def _balance(wrong: int) -> str:
    return "all balance" if not wrong else "1 does not balance" if wrong == 1 else f"{wrong} do not balance"


def _side(joint: JointFact, side: str) -> str:
    words, count, amount = (
        (joint.in_words, joint.in_count, joint.in_amount) if side == "in" else (joint.out_words, joint.out_count, joint.out_amount)
    )
    figures = ", ".join([*([f"{count:,}"] if count is not None else []), *([amount.sterling] if amount is not None else [])])
    return f"{words} {figures}"


def _alarms(facts: Facts) -> Iterator[str]:
    yield ""
    yield "Alarms:" if facts.alarms else "Alarms: none."
    for alarm in facts.alarms:
        over = "" if alarm.is_open else " (over, or seen)"
        yield from _wrapped(f"{alarm.words}{over}")


def _reasons(facts: Facts) -> Iterator[str]:
    yield ""
    yield "Set aside:" if facts.reasons else "Set aside: nothing."
    for one in facts.reasons:
        yield f"  {one.reason_code}  {one.item_count:>8,}  {one.words[:70]}"


def _end(facts: Facts) -> Iterator[str]:
    yield ""
    # Asked again in the morning, the report may be of a night that stopped before its books were found in order.
    if facts.is_balanced:
        yield "The books balance."
    elif not facts.is_done:
        yield f"The {facts.net} is not finished; its books are not known to balance."
    elif any(joint.difference for joint in facts.joints):
        yield "The books do not balance."


def _wrapped(words: str) -> list[str]:
    return wrap(words, WIDTH, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False)
