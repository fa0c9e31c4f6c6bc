"""A second person's signature at this desk: code and password, keyed after the effect was shown."""

from __future__ import annotations

from typing import Final

from css.core.actor import Actor
from css.core.errors import CssError, Refused
from css.db.engine import transaction
from css.web.desk import Desk
from css.web.form import Form
from css.web.screen import Field
from css.web.session import second_person


def second_fields(step: str, when: str) -> tuple[Field, Field]:
    """The two fields, in a block of their own; ``when`` says when they are needed, as a sentence."""
    return (
        Field(
            name="second_operator",
            label="Second person",
            help=f"The operator code of whoever agrees, at this desk. {when}",
            length_max=8,
            step=step,
            also=frozenset({"approved_by"}),
        ),
        Field(
            name="second_password",
            label="Their password",
            help="They key it themselves. A wrong one counts as at their sign-on.",
            kind="password",
            length_max=128,
            width=20,
            step=step,
        ),
    )


SECOND_NAMES: Final = ("second_operator", "second_password")


def taken_out(form: Form) -> dict[str, str]:
    """What is keyed there, out of the form: it is no part of what was shown, and the password goes nowhere else."""
    return {name: form.values.pop(name, "") for name in SECOND_NAMES}


def second_at_desk(at_desk: Desk, form: Form, signs: dict[str, str]) -> Actor | None:
    """Whoever signs below; nobody where nothing is keyed there. A wrong password is counted, whatever comes of the rest."""
    code, password = signs["second_operator"].upper(), signs["second_password"]
    if not code and not password:
        return None
    try:
        with transaction(at_desk.engine) as session:
            found = second_person(session, code, password, beside=at_desk.on_duty, at=at_desk.at)
    except CssError as error:
        form.errors.setdefault("second_password", []).append(error)
        return None
    if found is None:
        sentence = "Operator code and password do not agree, or the code must wait after too many wrong tries."
        form.errors.setdefault("second_password", []).append(Refused("CSS350E", sentence))
    return found
