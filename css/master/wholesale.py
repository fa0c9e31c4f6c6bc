"""What a provider is charged for the calls of its lines: the wholesale tariff it has agreed to."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.core.actor import Actor
from css.core.errors import BadMessage, NotFound, Refused
from css.core.words import Role
from css.master.commands import Added, SetWholesaleTariff
from css.master.providers import Provider

TARIFF_CODE_FORM: Final = re.compile(r"^(?=.{2,20}\Z)[A-Z][A-Z0-9]*(-[A-Z0-9]+)*\Z")


def read_tariff_code(text: str | None) -> str | None:
    """The code of a wholesale tariff as it is held; None for no agreement. BadMessage CSS124E.

    Only its form is looked at: the tariffs are billing's. A call for which the tariff has no price is rated without one and
    the night says so.
    """
    code = (text or "").strip()
    if code and not TARIFF_CODE_FORM.match(code):
        raise BadMessage(
            "CSS124E",
            "{text!r} is not such a code: it has {words}.",
            text=code[:20],
            words="2 to 20 capitals, digits and single hyphens, a letter first",
            element="wholesale_tariff_code",
        )
    return code or None


@answered
def set_wholesale_tariff(session: Session, command: SetWholesaleTariff, *, by: Actor, at: datetime) -> Added:
    """Say by which tariff a provider is charged for its lines' calls from the next night on; none ends the agreement.

    What was rated before stays as it was: a re-rating is asked for by itself.

    Raises:
        Refused: CSS111E the actor may not.
        NotFound: CSS104E no such provider.
        BadMessage: CSS124E the form of the code.
    """
    if by.is_partner or (by.kind == "operator" and Role.SUPERVISOR not in by.roles):
        raise Refused("CSS111E", "{who} may not do this; it needs {need}.", who=by.name, need=f"the role {Role.SUPERVISOR}")
    code = read_tariff_code(command.wholesale_tariff_code)
    provider = session.execute(
        select(Provider).where(Provider.code == command.provider_code, Provider.is_active).with_for_update()
    ).scalar_one_or_none()
    if provider is None:
        sentence = "There is no provider {code} doing business with us."
        raise NotFound("CSS104E", sentence, code=command.provider_code[:20], element="provider_code")
    before = provider.wholesale_tariff_code
    provider.wholesale_tariff_code = code
    record(
        session,
        by=by,
        at=at,
        verb="set_wholesale_tariff",
        subject=("provider", provider.code),
        before={"wholesale_tariff_code": before},
        after={"wholesale_tariff_code": code},
    )
    session.flush()
    return Added(number=provider.code)
