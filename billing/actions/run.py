"""Freezing the cut: which accounts a night bills, decided once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from billing.model import BillRun
from billing.queries.account_terms import cycles_at_cut
from billing.rules.cycle import AnyCycle, Standing, charged_to, due_bill
from billing.words import BillKind
from css import audit
from css.core.actor import Actor
from css.core.errors import NotFound, Refused
from css.db.bulk import copy_rows
from css.db.sql import block
from css.master.districts import BusinessDate


def freeze_cut(session: Session, district_code: str, business_date: date, *, by: Actor, at: datetime) -> int:
    """Make the bill run of a district's night and its list of accounts; return the run's id. A second call gives the first's.

    The business date must have been rolled past ``business_date`` before: only then is everything of that date complete.

    Raises:
        NotFound: CSS101E, no such district.
        Refused: CSS430E, the business date is not rolled yet.
    """
    _require_rolled(session, district_code, business_date)
    made = session.execute(
        insert(BillRun)
        .values(district_code=district_code, business_date=business_date, issue_at=at)
        .on_conflict_do_nothing(index_elements=["district_code", "business_date"])
        .returning(BillRun.id)
    ).scalar()
    if made is None:
        return session.execute(
            select(BillRun.id).where(BillRun.district_code == district_code, BillRun.business_date == business_date)
        ).scalar_one()
    parameters = {"district": district_code, "cut": business_date}
    _begin_cycles(session, parameters)
    _take_up_again(session, parameters)
    session.execute(block("billing", "benefits.friends_moved"), parameters)
    session.execute(block("billing", "cut.hold_requests"), parameters)
    listed = _list_accounts(session, made, parameters)
    session.execute(block("billing", "cut.take_requests"), {"run": made, "cut": business_date})
    audit.record(
        session,
        by=by,
        at=at,
        verb="freeze_cut",
        subject=("bill run", f"{district_code} {business_date}"),
        after={"accounts": listed},
    )
    return made


def _require_rolled(session: Session, district_code: str, business_date: date) -> None:
    current_on = session.execute(select(BusinessDate.current_on).where(BusinessDate.district_code == district_code)).scalar()
    if current_on is None:
        raise NotFound("CSS101E", "There is no district {district}; `css ask districts` lists them.", district=district_code)
    if current_on <= business_date:
        raise Refused(
            "CSS430E",
            "{date} is not over in district {district}: its business date is {current}. The night rolls it before it bills.",
            date=business_date,
            district=district_code,
            current=current_on,
        )


def list_one_account(session: Session, run_id: int, district_code: str, cut: date, account_id: int) -> bool:
    """Put one account on the list of a run, as ``freeze_cut`` does all that are due; says whether there was a bill to make for it."""
    parameters = {"district": district_code, "cut": cut}
    _begin_cycles(session, parameters, account_id)
    return bool(_list_accounts(session, run_id, parameters, account_id))


def _begin_cycles(session: Session, parameters: dict[str, Any], account_id: int | None = None) -> None:
    """Give accounts that billing has not met their first cycle date: the one after they were opened."""
    new = session.execute(block("billing", "cut.accounts_without_cycle"), {**parameters, "account": account_id}).all()
    cycles = _cycles(session, new, parameters)
    rows = ((row.account_id, parameters["district"], cycles[row.account_id].next_after(row.opened_on)) for row in new)
    copy_rows(session, "billing.account_cycle", ("account_id", "district_code", "next_bill_on"), rows)


def _take_up_again(session: Session, parameters: dict[str, Any]) -> None:
    """Accounts whose final bill is out come back for new service, billed from the cycle date after its start, or for a late
    call or item, for which they get one more bill at once.
    """
    again = session.execute(block("billing", "cut.finished_with_service"), parameters).all()
    cycles = _cycles(session, again, parameters)
    back = {row.account_id: cycles[row.account_id].next_after(row.starts_on) for row in again}
    late = session.execute(block("billing", "cut.finished_with_leftovers"), parameters).scalars()
    back |= {account_id: parameters["cut"] for account_id in late if account_id not in back}
    if back:
        session.execute(block("billing", "cut.take_up_again"), {"accounts": list(back), "dates": list(back.values())})


def _cycles(session: Session, rows: Sequence[Row[Any]], parameters: dict[str, Any]) -> Mapping[int, AnyCycle]:
    return cycles_at_cut(session, rows, [parameters["cut"]] * len(rows))


def _list_accounts(session: Session, run_id: int, parameters: dict[str, Any], account_id: int | None = None) -> int:
    cut: date = parameters["cut"]
    found = session.execute(block("billing", "cut.standings"), {**parameters, "account": account_id}).all()
    cycles = _cycles(session, found, parameters)
    standings = (_standing(row, cycles[row.account_id]) for row in found)
    due = ((standing, due_bill(standing, cut)) for standing in standings)
    rows = ((run_id, standing.account_id, bill.kind, bill.cycle_on, standing.has_members) for standing, bill in due if bill is not None)
    return copy_rows(session, "billing.bill_run_account", ("bill_run_id", "account_id", "kind", "cycle_on", "is_group"), rows)


def _standing(row: Row[Any], cycle: AnyCycle) -> Standing:
    return Standing(
        account_id=row.account_id,
        cycle=cycle,
        next_bill_on=charged_to(cycle, row.next_bill_on, row.opened_on, row.usage_billed_through),
        live_services=row.live_services,
        last_end_on=row.last_end_on,
        has_open_order=row.has_open_order,
        has_members=row.has_members,
        is_finished=row.is_finished,
        requested=frozenset(BillKind(kind) for kind in row.requested),
    )
