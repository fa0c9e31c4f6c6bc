"""FL07 problems: what repeats on a line, a distribution point or a cabinet, until somebody has found the reason."""

from __future__ import annotations

from typing import Final

from flask import Response

from css.core.errors import NotFound
from css.web.desk import Desk
from css.web.form import Form
from css.web.page import Arguments, Page, Posted, Values
from css.web.rendering import address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.deeds import Deed, Record, page_of
from css.web.screens.fault_fields import CONTROL, DESK
from css.web.screens.work_lists import after_of, leaf, page_links, place_of
from repairs.actions import close_problem
from repairs.commands.outages import CloseProblem
from repairs.queries.problems import LIST_MAX, ProblemCard, problem_card, problems
from repairs.words import ProblemState

CLOSE: Final = "close"
ALL: Final = "all"
NUMBER_DIGITS: Final = 18

FL07: Final = Screen(
    code="FL07",
    title="Problems behind faults",
    family="Faults",
    help=(
        "What the night found to repeat on a line, a distribution point or a cabinet, open problems first; F11 shows those that are "
        "closed, too. The number in front opens one with its faults in the order they were reported. Shift+F8 closes it, once the reason "
        "is found and seen to or there is none: say which. What repeats afterwards is a new problem."
    ),
    roles=DESK,
    response=ResponseClass.R1,
    takes="[district | number [close]]",
    fields=(
        Field(name="row_version", label="Version", help="What you saw.", kind="hidden", length_max=10, deeds=frozenset({CLOSE})),
        Field(name="was_state", label="State", help="How it stood.", kind="hidden", length_max=20, deeds=frozenset({CLOSE})),
        Field(name="was_faults", label="Faults", help="How many it had.", kind="hidden", length_max=10, deeds=frozenset({CLOSE})),
        Field(
            name="words",
            label="What was found",
            help="The reason and what was done about it, or that there is none.",
            kind="words",
            length_max=500,
            is_required=True,
            deeds=frozenset({CLOSE}),
        ),
    ),
    keys=(
        Key(name="Enter", label="check", sends=True, deeds=frozenset({CLOSE})),
        Key(name="F6", label="commit", sends=True, deeds=frozenset({CLOSE})),
        Key(name="F7", label="page back"),
        Key(name="F8", label="page on"),
        Key(name="F11", label="closed too"),
        Key(name="S-F8", label="close", roles=CONTROL),
    ),
    converses=True,
)


def _close(form: Form, card: ProblemCard, _: object) -> CloseProblem | None:
    if form.has_errors:
        return None
    return CloseProblem(problem_id=card.summary.problem_id, words=form.text("words"), row_version=form.version())


PROBLEM: Final = Record(
    kind="problem",
    screen=FL07,
    shown_by="FL07",
    deeds={CLOSE: Deed("the reason was found, or there is none", CONTROL, close_problem, _close)},
    read=lambda session, number, by: problem_card(session, id_of(number), by=by),
    number=lambda card: str(card.summary.problem_id),
    version=lambda card: card.row_version,
    seen=lambda card: {
        "was_state": ("State", card.summary.state.value),
        "was_faults": ("Faults", str(card.summary.faults)),
    },
    in_hand=lambda _: None,
    unknown=("CSS959E", "Say what is done: the number, and one of {deeds}."),
    said=lambda _deed, card, _done: (f"Problem {card.summary.problem_id} is closed.", "CSS966I"),
)
DEEDS: Final = page_of(PROBLEM)


def id_of(number: str) -> int:
    """The number of a problem as it is keyed. Error: CSS889E, there is none."""
    if number.isascii() and number.isdigit() and len(number) <= NUMBER_DIGITS:
        return int(number)
    raise NotFound("CSS889E", "There is no problem {problem}.", problem=number[:20], element="problem_id")


def show_problems(at_desk: Desk, arguments: Arguments) -> Response:
    if arguments and arguments[0].isdigit():
        if len(arguments) > 1 and not arguments[1].isdigit():
            return DEEDS.show(at_desk, arguments)
        return _card(at_desk, arguments[0], arguments[1] if len(arguments) > 1 else "")
    return _list(at_desk, arguments)


def act_problems(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    """A deed checked or done; a page that only shows is looked at again."""
    if len(arguments) > 1 and arguments[0].isdigit() and not arguments[1].isdigit() and DEEDS.act is not None:
        return DEEDS.act(at_desk, arguments, posted)
    return go("FL07", *arguments)


def prompt_problems(_desk: Desk, _arguments: Arguments, _form: Form, _name: str) -> Values:
    return ()


def _list(at_desk: Desk, arguments: Arguments) -> Response:
    has_closed = arguments[1:2] == (ALL,)
    with at_desk.reading() as session:
        places, chosen = place_of(session, arguments)
        found = problems(session, chosen, by=at_desk.by, closed=has_closed, limit=LIST_MAX)
    page = leaf(found, after_of(arguments))
    links = page_links("FL07", chosen, ALL if has_closed else "", page.back, page.forward)
    return show(
        at_desk,
        FL07,
        links=links | {"F11": address("FL07", chosen, None if has_closed else ALL)},
        without=frozenset({"Enter", "F6"}),
        page=page,
        places=places,
        chosen=chosen,
        has_closed=has_closed,
    )


def _card(at_desk: Desk, number: str, after: str) -> Response:
    with at_desk.reading() as session:
        card = problem_card(session, id_of(number), by=at_desk.by)
    page = leaf(card.faults, after)
    is_open = card.summary.state is ProblemState.OPEN
    links = {"F3": address("FL07", card.district_code), "F12": address("FL07", card.district_code)}
    links |= {"F7": address("FL07", number, page.back or None)} if page.back is not None else {}
    links |= {"F8": address("FL07", number, page.forward)} if page.forward is not None else {}
    links |= {"S-F8": address("FL07", number, CLOSE)} if is_open and at_desk.may(CONTROL) else {}
    return show(at_desk, FL07, links=links, without=frozenset({"Enter", "F6"}), card=card, page=page)


PAGES: Final = (Page(FL07, show_problems, act_problems, prompt_problems),)
