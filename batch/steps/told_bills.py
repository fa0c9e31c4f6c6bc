"""What the runbook says of the steps of a bill run."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from batch.net import StepDoc

COMPENSATE: Final = StepDoc(
    does=(
        "Takes broken promises (late repairs, late starts, missed visits) off the shelf and enters what they are worth on the account. "
        "What is worth nothing is entered as nothing, with the reason, so that it is taken once too. Every door credits them at once, "
        "with the deed that left them, so a night finds some only where a program of one's own called a room past the doors; nothing read "
        "is what is usual."
    ),
    reads=(
        "`css.service_failure`, `billing.compensation_rate`, `billing.compensation_policy`, `billing.guarantee_rate`, "
        "`billing.outside_nominal`"
    ),
    writes="`billing.credited_day`, `billing.outside_item`, `billing.journal_entry`, `billing.posting`",
    again="safe: a failure is taken once, by its source key, and a day of a line is credited once, by whatever failure.",
)
FREEZE: Final = StepDoc(
    does=(
        "Makes the bill run of the date and its list of accounts: those whose cycle date has come, also of earlier nights not yet billed, "
        "and those whose last service has ended. What operators key from now on is for the next night."
    ),
    reads="`css.account`, `css.service`, `billing.account_cycle`, the view of open orders",
    writes="`billing.bill_run`, `billing.bill_run_account`, and `billing.account_cycle` for accounts that billing has not met",
    counts="*written* are the accounts to be billed.",
    goes_wrong="CSS430E: the date is not over; a net always rolls it first, so this is a call by hand.",
    codes=("CSS430E",),
    again="safe: the list is made once.",
)
CALCULATE: Final = StepDoc(
    does=(
        "Decides every bill of the list: rentals by difference, items from the shelf, calls; VAT; the amount due. A bill that is unlikely "
        "is **held** for a person; an account that cannot be billed is **parked** with its reason and gets its bill in a later night. "
        "Accounts that others' bills are carried to wait for `calculate-groups`.\n\n"
        "To do in the morning: look at held bills (`css bills held`) and let them go or take them back; the next night numbers, posts and "
        "sends what was let go. Mend what parked an account; the next night tries again. See [bill runs](#bill-runs)."
    ),
    reads="everything recorded up to the cut",
    writes="`billing.bill`, `billing.bill_line`, `billing.bill_vat`",
    counts="*filtered* are accounts with nothing to bill and nothing owed; their cycle moves on. *Rejected* are parked.",
    goes_wrong=(
        "With an account: CSS431E, no price or no VAT rate for a day; CSS432E; CSS433E, its bills and the ledger disagree; CSS435E, no "
        "nominal; CSS103E; CSS798E, no name or no address. It is parked. Held: CSS480W to CSS483W and CSS793W to CSS799W; CSS445E, its "
        "document would contradict itself."
    ),
    again="safe: an account with its bill of this run is passed over.",
)
SAMPLE: Final = StepDoc(
    does=(
        "Makes again what somebody has taken back since, prints the sample where the district wants one, and waits where somebody must "
        "approve it: the night stops with CSS780E, and goes on from here. Nothing has a number yet."
    ),
    reads="the bills of the run, `billing.bill_control`",
    writes=(
        "`<home>/spool/<district>/<date>/sample/`: bills stamped SAMPLE and without a number, and their figures as `summary.txt` and "
        "`summary.csv`; `billing.bill_run`. None of it is stored with the bills"
    ),
    goes_wrong=(
        "CSS780E, nobody has approved: not a fault, see [bill runs](#bill-runs). CSS445E, a bill of the sample contradicts itself: take it "
        "back and find out why before all of them go out. CSS968E: the disk is full. CSS447E: "
        "the directory cannot be written."
    ),
    codes=("CSS445E", "CSS447E", "CSS780E", "CSS968E"),
    again="safe: the same bills are chosen and give the same bytes.",
)
RELEASE: Final = StepDoc(
    does=(
        "Gives every calculated bill its number, in order of account, in one transaction under the lock of the district's series. Numbers "
        "have no gap and none is ever taken back."
    ),
    reads="`billing.bill`, `billing.bill_series`",
    writes="`billing.bill`, `billing.bill_series`",
    counts="*filtered* are held.",
    goes_wrong="CSS058E: the series is used up. CSS780E: nobody has approved, which `sample` has asked for.",
    codes=("CSS058E", "CSS780E"),
    again="safe: what has a number keeps it.",
    takes="1 s for some 15,000 bills: numbers are given one after the other.",
)
POST: Final = StepDoc(
    does=(
        "Enters released bills in the ledger, debtors against revenue and VAT, and moves their accounts' cycles on. A bill let go so late "
        "that its date is closed is entered for the first date still open."
    ),
    reads="`billing.bill`, `billing.bill_line`, `billing.bill_vat`",
    writes="`billing.journal_entry`, `billing.posting`, `billing.account_cycle`",
    goes_wrong="Only by a fault of ours: the database refuses an entry whose sides differ (`ck_journal_entry_balances`).",
    again="safe: an entry is made once, by its source key.",
)
GATHER: Final = StepDoc(
    does="Carries what members' bills ask for over to their group accounts: two outside items a bill, one on each side.",
    reads="posted bills of accounts that are paid by a group",
    writes="`billing.outside_item`, `billing.journal_entry`, `billing.posting`",
    again="safe: an item has a source key, so a bill is carried once.",
)
CALCULATE_GROUPS: Final = replace(
    CALCULATE,
    does=(
        "Decides the bills of the accounts that others' bills are carried to, as `calculate` does. They could not be decided before: what "
        "they ask for was not known. Where no account of the run is a group, this and the next three steps find nothing to do."
    ),
)
SAMPLE_GROUPS: Final = replace(
    SAMPLE,
    does="As `sample`, for the group accounts' bills: where approval is wanted they are approved on their own.",
    writes="`<home>/spool/<district>/<date>/sample-groups/`, as `sample` does; `billing.bill_run`",
)
RELEASE_GROUPS: Final = replace(
    RELEASE,
    does="Gives the group accounts' bills their numbers, after those of all members.",
    goes_wrong="As in `release`.",
    takes="",
)
POST_GROUPS: Final = replace(POST, does="Enters the group accounts' bills in the ledger, as `post` does.", goes_wrong="As in `post`.")
RENDER: Final = StepDoc(
    does=(
        "Makes the files of each bill from what was posted: PDF and e-invoice, the call statement where calls are itemised, the data file "
        "for firms and providers. They are held against the UBL schema, read back, compared with the rows, and stored with their SHA-256. "
        "A stored file is never made again."
    ),
    reads="what was posted",
    writes="`billing.bill_file`",
    goes_wrong=(
        "With a bill: CSS445E, its document contradicts itself; CSS840E, CSS841E, CSS842E, a file is not valid, cannot be read or says "
        "another figure. It is set aside, posted but not rendered. Put the cause right; the next night renders it. With everything: "
        "CSS444E, nobody is our own retail arm."
    ),
    codes=("CSS444E",),
    again="safe: the bytes do not depend on when or by which process they are made.",
    takes="two thirds of what a bill costs from its cut to its file: drawing it, reading it back and comparing it. Shared out.",
)
DISPATCH: Final = StepDoc(
    does=(
        "Writes the files of our own customers' bills to the spool, each whole or not there, and marks the bill issued. There stand "
        "`<bill number>.pdf`, `.xml`, `.calls.xml` and `.csv`; `<bill number>.eml`, the message of a bill that goes by e-mail, for a mail "
        "server's pickup folder; and `print-paper-<bill number>.csv` and `print-large-print-<bill number>.csv`, the lists of the bills a "
        "block left to print, named after the first: file, number, pages, SHA-256, and the sums in the last row. Blocks are shared out "
        "among the worker processes."
    ),
    reads="`billing.bill_file`",
    writes="`<home>/spool/bills/<district>/<date>/`, `billing.bill`",
    goes_wrong=(
        "CSS446E: a stored file is not what was rendered; it is not sent. CSS843W: an e-mail address is none; the bill is printed. "
        "CSS968E: the disk of the spool is full. CSS969E, CSS447E: it is read-only or somebody else's. The step stops; put it right and "
        "run again. A directory that is missing is made anew."
    ),
    codes=("CSS447E", "CSS968E", "CSS969E"),
    again="safe: the same files are written again.",
)
DISPATCH_PARTNERS: Final = replace(
    DISPATCH,
    does=(
        "As `dispatch`, for the bills of partners' accounts, and leaves a BillNotice of each in the outbox. One process does it, because a "
        "partner's messages are numbered in the order of the bills."
    ),
    writes="`<home>/spool/bills/<district>/<date>/`, `billing.bill`, `css.outbox_message`",
    again="safe: the same files are written again, notices have a source key.",
)
