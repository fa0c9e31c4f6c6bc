"""Nets of a few steps made on the spot, each step a line in a list of what was done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from batch.engine import RunOutcome, run_net
from batch.net import Context, Counts, LoopStep, Net, Node, SingleStep, Work
from css.core.actor import Actor
from css.core.clock import Clock, FixedClock
from css.db.engine import transaction

AT = datetime(2026, 3, 2, 2, 15, tzinfo=UTC)
NIGHT_OF = date(2026, 3, 1)
BY = Actor(kind="batch", name="small", provider_code="RETAIL", door="night")


class Diary:
    """What steps did, in the order in which they did it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def step(self, name: str, *, may_be_skipped: bool = False) -> SingleStep:
        """A step that says that it was done."""

        def run(_session: Session, context: Context) -> Work:
            assert context.step == name
            self.done.append(name)
            return Work(Counts(1, 1))

        return SingleStep(name, name.capitalize(), run, may_be_skipped=may_be_skipped)

    def failing(self, name: str, error: Exception, *, times: int = 10**6) -> SingleStep:
        """A step that fails so many times, then is done."""
        left = [times]

        def run(_session: Session, _context: Context) -> Work:
            if left[0]:
                left[0] -= 1
                self.done.append(f"{name} fails")
                raise error
            self.done.append(name)
            return Work(Counts(1, 1))

        return SingleStep(name, name.capitalize(), run)

    def loop(self, name: str, items: int, between: Callable[[int], None]) -> LoopStep:
        """A step of so many items; ``between`` is called when one is done and not yet committed."""

        def run(_session: Session, _context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
            item = int(checkpoint.get("item", 0)) + 1
            if item > items:
                return None
            self.done.append(f"{name} {item}")
            between(item)
            return Work(Counts(1, 1)), {"item": item}

        return LoopStep(name, name.capitalize(), run)


def net_of(name: str, *nodes: Node, is_of_house: bool = False) -> Net:
    """A net of these nodes."""
    return Net(name, f"The {name} net.", nodes, is_of_house=is_of_house)


def run(engine: Engine, net: Net, home: Path, *, lanes: int = 1, clock: Clock | None = None, key: str = "") -> RunOutcome:
    """One attempt at it."""
    clock = clock or FixedClock(AT)
    return run_net(engine, net, Context("ZY", NIGHT_OF, AT, BY, home), clock=clock, lanes=lanes, parameter_key=key)


def make_district(engine: Engine) -> None:
    """Where the nets run."""
    statement = "INSERT INTO css.district (code, name, nation) VALUES ('ZY', 'Small', 'england-and-wales') ON CONFLICT DO NOTHING"
    with transaction(engine) as session:
        session.execute(text(statement))


def said(engine: Engine, statement: str, **parameters: object) -> list[tuple[Any, ...]]:
    """Rows of a statement."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement), parameters)]


def states(engine: Engine, net: Net) -> dict[str, str]:
    """How the steps of a net stand."""
    statement = (
        "SELECT s.step, s.state FROM batch.step_execution s JOIN batch.job_instance i ON i.id = s.job_instance_id "
        "WHERE i.net = :net AND s.superseded_at IS NULL ORDER BY s.ordinal"
    )
    return dict(said(engine, statement, net=net.name))


def why(engine: Engine, net: Net, step: str) -> tuple[str | None, str | None]:
    """What stands with a step: code and words."""
    statement = (
        "SELECT s.message_code, s.message_words FROM batch.step_execution s JOIN batch.job_instance i ON i.id = s.job_instance_id "
        "WHERE i.net = :net AND s.step = :step"
    )
    ((code, words),) = said(engine, statement, net=net.name, step=step)
    return code, words


def decide(engine: Engine, net: Net, step: str, what: str, *, reason: str = "so be it") -> None:
    """Hold, skip or force a step of a planned net, as the verbs do; ``release`` takes a hold away."""
    columns = {
        "hold": "held_at, held_by, hold_reason",
        "skip": "skipped_at, skipped_by, skip_reason",
        "force": "forced_at, forced_by, force_reason",
    }
    with transaction(engine) as session:
        if what == "release":
            session.execute(
                text("UPDATE batch.step_control SET held_at = NULL, held_by = NULL, hold_reason = NULL WHERE step = :step"), {"step": step}
            )
            return
        insert = (
            f"INSERT INTO batch.step_control (job_instance_id, step, {columns[what]}) "
            "SELECT id, :step, :at, 'OWNER', :reason FROM batch.job_instance WHERE net = :net ON CONFLICT (job_instance_id, step) "
            f"DO UPDATE SET ({columns[what]}) = (:at, 'OWNER', :reason)"
        )
        session.execute(text(insert), {"step": step, "at": AT, "reason": reason, "net": net.name})


def planned(engine: Engine, net: Net) -> None:
    """The net is planned and has not begun."""
    with transaction(engine) as session:
        session.execute(
            text(
                "INSERT INTO batch.job_instance (net, district_code, business_date, state, planned_at) "
                "VALUES (:net, 'ZY', :on, 'planned', :at)"
            ),
            {"net": net.name, "on": NIGHT_OF, "at": AT},
        )
