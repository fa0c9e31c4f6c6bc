"""AD01 operators and their rights, AD02 change or add one, end sign-ons, give a new password."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from flask import Response, current_app, flash, g
from sqlalchemy.orm import Session

from css.core.errors import NotFound
from css.core.words import Role
from css.master.audit_trail import note_look
from css.master.commands import Added, AddOperator
from css.master.enrol import add_operator
from css.master.operator_changes import change_operator, end_sign_ons, set_password
from css.master.operator_commands import ChangeOperator, EndSignOns, SetPassword
from css.master.people import OperatorCard, OperatorRow, SignOnRow, operator_card, operators, operators_on_duty
from css.web.desk import Desk, Outcome, converse
from css.web.form import REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import ADDRESS_HEADER, address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen

SUPERVISORS: Final = frozenset({Role.SUPERVISOR})
CODES: Final = "CODES"
"""Behind AD01: who may use which screen."""
NEW, END, PASSWORD = "new", "end", "password"
CHANGE: Final = "change"
"""The deeds of AD02. All but the first two stand behind the operator in its address."""
ROLE_CODES: Final = {
    "CL": Role.CLERK,
    "RE": Role.REPAIR,
    "CO": Role.CONTRACTOR,
    "BI": Role.BILLING,
    "SC": Role.SCHEDULER,
    "SU": Role.SUPERVISOR,
}
ROLE_CHOICES: Final = tuple((code, role.value) for code, role in ROLE_CODES.items())
LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"
"""Of a password read out once: without those that are taken for others."""
GROUPS, GROUP_LETTERS = 4, 4

AD01: Final = Screen(
    code="AD01",
    title="Operators",
    family="Supervision",
    help=(
        "Who works at these desks, with their roles and what each may give away alone, and who is signed on now. The number in front "
        "opens one operator with the latest sign-ons; F6 changes the operator, or adds one from the list. F11 shows who may use which "
        "screen. Every look is written on the audit trail."
    ),
    roles=SUPERVISORS,
    response=ResponseClass.R1,
    takes="[operator]",
    keys=(
        Key(name="F6", label="add or change", sends=True),
        Key(name="F11", label="screens"),
        Key(name="S-F3", label="audit trail"),
        Key(name="S-F6", label="end sign-ons"),
        Key(name="S-F7", label="new password"),
    ),
)

AD02: Final = Screen(
    code="AD02",
    title="Change an operator",
    family="Supervision",
    help=(
        "What an operator is called, may do and may give away; nobody changes their own rights. Enter shows what would be different, F6 "
        "does it, and it is in force from the operator's next key. A new operator, and one whose password is renewed, get a first "
        "password that is shown once and has to be changed at the sign-on. Ending sign-ons asks for the password at the next key there; "
        "what was keyed is kept."
    ),
    roles=SUPERVISORS,
    response=ResponseClass.R2,
    takes="operator [end or password], or new",
    in_menu=False,
    fields=(
        Field(
            name="code",
            label="Operator code",
            help="Two to eight letters and digits, a letter first. It stands on everything the operator does.",
            length_max=8,
            is_required=True,
            deeds=frozenset({NEW}),
        ),
        Field(
            name="row_version",
            label="Version",
            help="Of the record, as you saw it.",
            kind="hidden",
            length_max=10,
            deeds=frozenset({CHANGE}),
        ),
        Field(
            name="name",
            label="Name",
            help="As colleagues know the operator.",
            length_max=60,
            width=30,
            is_required=True,
            deeds=frozenset({NEW, CHANGE}),
        ),
        Field(
            name="team",
            label="Team",
            help="As the rota calls it.",
            length_max=60,
            width=24,
            is_required=True,
            deeds=frozenset({NEW, CHANGE}),
        ),
        Field(
            name="roles",
            label="Roles",
            help="Codes with blanks between: CL clerk, RE repair, BI billing, SC scheduler, SU supervisor.",
            kind="code",
            length_max=20,
            is_required=True,
            deeds=frozenset({NEW, CHANGE}),
        ),
        Field(
            name="credit_limit",
            label="May give alone",
            help="The largest credit without a second person, in pounds: 25.00. It is also the most the operator may sign for others.",
            kind="money",
            length_max=12,
            width=10,
            deeds=frozenset({NEW, CHANGE}),
        ),
        Field(
            name="is_active",
            label="Signs on",
            help="Y, or N for whoever has left: open sign-ons end at once.",
            kind="yes-no",
            length_max=3,
            width=3,
            is_required=True,
            deeds=frozenset({CHANGE}),
        ),
        Field(
            name="reason",
            label="Why",
            help="The operator reads it when the password is asked for.",
            length_max=200,
            is_required=True,
            deeds=frozenset({END}),
        ),
    ),
    keys=(Key(name="Enter", label="check", sends=True), Key(name="F6", label="commit", sends=True)),
    converses=True,
)


def pages(screens: Callable[[], Iterable[Screen]]) -> tuple[Page, ...]:
    """The pages; who may use which screen is asked of all of them when it is shown."""

    def show_operators(at_desk: Desk, arguments: Arguments) -> Response:
        return _operators(at_desk, arguments, [one for one in screens() if not one.is_public])

    return (Page(AD01, show_operators, _change_or_add), Page(AD02, show_change, act_change))


# --- AD01 ---------------------------------------------------------------------------------------------------------------


def _operators(at_desk: Desk, arguments: Arguments, screens: list[Screen]) -> Response:
    asked = arguments[0].upper() if arguments else ""
    card: OperatorCard | None = None
    rows: tuple[OperatorRow, ...] = ()
    on_duty: tuple[SignOnRow, ...] = ()
    with at_desk.doing() as session:
        if asked and asked != CODES:
            card = operator_card(session, asked, by=at_desk.by)
            note_look(session, ("operator", card.operator.code), {"screen": AD01.code}, by=at_desk.by, at=at_desk.at)
        elif not asked:
            rows, on_duty = operators(session, by=at_desk.by), operators_on_duty(session, by=at_desk.by)
            note_look(session, ("operator", "all"), {"screen": AD01.code}, by=at_desk.by, at=at_desk.at)
    links = {"F11": address("AD01", "" if asked == CODES else CODES), "F12": address("AD01") if asked else ""}
    if card is not None:
        code = card.operator.code
        links |= {"S-F3": address("AD06", code), "S-F6": address("AD02", code, END), "S-F7": address("AD02", code, PASSWORD)}
    return show(
        at_desk,
        AD01,
        links=links,
        card=card,
        rows=rows,
        on_duty=on_duty,
        role_codes={role: code for code, role in ROLE_CODES.items()},
        roles=tuple(Role),
        allowed=[one for one in screens if card is None or one.roles & set(card.operator.roles)] if card or asked == CODES else [],
        has_codes=asked == CODES,
    )


def _change_or_add(_: Desk, arguments: Arguments, posted: Posted) -> Response:
    """F6: change the operator that is shown, else add one; any other key shows the page again."""
    if posted.get("key") == "F6":
        return go("AD02", arguments[0] if arguments and arguments[0].upper() != CODES else NEW)
    return go("AD01", *arguments)


# --- AD02 ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class About:
    """What AD02 is opened for."""

    deed: str
    card: OperatorCard | None = None
    session_id: int | None = None


def _about(session: Session, at_desk: Desk, arguments: Arguments) -> About:
    if not arguments or arguments[0].lower() == NEW:
        return About(NEW)
    card = operator_card(session, arguments[0], by=at_desk.by)
    match [one.lower() for one in arguments[1:]]:
        case []:
            return About(CHANGE, card)
        case ["password"]:
            return About(PASSWORD, card)
        case ["end"]:
            return About(END, card)
        case ["end", number] if number.isascii() and number.isdigit() and len(number) < len(str(2**63)):
            return About(END, card, int(number))
        case _:
            raise NotFound("CSS355E", "There is no such page. Key a screen's code at the command line, or F3 for the menu.")


def _shown(about: About) -> dict[str, str]:
    """The record as the fields show it."""
    if about.card is None or about.deed != CHANGE:
        return {"credit_limit": "0.00"} if about.deed == NEW else {}
    one = about.card.operator
    codes = [code for code, role in ROLE_CODES.items() if role in one.roles]
    return {
        "name": one.name,
        "team": one.team,
        "roles": " ".join(codes),
        "credit_limit": str(one.credit_limit),
        "is_active": "Y" if one.is_active else "N",
    }


def show_change(at_desk: Desk, arguments: Arguments) -> Response:
    with at_desk.doing() as session:
        about = _about(session, at_desk, arguments)
        if about.card is not None:
            note_look(session, ("operator", about.card.operator.code), {"screen": AD02.code}, by=at_desk.by, at=at_desk.at)
    version = {"row_version": str(about.card.operator.row_version)} if about.card and about.deed == CHANGE else {}
    return _change(at_desk, Form.blank(AD02, about.deed, **_shown(about), **version), about)


def act_change(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    with at_desk.reading() as session:
        about = _about(session, at_desk, arguments)
    form = Form.posted(AD02, posted, about.deed)
    if form.key == REFRESH:
        form.errors.clear()
        if about.deed == CHANGE and about.card is not None:
            form.meet(_shown(about), about.card.operator.row_version)
        return _change(at_desk, form, about)
    outcome: Outcome[Any] = _DOES[about.deed](at_desk, form, about)
    if outcome.done is not None:
        code = outcome.done.number if isinstance(outcome.done, Added) else outcome.done.operator_code
        return _told_once(at_desk, code, form) if about.deed in {NEW, PASSWORD} else go("AD01", code)
    if any(error.code == "CSS173E" for error in form.general):
        with at_desk.reading() as session:
            about = _about(session, at_desk, arguments)
        assert about.card is not None, "a record that was changed is one"
        form.meet(_shown(about), about.card.operator.row_version)
    return _change(at_desk, form, about, status=outcome.status, effect=outcome.effect)


def _told_once(at_desk: Desk, code: str, form: Form) -> Response:
    """The operator with the first password, as the answer to F6 itself: it is in no cookie, no row and behind no address."""
    with at_desk.reading() as session:
        card = operator_card(session, code, by=at_desk.by)
    g.pop("kept", None)
    here = address("AD01", code)
    answer = show(
        at_desk,
        AD01,
        links={"F5": here, "F12": here, "S-F3": address("AD06", code)},
        without=frozenset({"F6", "S-F6", "S-F7"}),
        card=card,
        allowed=[],
        action=here,
        first_password=_first_password(form.token),
    )
    answer.headers[ADDRESS_HEADER] = here
    return answer


def _read_roles(form: Form) -> tuple[Role, ...]:
    known = dict(ROLE_CODES) | {role.value.upper(): role for role in Role}
    keyed = form.words("roles")
    unknown = [one for one in keyed if one not in known]
    if unknown and "roles" not in form.errors:
        sentence = "{label}: {typed} is not one of {known}."
        form.wrong("roles", "CSS364E", sentence, typed=unknown[0][:20], known=", ".join(ROLE_CODES))
    return tuple(dict.fromkeys(known[one] for one in keyed if one in known))


def _changes(at_desk: Desk, form: Form, about: About) -> Outcome[Any]:
    card = about.card
    assert card is not None, "there is somebody to change"

    def read() -> ChangeOperator | None:
        roles, limit, is_active = _read_roles(form), form.money("credit_limit"), form.yes("is_active")
        if form.has_errors:
            return None
        return ChangeOperator(
            operator_code=card.operator.code,
            name=form.text("name"),
            team=form.text("team"),
            roles=roles,
            credit_limit=limit,
            is_active=is_active,
            row_version=form.version(),
        )

    outcome = converse(at_desk, form, read, change_operator, leads_to=lambda done: address("AD01", done.operator_code))
    if outcome.done is not None:
        done = outcome.done
        roles = ", ".join(role.value for role in done.roles)
        flash(f"{done.operator_code} is changed: {roles}; {done.credit_limit.sterling} alone.{_ended(done.sign_ons_ended)}", "CSS196I")
    return outcome


def _adds(at_desk: Desk, form: Form, _: About) -> Outcome[Any]:
    password = _first_password(form.token)

    def read() -> AddOperator | None:
        roles, limit = _read_roles(form), form.money("credit_limit")
        if form.has_errors:
            return None
        command = AddOperator(
            code=form.code("code"),
            name=form.text("name"),
            team=form.text("team"),
            password=password,
            roles=roles,
            must_change_password=True,
        )
        return command if limit is None else replace(command, credit_limit=limit)

    return converse(at_desk, form, read, add_operator, leads_to=lambda done: address("AD01", done.number))


def _ends(at_desk: Desk, form: Form, about: About) -> Outcome[Any]:
    card = about.card
    assert card is not None, "there is somebody signed on"

    def read() -> EndSignOns | None:
        if form.has_errors:
            return None
        return EndSignOns(operator_code=card.operator.code, session_id=about.session_id, reason=form.text("reason"))

    outcome = converse(at_desk, form, read, end_sign_ons, leads_to=lambda done: address("AD01", done.operator_code))
    if outcome.done is not None:
        flash(f"{outcome.done.operator_code}:{_ended(outcome.done.sign_ons_ended)}", "CSS198I")
    return outcome


def _renews(at_desk: Desk, form: Form, about: About) -> Outcome[Any]:
    card, password = about.card, _first_password(form.token)
    assert card is not None, "there is somebody to give one to"
    command = SetPassword(operator_code=card.operator.code, password=password)
    return converse(at_desk, form, lambda: command, set_password, leads_to=lambda done: address("AD01", done.operator_code))


_DOES: Final[dict[str, Callable[[Desk, Form, About], Outcome[Any]]]] = {CHANGE: _changes, NEW: _adds, END: _ends, PASSWORD: _renews}


def _ended(count: int) -> str:
    return f" {count} sign-on{'s' if count != 1 else ''} ended." if count else ""


def _first_password(token: str) -> str:
    """A password nobody can guess, the same for every press of F6 in one conversation: what is shown is what is in force."""
    key = current_app.secret_key
    assert key, "the application signs its cookies"
    number = int.from_bytes(hmac.new(key.encode() if isinstance(key, str) else key, f"first/{token}".encode(), hashlib.sha256).digest())
    letters = []
    for _ in range(GROUPS * GROUP_LETTERS):
        number, one = divmod(number, len(LETTERS))
        letters.append(LETTERS[one])
    return "-".join("".join(letters[n : n + GROUP_LETTERS]) for n in range(0, len(letters), GROUP_LETTERS))


def _change(at_desk: Desk, form: Form, about: About, *, status: int = 200, effect: object = None) -> Response:
    card = about.card
    code = card.operator.code if card else ""
    form.subject = f"operator {code}" if code else ""
    back = address("AD01", code)
    ending = [one for one in card.sign_ons if one.ended_at is None and about.session_id in {None, one.session_id}] if card else []
    return show(
        at_desk,
        AD02,
        form=form,
        status=status,
        links={"F3": back, "F12": back},
        choices={"roles": ROLE_CHOICES} if about.deed in {NEW, CHANGE} else {},
        card=card,
        ending=ending,
        effect=effect,
    )
