"""What was set aside and is mended by now: the night settles it, so that the work list is what a person still has to do."""

from __future__ import annotations

from sqlalchemy.orm import Session

from batch.balance.rejects import settle_mended
from batch.net import Context, Counts, Rerun, SingleStep, StepDoc, Total, Work


def _settle(session: Session, context: Context) -> Work:
    looked_at, settled = settle_mended(session, context.district_code, by=context.by.name, at=context.at)
    totals = (Total("items set aside that were mended", settled), Total("items set aside that wait", looked_at - settled))
    return Work(Counts(looked_at, settled, looked_at - settled), totals=totals)


SETTLE = SingleStep(
    "settle-rejects",
    "Settle what was mended",
    _settle,
    may_be_skipped=True,
    skip_words="What was mended stays on the work list until the next night.",
    rerun=Rerun(is_allowed=True, words="It looks at what is open once more; what it settled stays settled."),
    doc=StepDoc(
        does=(
            "Looks at every item that was set aside and is open: a refused file whose name a later night took in, a parked account "
            "that was billed since, a bill that has its files or is out. It is settled in the night's name, with how."
        ),
        reads="batch.reject, carriers' files, bills and their files, where accounts stand in their cycle.",
        writes="batch.reject: replayed, when, by whom and how.",
        counts="Read are open items; written what was settled; left alone what waits for a person.",
        goes_wrong="Nothing of its own.",
    ),
)
