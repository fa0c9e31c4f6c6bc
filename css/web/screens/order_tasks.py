"""OR05 the tasks of orders: what a work group has to do, the oldest due first."""

from __future__ import annotations

from typing import Final

from flask import Response

from css.core.words import Role
from css.web.desk import Desk, status_of
from css.web.form import REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.work_lists import after_of, packed, page_links, place_of, unpacked
from orders.queries.tasks import tasks_to_do, tasks_waiting
from orders.words import WorkGroup

GROUPS: Final = {group.value.upper(): group for group in WorkGroup}

OR05: Final = Screen(
    code="OR05",
    title="Order tasks",
    family="Orders",
    help=(
        "What a work group has to do for the orders of a district: the tasks due by today or by the day keyed, the oldest due first. The "
        "number in front of one says it is done; a task that waits for another says for which. F8 goes on to the next page."
    ),
    roles=frozenset({Role.CLERK, Role.REPAIR, Role.SUPERVISOR}),
    response=ResponseClass.R1,
    takes="[district [group]]",
    fields=(
        Field(
            name="owner",
            label="Work group",
            help="PLANNING, NUMBERING, EXCHANGE, FIELD or RECORDS.",
            kind="code",
            length_max=12,
            width=12,
        ),
        Field(name="due_by", label="Due by", help="12/3/26 or +3; empty for today.", kind="date", length_max=20, width=12),
    ),
    keys=(Key(name="Enter", label="narrow", sends=True), Key(name="F8", label="page on")),
)


def show_tasks(at_desk: Desk, arguments: Arguments) -> Response:
    owner, due_by = unpacked(arguments, 2)
    return _page(at_desk, arguments, Form.blank(OR05, owner=owner or WorkGroup.FIELD.value.upper(), due_by=due_by))


def act_tasks(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    """Enter narrows: what is asked for goes into the address."""
    form = Form.posted(OR05, posted)
    form.member("owner", WorkGroup, GROUPS)
    form.day("due_by", at_desk.today)
    if form.key == REFRESH or form.has_errors:
        return _page(at_desk, arguments, form)
    with at_desk.reading() as session:
        _, chosen = place_of(session, arguments)
    return go("OR05", chosen, packed([form.code("owner"), form.text("due_by").replace("/", ".")]))


def _page(at_desk: Desk, arguments: Arguments, form: Form) -> Response:
    group = form.member("owner", WorkGroup, GROUPS) or WorkGroup.FIELD
    due_by = form.day("due_by", at_desk.today)
    form.at_command = not form.has_errors
    with at_desk.reading() as session:
        places, chosen = place_of(session, arguments)
        page = tasks_to_do(session, chosen, group, by=at_desk.by, due_by=due_by, after=after_of(arguments))
        waiting = tasks_waiting(session, chosen, by=at_desk.by)
    filters = packed([group.value.upper(), form.text("due_by").replace("/", ".")])
    return show(
        at_desk,
        OR05,
        form=form,
        status=status_of(form) if form.has_errors else 200,
        links=page_links("OR05", chosen, filters, None, page.forward),
        choices={"owner": tuple((code, f"{group.value}") for code, group in GROUPS.items())},
        page=page,
        waiting=waiting,
        places=places,
        chosen=chosen,
        group=group,
    )


PAGES: Final = (Page(OR05, show_tasks, act_tasks),)
