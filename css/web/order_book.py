"""The tables of the order book, written from the rules: kinds, states and moves, events, problems, tasks, timings, charges.

``css handbook`` writes them to docs/order-book.md; a test holds the page against the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from css.core.calendar import day_words
from css.web.book import table
from orders.reference import TIMINGS
from orders.rules.charges import CHARGES, EXCESS, NUMBER_CHOICE, Connects
from orders.rules.jeopardy import Jeopardy
from orders.rules.kinds import COMMON, KINDS
from orders.rules.lifecycle import MOVES, TMF622, Move
from orders.rules.problems import PROBLEMS, Effect
from orders.rules.tasks import TASKS
from orders.rules.timing import Timing
from orders.words import KciKind, OrderKind, OrderState

_HEAD: Final = """\
# The order book

Every kind of order, where an order may go, what its customer is told, what may go wrong, whose the work is, how soon and until when, and
what it costs. This page is written by `css handbook` from the rules the program goes by; change those and not this page. How the work is
done is in the [operator handbook](operator-handbook.md), why it is so in [decisions](decisions).
"""

_ALWAYS: Final = {"token", "kind", "account_number", "required_on", "contact_name", "contact_phone", "conversation_id", "schema_major"}
"""Fields every order has, or that only its messages speak of."""
_BEGINS: Final = """\
What a new database begins with (table `orders.order_timing`, dated). Lead times are working days from the business date; the point of no
return is a London time so many working days before the day an order is worked for.
"""

_EVENTS: Final = {
    KciKind.ACKNOWLEDGED: "KCI1: the order was received",
    KciKind.COMMITTED: "KCI2: a date is promised",
    KciKind.DELAY: "it is held, and why",
    KciKind.RESUMED: "it goes on",
    KciKind.REAPPOINTED: "another day or slot, for a reason",
    KciKind.AMENDED: "the customer's change was made",
    KciKind.CANCELLED: "the customer gave it up",
    KciKind.TERMINATED: "we, or whoever loses by it, ended it",
    KciKind.COMPLETED: "KCI3: it is done",
    KciKind.CREATED: "an order nobody there asked for: somebody else takes the line (an unsolicited cease)",
    KciKind.ADDITIONAL: "more is known; nothing changed",
    KciKind.WARNING: "something may go wrong; nothing changed yet",
}
"""What each event says."""


def order_book() -> str:
    """The page, the same every time."""
    parts = [
        _HEAD,
        "## Kinds\n",
        "Every order has an account, a required date and a contact, and may have: "
        + ", ".join(f"`{name}`" for name in sorted(COMMON - _ALWAYS))
        + ".\n",
        *_kinds(),
        "\n## States\n",
        *_states(),
        "\n## Events\n",
        "Every event carries the order in full as it then stood; the numbers of an order's events have no gap.\n",
        *table(("Event", "Says"), ((kci.value, words) for kci, words in _EVENTS.items())),
        "\n## Problem codes\n",
        *_problems(),
        "\n## Tasks\n",
        *_tasks(),
        "\n## Lead times and points of no return\n",
        _BEGINS,
        *_timings(),
        "\n## At risk\n",
        "Why an open order stands high on the work list, the worst first: " + ", ".join(reason.value for reason in Jeopardy) + ".\n",
        "## Charges\n",
        *_charges(),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _kinds() -> Iterator[str]:
    return table(
        ("Key", "Kind", "What it does", "Needs", "May have", "TMF622 item", "Consent"),
        (
            (
                f"**{rule.screen}**",
                f"{rule.title} (`{rule.kind.value}`)",
                rule.does,
                _names(rule.needs),
                _names(rule.may),
                rule.tmf_action,
                "on record" if rule.needs_consent else "",
            )
            for rule in KINDS.values()
        ),
    )


def _states() -> Iterator[str]:
    def leads(state: OrderState, move: Move) -> str:
        moved = MOVES[state][move]
        there = "" if moved.state is state else f" → {moved.state.value}"
        return f"{move.value}{there} ({moved.kci.value})"

    return table(
        ("State", "TMF622", "Moves, and the event that tells of each"),
        ((state.value, TMF622[state], ", ".join(leads(state, move) for move in MOVES[state]) or "none") for state in OrderState),
    )


def _problems() -> Iterator[str]:
    return table(
        ("Code", "Says", *(effect.value for effect in Effect), "Whose"),
        (
            (
                f"`{problem.code}`",
                problem.words,
                *("yes" if effect in problem.effects else "" for effect in Effect),
                "the customer's" if problem.is_customers else "ours",
            )
            for problem in PROBLEMS.values()
        ),
    )


def _tasks() -> Iterator[str]:
    return table(
        ("Task", "Whose", "Due", "After", "To be seen to"),
        (
            (
                f"{rule.title} (`{rule.kind.value}`)",
                rule.owner.value,
                "the day" if not rule.days_before else f"{rule.days_before} working days {'after placing' if not rule.after else 'before'}",
                ", ".join(sorted(kind.value for kind in rule.after)),
                "; ".join(f"`{check.code}` {check.words}{'' if check.is_required else ' (may be left)'}" for check in rule.checks),
            )
            for rule in TASKS.values()
        ),
    )


def _timings() -> Iterator[str]:
    def row(timing: Timing) -> tuple[str, ...]:
        visit = {True: "with a visit", False: "without", None: ""}[timing.needs_visit]
        before = f"{timing.no_return_working_days} day{'' if timing.no_return_working_days == 1 else 's'} before"
        return (
            KINDS[timing.kind].title,
            timing.outcome.value if timing.outcome else "",
            visit,
            day_words(timing.starts_on),
            str(timing.lead_working_days),
            f"{timing.no_return_time:%H:%M}, {before if timing.no_return_working_days else 'the day itself'}",
        )

    order = list(OrderKind)
    rows = sorted(TIMINGS, key=lambda timing: order.index(timing.kind))
    return table(("Kind", "Plant", "Visit", "From", "Lead time", "Point of no return"), map(row, rows))


def _charges() -> Iterator[str]:
    return table(
        ("Kind", "Charged once it is done", "Giving it up once promised"),
        (
            (KINDS[kind].title, "; ".join(_when_done(kind)), "is charged" if CHARGES[kind].charges_cancelling else "costs nothing")
            for kind in KINDS
        ),
    )


_CONNECTS: Final = {Connects.ALL: "connection of each product", Connects.EXTRAS: "connection of each product besides the line"}


def _when_done(kind: OrderKind) -> Iterator[str]:
    rule = CHARGES[kind]
    if rule.connects in _CONNECTS:
        yield _CONNECTS[rule.connects]
    if rule.fee:
        yield f"`{rule.fee}`"
    if rule.fee_each:
        yield f"`{rule.fee_each}` for each line added"
    if rule.charges_number:
        yield f"`{NUMBER_CHOICE}` for a number asked for by its digits"
    if "excess_agreed" in KINDS[kind].may:
        yield f"`{EXCESS}` where plant was built"
