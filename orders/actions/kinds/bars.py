"""A bar that the house puts on a line for debt, and the lifting of all of them. Never the customer's own call barring."""

from __future__ import annotations

from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from css.core.errors import Breach, Refusals, Refused
from css.core.words import BarKind, LineState
from css.master.lines import Line, LineBar
from orders.actions import effects
from orders.actions.find import LineFound, may_treat, read_line
from orders.actions.working import Asked, Doing, Work, Working, date_faults
from orders.rules.treatment import bars_as_much


def _may(asked: Asked) -> list[Refused]:
    """Debt treatment bars and restores, and so may a supervisor; nobody else (CSS203E)."""
    if may_treat(asked.by):
        return []
    return [Refused("CSS203E", "{who} may not do this to orders.", who=asked.by.name)]


def _line(session: Session, asked: Asked, wrong: Refusals) -> tuple[LineFound | None, list[BarKind]]:
    """The line and the bars on it."""
    wrong.add(*_may(asked), *asked.faults, *date_faults(asked, None, needs_visit=False))
    line = read_line(session, asked.command, asked.asker, wrong)
    if line is None:
        return None, []
    bars = session.execute(select(LineBar.kind).where(LineBar.line_id == line.line_id, LineBar.ends_at.is_(None)).order_by(LineBar.id))
    return line, list(bars.scalars())


def _work(line: LineFound | None) -> Work:
    if line is None:
        msg = "a bar without a line was not refused"
        raise Breach(msg)
    return Work(line_id=line.line_id, site_id=line.site_id, exchange_id=line.exchange_id, number=line.number)


def find_for_bar(session: Session, asked: Asked) -> Work:
    """Find the line to be barred; one that bars as much must not be on already (CSS278E)."""
    wrong = Refusals()
    line, bars = _line(session, asked, wrong)
    bar = asked.command.bar
    on = bars_as_much(bars, bar) if bar is not None else None
    if on is not None:
        wrong.add(Refused("CSS278E", "{bar} is on the line already.", bar=on.value, element="bar"))
    wrong.tell()
    return _work(line)


def find_for_restore(session: Session, asked: Asked) -> Work:
    """Find the line to be restored; a bar must be on (CSS279E)."""
    wrong = Refusals()
    line, bars = _line(session, asked, wrong)
    if line is not None and not bars:
        wrong.add(Refused("CSS279E", "No bar is on the line: there is nothing to restore.", element="number"))
    wrong.tell()
    return _work(line)


def put_on(session: Session, doing: Doing) -> None:
    """The bar is on from this moment. Whatever the day that is reported: what the exchange bars, it bars when it is told."""
    bar = doing.order.bar
    if bar is None:
        msg = f"order {doing.order.number} bars nothing"
        raise Breach(msg)
    on = session.execute(select(LineBar.id).where(LineBar.line_id == doing.line.id, LineBar.kind == bar, LineBar.ends_at.is_(None)))
    if on.scalar() is None:
        session.add(LineBar(line_id=doing.line.id, kind=bar, starts_at=doing.at, reference=doing.order.number))


def lift(session: Session, doing: Doing) -> None:
    """Every bar of the account's on the line ends at this moment, or on the line it has moved to since.

    Raises:
        Refused: CSS279E. Nothing is on that the account owes for: it lifts nobody else's bar, and costs nothing.
    """
    line_id = _line_to_lift(session, doing)
    if line_id is None:
        raise Refused(
            "CSS279E",
            "No bar for debt of the account is on the line any more: there is nothing to restore. End order {order}.",
            order=doing.order.number,
            element="order_number",
        )
    effects.lift_bars(session, line_id=line_id, at=doing.at)


def _line_to_lift(session: Session, doing: Doing) -> int | None:
    """The barred line, its row locked: the order's own, or the one its customer has moved to. A restore waits for no other order,
    so the line may have been ceased, taken by somebody else or left since it was placed; a bar that went along to other premises
    kept the number of the order that put it on.
    """
    put_on_by = select(LineBar.reference).where(LineBar.line_id == doing.line.id)
    return session.execute(
        select(Line.id)
        .join(LineBar, LineBar.line_id == Line.id)
        .where(
            Line.account_id == doing.order.account_id,
            Line.state == LineState.WORKING,
            LineBar.ends_at.is_(None),
            or_(Line.id == doing.line.id, LineBar.reference.in_(put_on_by)),
        )
        .order_by(Line.id)
        .limit(1)
        .with_for_update(of=Line)
    ).scalar()


BAR: Final = Working(find=find_for_bar, complete=put_on)
RESTORE: Final = Working(find=find_for_restore, complete=lift)
