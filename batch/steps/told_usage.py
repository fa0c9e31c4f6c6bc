"""What the runbook says of the steps that take carriers' usage in and price it."""

from __future__ import annotations

from typing import Final

from batch.net import StepDoc

COLLECT: Final = StepDoc(
    does=(
        "Takes the carriers' files (`.csv` and `.gz`) from `<home>/incoming/<district>/`, one transaction a file, in order of name. What a "
        "file holds, and what becomes of it and of its records, is on the page on [usage files](usage-files.md). A file made after the end "
        "of the day that follows the business date waits for its own night. A carrier should write under another name and rename the file "
        "to `….csv` when it is whole; `css usage load` does so."
    ),
    reads="the files",
    writes=(
        "`billing.usage_file`, `billing.usage_block` (the records as they came), `billing.usage_set_aside` (duplicates, unreadable "
        "records, parts of long calls), `billing.usage_call_key`, `billing.usage_id_key`. A file that was taken is moved to `done/`, a "
        "refused one to `refused/`"
    ),
    counts=(
        "as written what is to be rated, as filtered duplicates and files that came before, as rejected unreadable records, parts that "
        "wait and refused files."
    ),
    goes_wrong=(
        "With a record: CSS400E to CSS411E, CSS654E to CSS661E; the others of its file go on. With a file: CSS420E to CSS422E or CSS650E "
        "to CSS653E, it is not whole; CSS428E, the same sequence with other bytes; CSS406E, too large to take. It is refused whole and the "
        "night goes on. With the directory: CSS614E; the step stops. Alarms, which the morning report lists and which end the night with "
        "4: CSS428E; CSS429W, a sequence is missing, until it comes; CSS660W, a file was still being written and waits; CSS663W, a file "
        "waits for a night that is far. CSS429W and CSS663W are over with the night that says them no more, and stand once however many "
        "nights say them."
    ),
    codes=("CSS614E",),
    again="safe: a file is known by supplier and sequence and by its content. Taken before, it is moved away and nothing else happens.",
    takes="some 7 s of a processor for a million records, one file after the other.",
)
RATE: Final = StepDoc(
    does=(
        "Reads the records of each block again, finds whose the number charged was at that moment, prices the call by the tariffs in "
        "force, retail and wholesale, and stores it. A block is some 50,000 records; several processes rate at once."
    ),
    reads="`billing.usage_block` of the files taken on this date that are not rated yet, `css.service_number`, tariffs",
    writes="`billing.rated_call`, `billing.usage_set_aside` (what cannot be priced), `billing.rated_block`",
    counts="*written* have a price; *rejected* were set aside.",
    goes_wrong=(
        "With a record: CSS412E, the number was never ours; CSS413E, not in service then; CSS414E to CSS418E and CSS450E, the tariff lacks "
        "something; CSS460W, it came too late to be billed without leave. They wait ([usage set aside](#usage-set-aside)); the others go "
        "on. With the tariffs: CSS423E to CSS427E; the step stops, since nothing is rated with a tariff that contradicts itself. An "
        "alarm, CSS461W: calls were rated that have no wholesale price."
    ),
    codes=("CSS423E", "CSS424E", "CSS425E", "CSS426E", "CSS427E"),
    again=("safe: a block is rated once. Calls go on a bill by the date they were rated on, and are never changed after."),
)
REPLAY: Final = StepDoc(
    does=(
        "Tries again what was set aside in earlier nights for a reason that can have mended itself: the number has come into service with "
        "an earlier date, or the tariff or the VAT rate is there now. What has a price is rated in this night; see "
        "[usage set aside](#usage-set-aside)."
    ),
    reads="open records of `billing.usage_set_aside` with CSS412E to CSS417E or CSS450E, `css.service_number`, tariffs",
    writes="`billing.rated_call`, `billing.usage_set_aside`",
    counts=(
        "*read* what may have mended itself: a record whose number is nobody's still, or whose reason a person settles, is not looked at "
        "again and counts nowhere. *filtered* still has no price; it waits on, for the reason it has now."
    ),
    again="safe: a record is settled once, and in one transaction with its rated call.",
)
ASSEMBLE: Final = StepDoc(
    does=(
        "Puts long calls together. A switch writes a record at least once a day while a call lasts; its parts wait until all are there "
        "and are then priced as one call, so that the set-up charge, the first minutes and the cap count once."
    ),
    reads="the parts that wait in `billing.usage_set_aside`",
    writes="`billing.rated_call`, `billing.usage_set_aside`",
    counts="*filtered* are parts of calls that are not whole yet, or contradict themselves (CSS700W to CSS707E).",
    goes_wrong=(
        "CSS719W, an alarm: a call has come to wait for somebody, because parts are missing too long or contradict each other. The night "
        "goes on and ends with 4. It is said once."
    ),
    again="safe: a part is settled once, and in one transaction with its rated call.",
)
CLOSE_USAGE: Final = StepDoc(
    does=(
        "Counts the books of every file taken on this date: its records are those rated, zero-rated, duplicate, suspended and rejected, "
        "and no other."
    ),
    reads="`billing.usage_file`, `billing.rated_block`, `billing.usage_set_aside`",
    writes="nothing",
    goes_wrong=(
        "With return code 12: a file does not close, and the sentence says by how many. That is a fault of ours; `css usage file 12` "
        "shows the file."
    ),
    codes=("CSS612E",),
    again="safe: it only counts.",
)
