"""How many lines an installation has: auxiliary lines are put in and taken out, and one service on the main line pays for them."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from css.core.errors import Breach, CssError, Refusals, Refused
from css.core.words import EndReason
from orders.actions import auxiliary, effects
from orders.actions.find import find_offers, read_line, services_of
from orders.actions.working import Asked, Doing, Item, Work, Working, date_faults, items_of
from orders.rules.content import Offer
from orders.rules.gaining import can_go_on
from orders.rules.multiline import AUXILIARY_CODE, count_fault, plant_for, slot_unfit
from orders.words import ItemAction, PlantOutcome


def find(session: Session, asked: Asked) -> Work:
    """Plan the lines that come, each with its pair, or see which go; and tell everything that is wrong with the order."""
    wrong = Refusals()
    wrong.add(*asked.faults)
    command = asked.command
    line = read_line(session, command, asked.asker, wrong)
    product = _auxiliary_product(session, asked, wrong)
    if line is None or command.line_count is None:
        wrong.tell()
        msg = "an order for lines without a line was not refused"
        raise Breach(msg)
    there = auxiliary.auxiliary_service(services_of(session, line.line_id))
    now = 1 + (there.quantity if there else 0)
    fault = count_fault(command.line_count, now)
    if fault is not None or product is None:
        wrong.add(*([fault] if fault else []))
        wrong.tell()
        msg = "an order for lines nobody can have was not refused"
        raise Breach(msg)
    extra = command.line_count - now
    pair_ids = auxiliary.take_spare_pairs(session, line.distribution_point_id, extra)
    outcome = plant_for(extra, len(pair_ids))
    wrong.add(*date_faults(asked, outcome, needs_visit=extra > 0), *_slot_faults(asked, extra, outcome))
    wrong.tell()
    if extra > 0:
        auxiliary.plan_auxiliaries(
            session,
            asker=asked.asker,
            main_line_id=line.line_id,
            site_id=line.site_id,
            pair_ids=pair_ids,
            count=extra,
            on=asked.on,
        )
    ended = () if there is None else (there,)
    return Work(
        line_id=line.line_id,
        site_id=line.site_id,
        exchange_id=line.exchange_id,
        number=line.number,
        outcome=outcome,
        needs_visit=extra > 0,
        is_surveyed_first=outcome is PlantOutcome.BUILD,
        items=(
            *items_of(ended, ItemAction.REMOVE),
            Item(action=ItemAction.ADD, product_id=product.product_id, quantity=command.line_count - 1),
        ),
    )


def find_for_convert(session: Session, asked: Asked) -> Work:
    """Find the installation whose auxiliary lines go, and tell everything that is wrong with the order."""
    wrong = Refusals()
    wrong.add(*asked.faults, *date_faults(asked, None, needs_visit=False))
    line = read_line(session, asked.command, asked.asker, wrong)
    there = auxiliary.auxiliary_service(services_of(session, line.line_id)) if line is not None else None
    if line is not None and there is None:
        wrong.add(Refused("CSS284E", "The line is a single line already.", element="number"))
    wrong.tell()
    if line is None:
        msg = "a conversion without a line was not refused"
        raise Breach(msg)
    ended = () if there is None else (there,)
    return Work(
        line_id=line.line_id,
        site_id=line.site_id,
        exchange_id=line.exchange_id,
        number=line.number,
        items=items_of(ended, ItemAction.REMOVE),
    )


def _auxiliary_product(session: Session, asked: Asked, wrong: Refusals) -> Offer | None:
    """The product of auxiliary lines as the account's segment can have it on the required date."""
    offer = find_offers(session, (AUXILIARY_CODE,), asked.asker.segment, asked.command.required_on).get(AUXILIARY_CODE)
    if offer is None or not can_go_on(offer, asked.asker.segment):
        wrong.add(
            Refused(
                "CSS286E",
                "Lines of {segment} accounts are single lines.",
                segment=asked.asker.segment.value,
                element="line_count",
            )
        )
        return None
    return offer


def _slot_faults(asked: Asked, extra: int, outcome: PlantOutcome | None) -> list[CssError]:
    if asked.command.appointment is None and not (asked.command.appointment_number or "").strip():
        return []
    fault = slot_unfit(extra, outcome)
    return [fault] if fault else []


def complete(session: Session, doing: Doing) -> None:
    """So many lines work from the day on, and so many are paid for: the old service of them ends, the new one begins."""
    order = doing.order
    assert order.line_count is not None, "an order for lines says how many"
    auxiliary.put_to_work(session, doing)
    auxiliary.take_out(session, doing.line.id, on=doing.done_on, keep=order.line_count - 1)
    _end_paying(session, doing)
    effects.open_ordered_services(session, doing)
    doing.line.row_version += 1
    session.flush()


def complete_convert(session: Session, doing: Doing) -> None:
    """The auxiliary lines are taken out and nothing is paid for them any more."""
    auxiliary.take_out(session, doing.line.id, on=doing.done_on)
    _end_paying(session, doing)
    doing.line.row_version += 1
    session.flush()


def _end_paying(session: Session, doing: Doing) -> None:
    there = auxiliary.auxiliary_service(services_of(session, doing.line.id))
    if there is not None:
        effects.end_services(session, doing, EndReason.CHANGED, line_id=doing.line.id, service_ids=(there.service_id,))


LINES: Final = Working(find=find, complete=complete, races={"uq_line_pair_id_live": "The spare pairs"})
CONVERT: Final = Working(find=find_for_convert, complete=complete_convert)
