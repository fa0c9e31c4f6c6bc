"""Failures of shared plant: one matter, told once, cleared together.

An outage's verb locks the outage's row first and its faults by their ids after it; whoever has a fault locked touches no outage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Conflict, NotFound, Refusals, Refused
from css.db.sql import block
from css.master.plant import Cabinet, DistributionPoint, Exchange, no_exchange
from repairs.actions.beneath import hang, outage_over, tell_all
from repairs.actions.working import require_may
from repairs.commands.outages import DeclareOutage, OutageChanged
from repairs.model import Outage
from repairs.rules.outages import SIZES, WORDS, element_words, faults_words, outage_faults, told_words
from repairs.words import OutageState, PlantKind

__all__ = ["declare_outage", "outage_over"]


@dataclass(frozen=True, slots=True)
class Element:
    """A piece of shared plant, with what it is joined to."""

    kind: PlantKind
    exchange_id: int
    cabinet_id: int | None
    distribution_point_id: int | None
    words: str

    @property
    def key(self) -> tuple[int | None, int | None, int | None]:
        """Exchange, cabinet, distribution point: the one that failed, as rows name it."""
        at = SIZES.index(self.kind)
        ids = (self.exchange_id, self.cabinet_id, self.distribution_point_id)
        first, second, third = (ids[n] if n == at else None for n in range(3))
        return first, second, third


@audit.answered
def declare_outage(session: Session, command: DeclareOutage, *, by: Actor, at: datetime) -> OutageChanged:
    """Say that a piece of shared plant has failed: every open fault beneath it hangs on the outage from now and is told so once.

    What hangs on a smaller outage already stays there. Faults reported from now on come to the largest outage above them.

    Raises:
        NotFound: CSS827E no such exchange, CSS879E no such cabinet or distribution point.
        Refused: CSS305E, CSS315E, CSS878E, CSS879E, CSS887E.
        Conflict: CSS875E, an outage of the same piece of plant is open; it is named.
    """
    require_may(by, "declare")
    wrong = Refusals()
    wrong.add(*outage_faults(command, at=at))
    wrong.tell()
    element = _element(session, command)
    session.execute(block("repairs", "outages.door"), {"exchange": element.exchange_id})
    above = _above(session, element)
    exchange_id, cabinet_id, distribution_point_id = element.key
    outage = Outage(
        district_code=command.district_code,
        kind=command.kind,
        exchange_id=exchange_id,
        cabinet_id=cabinet_id,
        distribution_point_id=distribution_point_id,
        state=OutageState.OPEN,
        began_at=command.began_at or at,
        expected_at=command.expected_at,
        cause=command.cause.strip(),
        message=command.message.strip(),
        declared_by=by.name,
        declared_at=at,
    )
    session.add(outage)
    session.flush()
    reach = {"district": command.district_code, "exchange": exchange_id, "cabinet": cabinet_id, "point": distribution_point_id}
    beneath = session.execute(block("repairs", "outages.beneath"), reach).scalars().all()
    attach(session, outage, element.words, beneath, by=by, at=at)
    elsewhere = session.execute(block("repairs", "outages.elsewhere"), reach | {"outage": outage.id}).scalar_one()
    words = _declared_words(element, len(beneath), elsewhere, above)
    record(session, outage, "declare_outage", None, by=by, at=at, **said(command), faults=len(beneath))
    return OutageChanged(outage_id=outage.id, state=outage.state, faults=len(beneath), words=words)


def attach(session: Session, outage: Outage, place: str, faults: Sequence[int], *, by: Actor, at: datetime) -> None:
    """Let faults that are locked hang on an outage, each told once why and what to expect."""
    if faults:
        hang(session, outage.id, faults)
        words = f"Part of the failure of {place}. {told_words(outage.message, outage.expected_at)}"
        tell_all(session, faults, "attach", words, by=by, at=at)


def record(session: Session, outage: Outage, verb: str, before: OutageState | None, *, by: Actor, at: datetime, **more: object) -> None:
    """Write the deed to the audit trail."""
    was: dict[str, Any] | None = None if before is None else {"state": before.value}
    after = {"state": outage.state.value, **more}
    audit.record(session, by=by, at=at, verb=verb, subject=("outage", str(outage.id)), before=was, after=after)
    session.flush()


def said(command: object) -> dict[str, Any]:
    """What was asked for, as the audit trail keeps it."""
    return {name: value for name, value in to_plain(command).items() if name not in {"token", "row_version", "outage_id"}}


def _element(session: Session, command: DeclareOutage) -> Element:
    """What the codes name.

    Raises:
        NotFound: CSS827E, CSS879E.
    """
    row = session.execute(
        select(Exchange.id, Cabinet.id.label("cabinet_id"), DistributionPoint.id.label("point_id"))
        .outerjoin(Cabinet, (Cabinet.exchange_id == Exchange.id) & (Cabinet.code == command.cabinet_code))
        .outerjoin(
            DistributionPoint,
            (DistributionPoint.cabinet_id == Cabinet.id) & (DistributionPoint.code == command.distribution_point_code),
        )
        .where(Exchange.district_code == command.district_code, Exchange.code == command.exchange_code)
    ).one_or_none()
    if row is None:
        raise no_exchange(command.district_code, command.exchange_code)
    if command.cabinet_code and row.cabinet_id is None:
        raise NotFound(
            "CSS879E",
            "There is no cabinet {code} at exchange {exchange}.",
            code=command.cabinet_code[:20],
            exchange=command.exchange_code,
            element="cabinet_code",
        )
    if command.distribution_point_code and row.point_id is None:
        raise NotFound(
            "CSS879E",
            "There is no distribution point {code} at cabinet {cabinet}.",
            code=command.distribution_point_code[:20],
            cabinet=command.cabinet_code,
            element="distribution_point_code",
        )
    words = element_words(command.kind, command.exchange_code, command.cabinet_code, command.distribution_point_code)
    return Element(command.kind, row.id, row.cabinet_id, row.point_id, words)


def _above(session: Session, element: Element) -> Outage | None:
    """The largest open outage above a piece of plant, once its exchange's door is ours.

    Raises:
        Conflict: CSS875E, the piece itself has one.
    """
    columns = (Outage.exchange_id, Outage.cabinet_id, Outage.distribution_point_id)
    ids = (element.exchange_id, element.cabinet_id, element.distribution_point_id)
    on_the_way = or_(*(column == one for column, one in zip(columns, ids, strict=True) if one is not None))
    rows = session.execute(
        select(Outage).where(Outage.state == OutageState.OPEN, on_the_way).execution_options(populate_existing=True)
    ).scalars()
    found = sorted(rows, key=lambda one: SIZES.index(one.kind))
    same = next((one for one in found if (one.exchange_id, one.cabinet_id, one.distribution_point_id) == element.key), None)
    if same is not None:
        raise Conflict(
            "CSS875E",
            "Outage {outage} of {element} is open already, declared by {who}: {cause}",
            outage=same.id,
            element=element.words,
            who=same.declared_by,
            cause=same.cause,
        )
    return found[0] if found else None


def _declared_words(element: Element, attached: int, elsewhere: int, above: Outage | None) -> str:
    words = f"Outage of {element.words}: {faults_words(attached)} beneath it"
    words += " hangs on it." if attached == 1 else " hang on it."
    if elsewhere:
        words += f" {faults_words(elsewhere).capitalize()} beneath it belong to other outages and stay there."
    if above is not None:
        words += f" New faults go to outage {above.id} of the {WORDS[above.kind]} above it, the largest."
    else:
        words += " New faults come to it."
    return words


def ended(outage: Outage) -> Refused:
    """CSS877E, for whoever finds it is over."""
    return Refused("CSS877E", "Outage {outage} is {state}: there is nothing more to do.", outage=outage.id, state=outage.state.value)
