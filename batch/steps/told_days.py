"""What the runbook says of the steps that turn the date, serve orders and repairs, check the books and report."""

from __future__ import annotations

from typing import Final

from batch.net import StepDoc

ROLL: Final = StepDoc(
    does="Moves the district's business date to the day after. It waits for deeds under way, so that everything of the date is complete.",
    reads="`css.business_date`",
    writes="`css.business_date`",
    counts="*written* 1: the date is rolled.",
    goes_wrong=(
        "CSS604E: an earlier night is not closed; run that one first. CSS605E: this one is closed; the sentence names the next. CSS101E: "
        "no such district. A form that somebody left open holds nothing; only a deed under way is waited for."
    ),
    codes=("CSS101E", "CSS604E", "CSS605E"),
    again="safe: a date that is rolled stays rolled.",
    takes="no time, and as long as the longest deed under way.",
)
TAKE: Final = StepDoc(
    does=(
        "Makes orders of what debt treatment asked for: bars, restores, ceases. Bars and restores are done by the exchange as they are "
        "placed, on the date that has just begun; a cease takes its lead time. A bar or a cease waits while a dispute, a fault, an order, "
        "somebody vulnerable or a payment plan stands in its way; a restore waits for nothing. One transaction has at most one order. "
        'By day the same is done by `css do take-order-requests` (`{"district_code": "ZZ"}`), so that whoever paid is restored at once.'
    ),
    reads="`css.order_request`, `css.hold`, `css.line_bar`, the open orders of the lines",
    writes="orders and everything an order writes, `css.order_request`",
    counts=("*written* became an order or was settled without one; *filtered* waits: `css ask waiting-order-requests ZZ` says for what."),
    goes_wrong=(
        "A request whose order is refused waits with the refusal, and an order that cannot be completed at once stays open; both are "
        "alarms, and the night goes on."
    ),
    again="safe: what was taken is taken.",
)
MARK: Final = StepDoc(
    does=(
        "Marks every open fault whose deadline had passed when the business date ended: its story has an event with the time of the "
        "deadline, however late it is written, and the missed deadline stays a fact whatever moves later. A fault whose clock was stopped "
        'before the deadline has missed nothing. By day `css do mark-breaches` (`{"district_code": "ZZ"}`) does the same up to now; a '
        "fault that is cleared late before anybody looked says so itself. `css ask breaches ZZ 2026-03-02` lists what was missed on a day."
    ),
    reads="`repairs.clock_interval`",
    writes="`repairs.fault` (`breached_at`), `repairs.fault_event`; at most 500 faults a transaction",
    counts="*written* were marked.",
    again="safe: a fault is marked once.",
)
WARN: Final = StepDoc(
    does=(
        "Warns of every open fault that falls due before whoever comes to work next would have had time for it: until so long after the "
        "office next opens as the repair policy warns ahead (`css ask repair-policy`, the minutes `warn_minutes`, the hours those of its "
        "calendar). So the night before Christmas warns of everything until the first working day's morning. Each deadline is warned of "
        "once; one that moved is another. A clock that stands is not warned of. By day `css do warn-of-breaches` warns the policy's "
        "minutes ahead of now."
    ),
    reads="`css.working_span`, `css.calendar_exception`, `repairs.repair_policy`",
    writes="`repairs.fault` (`warned_due_at`), `repairs.fault_event`",
    counts="*written* were warned of.",
    again="safe: what was warned of is passed over.",
)
ACCEPT: Final = StepDoc(
    does=(
        "Accepts every clear that nobody rejected in the time there was: the event has the instant that time was up. What the customer "
        "owes for the visit is left for billing then, and the fault is closed. By day `css do accept-silent-clears` does the same."
    ),
    reads="`repairs.fault`",
    writes="`repairs.fault`, `repairs.fault_event`, `css.billable_item`; at most 500 faults a transaction",
    counts="*written* were accepted; one that somebody is working on at that moment waits for the next night.",
    again="safe: a clear is accepted once.",
)
PROBLEMS: Final = StepDoc(
    does=(
        "Looks for what repeats: so many faults within so many days as the repair policy says on one line, on one distribution point (of "
        "more than one line) or on one cabinet (of more than one distribution point) are a problem, for somebody to find the reason of. "
        "What an outage took together is one matter. An open problem takes every further fault; one that was closed stays closed, and "
        "only what is reported later makes a new one. `css ask problems ZZ`; `css do close-problem` when the reason was found. By day "
        "`css do find-problems`."
    ),
    reads="the faults reported until the business date ended, the lines' plant",
    writes="`repairs.problem`, `repairs.problem_fault`",
    counts="*written* belong to a problem now; *filtered* were looked at and do not.",
    again="safe: a fault belongs to one problem of a kind.",
)
BOOKS: Final = StepDoc(
    does=(
        "Compares every joint of billing with the one on the other side: lines, VAT and totals; bills and ledger; ledger and balances; "
        "numbers without gap; files; records, calls and the bills that charge them; services and rentals; shelf and lines; and what "
        "repairs says of its faults."
    ),
    reads="all of billing and repairs",
    writes="nothing",
    counts="*written* 1: everything was compared.",
    goes_wrong=(
        "CSS620E: the sentence names the differences. The date stays open, so the next night waits. **Find the cause first**; do not "
        "correct rows by hand until you know it. `css check books` repeats the check at any time and costs nothing."
    ),
    codes=("CSS620E",),
    again="safe: it only looks.",
)
CLOSE: Final = StepDoc(
    does="Marks the night finished and balanced: `closed_through` becomes the date. From now on nothing may be entered for it.",
    reads="`css.business_date`",
    writes="`css.business_date`",
    again="safe: a date that is closed stays closed.",
)
REPORT: Final = StepDoc(
    does=(
        "Writes the [morning report](#the-morning-report) of the night, as text and as a page to print with its charts. It is made from "
        "the night's own records, so `css night report` gives it again at any time, also for a night that stopped half way."
    ),
    reads="the job repository; of the rooms, what waits for a person",
    writes="`<home>/spool/morning-report/<district>/<date>/`: `morning-report.txt` and `morning-report.pdf`, a generation",
    goes_wrong=(
        "CSS968E or CSS969E: the spool is full or cannot be written. The date is closed already; make room and run the net again for the "
        "report. Of a net that stopped before it, the command that ran it leaves the report in `<home>/spool/<district>/<date>/`."
    ),
    codes=("CSS968E", "CSS969E"),
    again="safe: it is one generation, however often it was begun.",
)
