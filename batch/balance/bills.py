"""The joints from broken promises and the cut to the ledger, the files of bills, the spool and partners' notices."""

from __future__ import annotations

from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from batch.balance.figures import Told, left_joint, on_disk, room_joint, told_joint, totals_joint
from batch.net import Context, Joint, Side
from billing.queries.joints import files_of_issued

FAILURES_TAKEN: Final = room_joint(
    "broken promises", "failures_taken", "broken promises that no earlier night had taken", "entered on their accounts"
)
FAILURES_POSTED: Final = room_joint("compensation", "failures_posted", "compensation entered on accounts", "compensation in the ledger")
ACCOUNTS_LISTED: Final = told_joint(
    "accounts to bill",
    "accounts_listed",
    "accounts counted at the cut",
    "accounts on the run's list",
    total_name="accounts to bill",
    with_amount=False,
)
RELEASED: Final = told_joint(
    "bills with their numbers",
    "bills_numbered",
    "bills that were given numbers",
    "bills numbered and not posted yet",
    total_name="bills released",
)
NUMBERS: Final = room_joint("series of numbers", "numbers_given", "numbers given by the district's series", "bills that carry one")
LEDGER: Final = room_joint("bills to ledger", "bills_in_ledger", "bills posted", "bills that the ledger has as owed")
DEBITS: Final = room_joint("debits and credits", "debits_and_credits", "debits of posted bills", "credits of them")
CARRIED: Final = room_joint("members' bills", "bills_carried", "members' bills that a group pays", "put on group accounts")
TAKEN_OFF: Final = room_joint("transfers", "bills_taken_off", "taken off members' accounts", "put on group accounts")
RENDERED: Final = left_joint(
    "bills to files",
    "bills_rendered",
    "not_rendered",
    ("bill/{number}/document", "bill/{number}/files"),
    "bills posted and not issued",
    "bills with PDF and e-invoice, or set aside",
)
INVOICES: Final = room_joint(
    "bills to e-invoices", "invoices_rendered", "bills with an e-invoice", "e-invoices by what they ask to be paid"
)
NOTICES: Final = room_joint("notices to partners", "notices_left", "partners' bills issued", "notices in their outboxes")


def billed(*, groups: bool) -> tuple[Joint, ...]:
    """When bills are made: every account of the list, every line, every call."""
    return (*made(groups=groups), _calls(groups=groups))


def made(*, groups: bool) -> tuple[Joint, ...]:
    """When bills may have been made again: every account of the list, every line."""
    whose = "group accounts" if groups else "accounts"
    return (
        room_joint(
            f"{whose} to bills", "accounts_billed", f"{whose} on the run's list", "billed, parked or with nothing to bill", is_group=groups
        ),
        room_joint(
            "lines to bills", "lines_billed", "lines of the bills with their VAT", "bills by their last line and total", is_group=groups
        ),
    )


def _calls(*, groups: bool) -> Joint:
    return room_joint("rated calls to bills", "calls_billed", "rated calls that the bills take", "calls on their lines", is_group=groups)


def posted(release: str, post: str) -> Joint:
    """Between releasing and posting: what got its number is what was posted."""
    return totals_joint(
        "released to posted",
        Told(release, "bills released", "bills released"),
        Told(post, "bills posted", "bills entered in the ledger"),
    )


def issued(*, of_partners: bool) -> tuple[Joint, ...]:
    """When bills were sent: every bill with files is out or set aside, and its files lie on the spool as they were stored."""
    whose = "partners' bills" if of_partners else "bills"
    own = not of_partners
    return (
        left_joint(
            f"{whose} to dispatch",
            "bills_issued",
            "not_issued",
            ("bill/{number}/file",),
            f"{whose} of the run with files",
            "issued, or set aside",
            is_own_retail=own,
        ),
        Joint(f"files of {whose}", partial(_spooled, own=own)),
    )


def _spooled(session: Session, context: Context, *, own: bool) -> tuple[Side, Side]:
    """Stored files of issued bills, and those of them that lie on the spool in their full length."""
    wanted = files_of_issued(session, context.district_code, context.business_date, is_own_retail=own)
    there = on_disk(context.home / "spool" / "bills" / context.district_code / context.business_date.isoformat()) if wanted else {}
    whole = sum(there.get(file.file_name) == file.byte_count for file in wanted)
    return Side("stored files of issued bills", len(wanted)), Side("lie whole on the spool", whole)
