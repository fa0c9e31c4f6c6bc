"""Which steps of the night may be run again from the top once they are finished, why, and what undoes what they did."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from batch.net import Context, Rerun
from batch.rules.wording import count_of
from billing.actions.withdraw import take_up_again, withdraw_run
from billing.queries import bill_run, bill_run_id
from billing.run_commands import WithdrawRun
from css.core.errors import Conflict

LEFT_IS_DONE: Final = Rerun(is_allowed=True, words="What it did stays; only what is left, or was mended since, is done.")
ROLLED: Final = Rerun(is_allowed=False, words="The date is rolled once; what was keyed since belongs to the next.")
CUT: Final = Rerun(is_allowed=False, words="The cut stands: which accounts are billed, and up to when, is not decided twice.")
NUMBERED: Final = Rerun(is_allowed=False, words="Bills have their numbers; what is wrong with one is put right by a credit note.")
POSTED: Final = Rerun(is_allowed=False, words="What is in the ledger stays in it; a correction is a row of its own.")
GROUPS: Final = Rerun(
    is_allowed=False, words="Members' bills have their numbers by now; a group's bill that is held is taken back by `css bills withdraw`."
)
SAMPLED: Final = Rerun(is_allowed=True, words="The sample is printed again, of the bills as they are now.")
SENT: Final = Rerun(is_allowed=True, words="Bills that are issued stay so and are not sent twice; those left behind are sent now.")
CHECKED: Final = Rerun(is_allowed=True, words="The books are looked at once more.")
CLOSED: Final = Rerun(is_allowed=True, words="A date that is closed stays closed.")
WRITTEN: Final = Rerun(is_allowed=True, words="It is written again, from the records as they are now.")


def _to_take_back(session: Session, context: Context) -> tuple[str, ...]:
    """The bills that would be taken back, in a sentence. Error: Conflict CSS787E, some have their numbers."""
    run = bill_run(session, context.district_code, context.business_date).run
    if run.numbered_count:
        have = "bill has its number" if run.numbered_count == 1 else "bills have their numbers"
        sentence = "{district} for {date}: {count:,} {have} already; what is wrong there is put right by credit notes."
        fields = {"district": context.district_code, "date": context.business_date, "count": run.numbered_count, "have": have}
        raise Conflict("CSS787E", sentence, element=None, **fields)
    bills = f"{count_of(run.bill_count, 'bill')} of {run.invoice_gross.sterling} {'is' if run.bill_count == 1 else 'are'} taken back"
    parked = f", {count_of(run.parked_count, 'parked account')} taken up again" if run.parked_count else ""
    return (f"{bills}{parked}; all are made again from the same cut.",)


def _take_back(session: Session, context: Context) -> None:
    command = WithdrawRun(
        district_code=context.district_code, business_date=context.business_date, reason="The step that makes them is run again."
    )
    withdraw_run(session, command, by=context.by, at=context.at)
    take_up_again(session, bill_run_id(session, context.district_code, context.business_date))


BILLS: Final = Rerun(
    is_allowed=True,
    words="Its bills are taken back and made again from the same cut, as long as none has its number.",
    supersedes=_to_take_back,
    backout=_take_back,
)
