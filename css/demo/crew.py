"""Who mends lines in the demo, who speaks for them, and how they tell what they did: each deed in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import CssError
from css.core.money import Money
from css.core.words import Role
from css.db.engine import transaction
from css.demo.plan import PASSWORD, DemoPlan
from css.master.commands import AddOperator
from css.master.enrol import add_operator
from css.master.plant import Exchange
from css.master.reference import RETAIL
from repairs.actions import add_engineer
from repairs.commands.dispatch import AddEngineer
from repairs.words import Craft

FIELD: Final = Actor("system", "FIELD", RETAIL, frozenset({"clerk", "repair"}), "field force")
AMY: Final = Actor("operator", "AMY", RETAIL, frozenset({Role.CLERK.value}), "command line")
REX: Final = Actor("operator", "REX", RETAIL, frozenset({Role.CLERK.value, Role.REPAIR.value}), "command line")
CON: Final = Actor("operator", "CON", RETAIL, frozenset({Role.CONTRACTOR.value}), "command line")
CREW: Final = (
    ("CON", "Connor Ashby", "Ashby Cabling Ltd", (Craft.HOME, Craft.OVERHEAD)),
    ("JOE", "Joe Kestrel", None, (Craft.HOME, Craft.OVERHEAD, Craft.FRAMES, Craft.DATA)),
    ("MAY", "May Underhill", None, (Craft.UNDERGROUND, Craft.OVERHEAD, Craft.HOME, Craft.DATA)),
)
"""Code, name, firm, crafts. The contractor's signs on and tells of his own visits; ours are told by the field force's system."""


def take_on(session: Session, plan: DemoPlan, *, by: Actor, at: datetime) -> None:
    """The district's engineers, and the contractor's sign-on."""
    contractor = AddOperator(
        code=CON.name, name=CREW[0][1], team="Ashby Cabling", password=PASSWORD, roles=(Role.CONTRACTOR,), credit_limit=Money(0)
    )
    add_operator(session, contractor, by=by, at=at)
    codes = session.execute(select(Exchange.code).where(Exchange.district_code == plan.district).order_by(Exchange.code)).scalars()
    areas = tuple(codes)
    for code, name, firm, crafts in CREW:
        somebody = AddEngineer(code=code, name=name, district_code=plan.district, firm=firm, crafts=crafts, exchange_codes=areas)
        add_engineer(session, somebody, by=by, at=at)


def attempt(engine: Engine, deed: Callable[[Session], object]) -> bool:
    """A deed in a transaction of its own; what is refused is left as it was."""
    try:
        with transaction(engine) as session:
            deed(session)
    except CssError:
        return False
    return True


def say(engine: Engine, verb: Callable[..., object], command: object, by: Actor, at: datetime) -> bool:
    """One verb as a deed of its own."""
    return attempt(engine, lambda session: verb(session, command, by=by, at=at))
