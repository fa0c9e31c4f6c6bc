"""How joints come by their figures: from a room's rows, from what a step counted, from what was set aside, from the spool."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from batch.model import ControlTotal, Reject, StepExecution
from batch.net import Context, Joint, Side
from billing.queries.joints import BillLeft, JointFigures, bills_left, joint_figures
from css.core.money import ZERO, total

READINGS_MOST: Final = 5
"""Readings of two figures that no one instant can be had of, before they are taken as they are."""


def room_joint(name: str, figures: str, came: str, went: str, **more: bool) -> Joint:
    """A joint of which both sides lie in billing's tables: ``figures`` is the block of ``billing/sql/joints.sql``."""
    return Joint(name, partial(_room_sides, figures, came, went, more))


def told_joint(name: str, figures: str, came: str, went: str, *, total_name: str, with_amount: bool = True) -> Joint:
    """A joint of what the step told while it worked and of what lies in billing's tables, the second side of the block."""
    return Joint(name, partial(_told_sides, figures, Side(came), went, total_name, with_amount))


def totals_joint(name: str, came: Told, went: Told) -> Joint:
    """A joint between two steps: what the one told is what the other did."""
    return Joint(name, partial(_totals_sides, came, went))


def left_joint(name: str, figures: str, left: str, keys: tuple[str, ...], came: str, went: str, **more: bool) -> Joint:
    """A joint at which a bill may be set aside: what is done and what was set aside is what came.

    ``left`` is the block that names the bills left behind, and ``keys`` how what was set aside of them may be called:
    ``bill/{number}/file``.
    """
    return Joint(name, partial(_left_sides, figures, Left(left, keys), came, went, more))


@dataclass(frozen=True, slots=True)
class Told:
    """A total that a step tells, and what it is in words."""

    step: str
    total_name: str
    words: str


@dataclass(frozen=True, slots=True)
class Left:
    """The block that names the bills left behind, and how what was set aside of them may be called."""

    figures: str
    keys: tuple[str, ...]


# Functions of the module and not of the joint's maker: the net goes to worker processes, joints and all.


def _room_sides(figures: str, came: str, went: str, more: dict[str, bool], session: Session, context: Context) -> tuple[Side, Side]:
    found = joint_figures(session, figures, context.district_code, context.business_date, **more)
    return came_of(came, found), went_of(went, found)


def _told_sides(
    figures: str,
    came: Side,
    went: str,
    total_name: str,
    with_amount: bool,  # noqa: FBT001 - bound by the maker
    session: Session,
    context: Context,
) -> tuple[Side, Side]:
    lies = went_of(went, joint_figures(session, figures, context.district_code, context.business_date))
    told = control_total(session, context, context.step, total_name)
    # A total without money was told as none, and is no money.
    amount = (told.amount or ZERO) if with_amount else None
    return replace(came, item_count=told.item_count or 0, amount=amount), lies if with_amount else replace(lies, amount=None)


def _totals_sides(came: Told, went: Told, session: Session, context: Context) -> tuple[Side, Side]:
    return _told_side(session, context, came), _told_side(session, context, went)


def _told_side(session: Session, context: Context, told: Told) -> Side:
    found = control_total(session, context, told.step, told.total_name)
    return Side(told.words, found.item_count or 0, found.amount or ZERO)


def _left_sides(
    figures: str, left: Left, came: str, went: str, more: dict[str, bool], session: Session, context: Context
) -> tuple[Side, Side]:
    found, behind = _of_one_instant(session, context, figures, left.figures, more)
    done = went_of(went, found)
    aside = set_aside_of(session, behind, left.keys)
    count, amount = (done.item_count or 0) + len(aside), (done.amount or ZERO) + total(bill.invoice_gross for bill in aside)
    return came_of(came, found), replace(done, item_count=count, amount=amount)


def _of_one_instant(
    session: Session, context: Context, figures: str, left: str, more: dict[str, bool]
) -> tuple[JointFigures, tuple[BillLeft, ...]]:
    """What is done and what is left behind, two readings, between which a person may have mended a bill: then both are read again.

    After so many times the two contradict each other, and the joint says so.
    """
    readings = 0
    while True:
        readings += 1
        found = joint_figures(session, figures, context.district_code, context.business_date, **more)
        if (found.in_count, found.in_amount) == (found.out_count, found.out_amount):
            return found, ()
        behind = bills_left(session, left, context.district_code, context.business_date, **more)
        if found.in_count == (found.out_count or 0) + len(behind) or readings == READINGS_MOST:
            return found, behind


def came_of(words: str, found: JointFigures) -> Side:
    """The side that came in."""
    return Side(words, found.in_count, found.in_amount)


def went_of(words: str, found: JointFigures) -> Side:
    """The side that went out."""
    return Side(words, found.out_count, found.out_amount)


def control_total(session: Session, context: Context, step: str, name: str) -> Side:
    """What a step of the run told under a name, in the generation that stands; nothing told is nothing counted."""
    row = session.execute(
        select(ControlTotal.item_count, ControlTotal.amount)
        .join(
            StepExecution,
            (StepExecution.job_instance_id == ControlTotal.job_instance_id)
            & (StepExecution.step == ControlTotal.step)
            & (StepExecution.generation == ControlTotal.generation)
            & StepExecution.superseded_at.is_(None),
        )
        .where(ControlTotal.job_instance_id == context.job_instance_id, ControlTotal.step == step, ControlTotal.name == name)
    ).one_or_none()
    return Side(name) if row is None else Side(name, row.item_count, row.amount)


def set_aside_of(session: Session, bills: Collection[BillLeft], keys: tuple[str, ...]) -> list[BillLeft]:
    """Those of the bills that were set aside, in this night or an earlier one: they are known, whatever became of them since."""
    by_key = {key.format(number=bill.number): bill for bill in bills for key in keys}
    if not by_key:
        return []
    known = session.execute(select(Reject.source_key).where(Reject.source_key.in_(by_key))).scalars()
    return list({by_key[key].number: by_key[key] for key in known}.values())


def on_disk(directory: Path) -> dict[str, int]:
    """The files of a directory: name and size. Nothing where there is no directory."""
    try:
        with os.scandir(directory) as entries:
            return {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}
    except FileNotFoundError:
        return {}
