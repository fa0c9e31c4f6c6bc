"""The end of a quarter: its three months added up, the boxes of the VAT return, and the close."""

from __future__ import annotations

from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from batch.net import Context, Rerun, SingleStep, Total, Work
from batch.steps import told_month as told
from batch.steps.month_end import BEFORE_CLOSE, STANDS, asked_for, close, kept, proof, proved, report, turn
from billing.actions import periods
from billing.queries.period_proofs import PROOFS
from billing.queries.periods import figures_kept
from billing.rules.period import vat_return
from billing.words import PeriodKind

QUARTER: Final = PeriodKind.QUARTER


def _add_up(session: Session, context: Context) -> Work:
    asked = asked_for(context, QUARTER)
    count = periods.keep_quarter(session, asked)
    boxes = vat_return(figures_kept(session, asked).vat)
    return kept(count, Total("VAT return, box 1", None, boxes.box_1), Total("VAT return, box 6, whole pounds", boxes.box_6))


TURN: Final = SingleStep(
    "quarter-turn", "Look whether the quarter may be closed", partial(turn, kind=QUARTER), rerun=BEFORE_CLOSE, doc=told.DOCS["quarter-turn"]
)
PROVED: Final = tuple(proof(name, QUARTER) for name in PROOFS[QUARTER])
ADD_UP: Final = SingleStep(
    "add-months",
    "Add the three months up",
    partial(proved, _add_up, PROVED),
    joints=PROVED,
    rerun=BEFORE_CLOSE,
    doc=told.DOCS["add-months"],
)
CLOSE: Final = SingleStep("close-quarter", "Close the quarter", partial(close, kind=QUARTER), rerun=STANDS, doc=told.DOCS["close-quarter"])
REPORT: Final = SingleStep(
    "quarter-report",
    "Publish the quarter's report",
    partial(report, kind=QUARTER),
    rerun=Rerun(is_allowed=True, words="It is written anew from the figures that stand: the same files."),
    doc=told.DOCS["quarter-report"],
)
