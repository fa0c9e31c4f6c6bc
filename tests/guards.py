"""What users of other billing systems suffer from, what keeps it out of ours, and the test that proves it.

``python -m tests.guards`` copies the house, takes each guard away in turn, runs the test named beside it and expects it to
fail; with words behind it only the guards whose pain, file or test contains one. It takes a few minutes and is no part of the
suite; that the guards and tests named here are there is (``tests/house/test_guards.py``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOUSE: Final = Path(__file__).parents[1]
COPIED: Final = ("batch", "billing", "css", "docs", "orders", "repairs", "schemas", "tests", "pyproject.toml")


@dataclass(frozen=True, slots=True)
class Guard:
    """One thing that keeps a pain away."""

    pain: int
    """Its place in the list of docs/testing.md."""
    what: str
    file: str
    text: str
    """The guard as it stands in the file, once."""
    without: str
    """What stands there when it is taken away."""
    test: str
    """``file::test``, as pytest takes it."""


SCENARIO: Final = "tests/scenarios/test_bill_pains.py::"
BILLING: Final = "tests/records/test_billing.py::"
HARMS: Final = "tests/records/test_books.py::test_each_harm_is_found_by_the_checks_it_concerns"

GUARDS: Final = (
    Guard(
        1,
        "an account that has its bill of the run does not wait for one",
        "billing/sql/calculate.sql",
        "   AND NOT EXISTS (SELECT 1 FROM billing.bill b WHERE b.bill_run_id = r.bill_run_id AND b.account_id = r.account_id)\n",
        "",
        SCENARIO + "test_calculating_again_before_anything_is_posted_writes_nothing",
    ),
    Guard(
        1,
        "a unique key: one bill a run and account",
        "css/migrations/versions/0001_the_house.py",
        '        sa.UniqueConstraint("bill_run_id", "account_id", name=op.f("uq_bill_bill_run_id_account_id")),\n',
        "",
        SCENARIO + "test_two_that_calculate_at_once_make_one_bill_each",
    ),
    Guard(
        1,
        "a night that is completed refuses to run again",
        "batch/engine/run.py",
        "if instance.state is InstanceState.COMPLETED:",
        "if instance.state is None:",
        "tests/batch/test_engine.py::test_a_completed_instance_refuses_a_second_run_and_writes_nothing",
    ),
    Guard(
        1,
        "what was charged is taken off what should be",
        "billing/rules/difference.py",
        "before = posted.get(key)",
        "before = None",
        "tests/bulk/test_bills_converge.py::test_bills_month_by_month_come_to_what_one_bill_with_everything_known_would",
    ),
    Guard(
        2,
        "VAT once a rate, on the net total",
        "billing/rules/vat.py",
        "VatSum(tax, net, percent_of(net, Percent(tax.basis_points)))",
        "VatSum(tax, net, Money(sum(percent_of(one, Percent(tax.basis_points)).pence for which, one in amounts if which == tax)))",
        "tests/rules/test_bill_rule.py::test_vat_is_reckoned_once_a_rate_and_never_by_the_line",
    ),
    Guard(
        2,
        "the last credit note of a bill absorbs the odd penny of VAT",
        "billing/rules/bill.py",
        "credit_note_vat(taken, account.adjustments.bills)",
        "vat_of((line.tax, line.net) for line in lines)",
        "tests/records/test_credits.py::test_credits_of_a_whole_bill_give_back_its_vat_to_the_penny",
    ),
    Guard(
        2,
        "PDF, e-invoice and lists of calls are read back and compared before they are stored",
        "billing/amounts_check.py",
        "        if wanted != found\n    ]",
        "        if wanted is None\n    ]",
        "tests/golden/test_bill_files.py::test_a_file_of_another_amount_is_named_with_the_figure",
    ),
    Guard(
        3,
        "as many statements for a block as for an account",
        "billing/queries/at_cut.py",
        "limits=limits,",
        "limits=limits_for(session, run.district_code),",
        BILLING + "test_a_block_sends_as_many_statements_for_four_accounts_as_for_one",
    ),
    Guard(
        4,
        "an account whose final bill is out gets one more for a late call",
        "billing/actions/run.py",
        'back |= {account_id: parameters["cut"] for account_id in late if account_id not in back}',
        "del late",
        BILLING + "test_a_late_call_of_a_finished_account_gets_one_more_bill",
    ),
    Guard(
        4,
        "the books compare the calls taken with the calls charged",
        "billing/checks.py",
        '    "calls_billed",\n',
        "",
        HARMS,
    ),
    Guard(
        5,
        "instants are shown by London's clocks",
        "billing/rules/compose.py",
        "to_london(call.started_at), display_number(",
        "call.started_at, display_number(",
        SCENARIO + "test_a_call_late_on_a_summer_evening_is_shown_by_the_clock_on_the_wall",
    ),
    Guard(
        6,
        "earlier cycle dates are due too",
        "billing/sql/cut.sql",
        "c.next_bill_on <= :cut OR",
        "c.next_bill_on = :cut OR",
        SCENARIO + "test_an_account_that_was_stopped_is_billed_by_itself_once_what_stopped_it_is_gone",
    ),
    Guard(
        7,
        "a cycle day is clamped to the month and never forgotten",
        "css/core/calendar.py",
        "return Period(_day_of_month(index, cycle_day), _day_of_month(index + months, cycle_day))",
        "return Period(_day_of_month(index, min(cycle_day, 28)), _day_of_month(index + months, min(cycle_day, 28)))",
        SCENARIO + "test_the_last_day_of_the_month_comes_back_after_a_short_one",
    ),
    Guard(
        8,
        "a bill reads the nights since the cut of the one before",
        "billing/sql/calculate.sql",
        "coalesce(c.usage_billed_through + 1, greatest(a.opened_on, f.first_night)) AS first_night",
        "greatest(a.opened_on, f.first_night) AS first_night",
        SCENARIO + "test_every_call_is_on_one_bill_and_each_bill_reads_its_own_nights",
    ),
    Guard(
        9,
        "numbers follow the accounts",
        "billing/sql/release.sql",
        " ORDER BY b.account_id, b.usage_through\n",
        " ORDER BY b.id\n",
        "tests/records/test_billing_release.py::test_numbers_follow_the_accounts_whatever_order_they_were_calculated_in",
    ),
    Guard(
        9,
        "the books look for gaps",
        "billing/checks.py",
        '    "numbers_without_gap",\n',
        "",
        HARMS,
    ),
    Guard(
        10,
        "a part of a month gives its days of the minutes",
        "billing/rules/benefits_calls.py",
        "if giver.benefit.is_prorated else whole",
        "if giver.benefit is None else whole",
        "tests/rules/test_benefits.py::test_a_part_of_a_month_gives_its_days_of_the_minutes",
    ),
    Guard(
        11,
        "calls are added up exactly, to the millionth of a penny",
        "billing/sql/calculate.sql",
        "         sum(r.net_millionths) AS net_millionths,\n",
        "         round(sum(r.net_millionths), -6) AS net_millionths,\n",
        SCENARIO + "test_the_smallest_prices_are_added_up_before_they_are_rounded",
    ),
    Guard(
        12,
        "re-rating writes what should be less all that was, differences included",
        "billing/rules/rerating.py",
        "known = was.join(",
        'known = was.filter(pl.col("call_count") > 0).join(',
        "tests/records/test_rerating.py::test_running_again_writes_nothing",
    ),
    Guard(
        14,
        "each day is charged at the price of that day",
        "billing/rules/charges.py",
        "span = Span(day, min(term.ends_on, last))",
        "span = Span(day, last)",
        "tests/rules/test_charges.py::test_a_price_rise_within_a_period_splits_it_in_two",
    ),
    Guard(
        16,
        "one account's fault parks that account",
        "billing/actions/calculate.py",
        "except CssError as fault:",
        "except ZeroDivisionError as fault:",
        BILLING + "test_one_account_that_cannot_be_billed_is_parked_and_the_others_are_billed",
    ),
    Guard(
        16,
        "one bill's fault sets that bill aside",
        "billing/actions/render.py",
        "except CssError as fault:",
        "except ZeroDivisionError as fault:",
        "tests/records/test_billing_documents.py::test_a_bill_that_contradicts_itself_is_set_aside_and_the_others_are_rendered",
    ),
    Guard(
        17,
        "the books look for services that work and are not charged",
        "billing/checks.py",
        '    "services_charged",\n',
        "",
        HARMS,
    ),
    Guard(
        18,
        "many calls stand in two close columns, and sheets are turned",
        "billing/bill_pdf/calls.py",
        "if self.column == self.count:",
        "if self.column == 99:",
        "tests/golden/test_bill_pdf.py::test_three_thousand_calls_stay_readable",
    ),
    Guard(
        19,
        "XML is held against its schema before it is stored",
        "billing/amounts_check.py",
        "        if against_schema:\n",
        "        if against_schema is None:\n",
        "tests/records/test_bill_files.py::test_a_bill_with_a_file_that_is_not_right_is_not_issued",
    ),
    Guard(
        20,
        "the last few bills are looked at, not all",
        "billing/sql/calculate.sql",
        "ORDER BY b.usage_through DESC LIMIT :limit) p",
        "ORDER BY b.usage_through DESC) p",
        SCENARIO + "test_the_bills_before_are_not_read_for_ever",
    ),
)


def fails_without(guard: Guard, copy: Path) -> bool:
    """Whether the guard's test fails in a copy of the house from which it is taken away; the copy is as before afterwards."""
    path = copy / guard.file
    kept = path.read_text(encoding="utf-8")
    path.write_text(kept.replace(guard.text, guard.without), encoding="utf-8")
    try:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", guard.test]
        done = subprocess.run(command, cwd=copy, env=os.environ | {"PYTHONPATH": str(copy)}, capture_output=True, text=True, check=False)
    finally:
        path.write_text(kept, encoding="utf-8")
    if done.returncode not in {0, 1}:
        sys.stderr.write(done.stdout[-2000:] + done.stderr[-2000:])
    return done.returncode == 1


def main(words: list[str]) -> int:
    """Take away every guard, or those that are meant, and say which test did not notice."""
    wanted = [one for one in GUARDS if not words or any(word in f"pain {one.pain} {one.file} {one.test}" for word in words)]
    unnoticed = 0
    with tempfile.TemporaryDirectory(prefix="css-guards-") as folder:
        copy = Path(folder)
        for name in COPIED:
            if (HOUSE / name).is_dir():
                shutil.copytree(HOUSE / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(HOUSE / name, copy / name)
        for guard in wanted:
            noticed = fails_without(guard, copy)
            unnoticed += not noticed
            sys.stdout.write(f"{'noticed' if noticed else 'UNNOTICED':<10} {guard.pain:>2}  {guard.what}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(wanted)} guards taken away, {unnoticed} not noticed.\n")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
