"""The sample of a run: some of its bills printed for a person to look at before any has its number, and what all of them come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from billing.actions.approve import hold_run, require_approved
from billing.actions.sound import sound_document
from billing.actions.spool import put_files
from billing.actions.withdraw import make_again
from billing.bill_pdf import render_pdf
from billing.commands import BlockTotals, SetAside
from billing.queries.as_posted import bills_as_posted, supplier
from billing.queries.at_cut import run_at_cut
from billing.queries.control import bill_control
from billing.queries.runs import run_figures, sample_candidates
from billing.rules.sample_summary import summary_csv, summary_text
from billing.rules.sampling import Chosen, choose_sample
from css import audit
from css.core.actor import Actor
from css.core.errors import CssError
from css.core.money import total
from css.db.sql import block

STAMP = "SAMPLE"
SUMMARY = "summary"


def print_sample(session: Session, run_id: int, *, directory: Path, groups: bool = False, by: Actor, at: datetime) -> BlockTotals:
    """Print the sample of a run's bills, or of its group accounts', into ``directory`` and remember that it was.

    ``<account number>.pdf`` for each bill of it, stamped and without a number, and the figures of the whole run in ``summary.txt``
    and ``summary.csv``; what lay there before is gone. The same run gives the same bytes. None of it is stored with the bills.
    A bill whose document contradicts itself is counted as rejected, with what is wrong. Nothing is printed where the district
    wants no sample, or where no bill waits.

    Raises:
        NotFound: CSS434E no such run, CSS444E nobody is our own retail arm. Unavailable: CSS447E, the directory cannot be written.
    """
    run = run_at_cut(session, run_id)
    hold_run(session, run_id)
    count = bill_control(session, run.district_code).sample_count
    candidates = sample_candidates(session, run_id, groups=groups) if count else ()
    if not candidates:
        return BlockTotals()
    chosen = choose_sample(candidates, count)
    printed, faults = _printed(session, chosen)
    figures = run_figures(session, run_id)
    files = {f"{one.candidate.account_number}.pdf": content for one, content in printed}
    files[f"{SUMMARY}.txt"] = summary_text(figures, candidates, chosen, faults).encode()
    files[f"{SUMMARY}.csv"] = summary_csv(figures, candidates, chosen).encode()
    _lay_out(directory, files)
    session.execute(block("billing", "release.sampled"), {"run": run_id, "at": at, "by": by.name})
    session.expire_all()
    audit.record(
        session,
        by=by,
        at=at,
        verb="print_sample",
        subject=("bill run", f"{run.district_code} {run.cut}"),
        after={"accounts": [one.candidate.account_number for one, _ in printed], "of": len(candidates), "faults": len(faults)},
    )
    return BlockTotals(
        read=len(chosen),
        written=len(printed),
        rejected=len(faults),
        amount=total(one.candidate.invoice_gross for one, _ in printed),
        set_aside=faults,
    )


def sample_step(
    session: Session, run_id: int, *, is_printed: bool, directory: Path, groups: bool = False, by: Actor, at: datetime
) -> tuple[str, BlockTotals] | None:
    """What stands between calculating and releasing a run, or its groups, one piece at a time: ``again``, bills taken back are made
    again; ``printed``, the sample is printed, ``is_printed`` saying whether it was for these; None, the run may be released.

    Raises:
        Refused: CSS780E, somebody must approve first. As ``print_sample``.
    """
    again = make_again(session, run_id, groups=groups, by=by, at=at)
    if again is not None:
        return "again", again
    run = hold_run(session, run_id)
    is_wanted = bool(bill_control(session, run.district_code).sample_count)
    if not is_printed or (is_wanted and run.sampled_at is None and sample_candidates(session, run_id, groups=groups)):
        return "printed", print_sample(session, run_id, directory=directory, groups=groups, by=by, at=at)
    require_approved(session, run, str(directory))
    return None


def _printed(session: Session, chosen: Sequence[Chosen]) -> tuple[list[tuple[Chosen, bytes]], tuple[SetAside, ...]]:
    """The bills of a sample as they would go out but for the stamp, and those whose documents contradict themselves."""
    house = supplier(session)
    by_id = {one.candidate.bill_id: one for one in chosen}
    printed: list[tuple[Chosen, bytes]] = []
    faults: list[SetAside] = []
    for posted in bills_as_posted(session, list(by_id), unnumbered=True):
        one = by_id[posted.bill_id]
        try:
            document = sound_document(posted.bill, house)
        except CssError as fault:
            account = one.candidate.account_number
            faults.append(
                SetAside(source_key=f"bill/{posted.business_date}/{account}/sample", code=fault.code, words=str(fault), raw=account)
            )
        else:
            printed.append((one, render_pdf(document, stamp=STAMP)))
    return printed, tuple(faults)


def _lay_out(directory: Path, files: dict[str, bytes]) -> None:
    put_files(directory, {directory / name: content for name, content in files.items()})
    for stale in _others(directory, files):
        stale.unlink()


def _others(directory: Path, files: dict[str, bytes]) -> Iterator[Path]:
    """What an earlier sample, or a killed one, left behind."""
    return (path for path in sorted(directory.iterdir()) if path.is_file() and path.name not in files)
