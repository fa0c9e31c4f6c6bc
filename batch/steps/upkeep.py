"""The steps of the house's own net: disks, read-back, backup, rehearsal, archive, and what goes when its time is over."""

from __future__ import annotations

from typing import Final

from batch.net import LoopStep, Rerun, SingleStep, StepDoc
from batch.upkeep.archiving import archive_runs
from batch.upkeep.backup import rehearse_restore, take_backup
from batch.upkeep.carriers import throw_files_away
from batch.upkeep.copies import throw_copies_away
from batch.upkeep.forgetting import forget_calls
from batch.upkeep.going import throw_generations_away
from batch.upkeep.reading import look_at_disks, verify_spool

_AGAIN: Final = Rerun(is_allowed=True, words="It looks at what there is now; nothing is done twice.")
_GONE: Final = Rerun(is_allowed=True, words="What went is gone; what has grown old since goes too.")

DISKS: Final = SingleStep(
    "look-at-disks",
    "Look at the disks",
    look_at_disks,
    may_be_skipped=True,
    skip_words="Nobody is told of a disk that fills.",
    rerun=_AGAIN,
    doc=StepDoc(
        does="Looks how full the disks are on which the installation lies, each once.",
        reads="the disks of the installation's directory, the spool, the backups and what carriers send",
        writes="nothing",
        counts="*written* disks were looked at.",
        goes_wrong="with an alarm: CSS978W, a disk is four fifths full. The disk of a database server elsewhere is its keeper's to watch.",
        again="safe: it only looks.",
        takes="no time.",
    ),
)
VERIFY: Final = LoopStep(
    "verify-spool",
    "Read the spool back",
    verify_spool,
    may_be_skipped=True,
    skip_words="What the disk has spoilt is found a night later.",
    rerun=_AGAIN,
    doc=StepDoc(
        does=(
            "Reads back every generation of an output that was not read for a week, one in a transaction: those made last night, and a "
            "part of the others each night. Its manifest must be the one that was catalogued, and every file the one in the manifest."
        ),
        reads="`batch.dataset_generation`, the spool, the backups, the archive",
        writes="`batch.dataset_generation` (`verified_at`)",
        counts="*written* generations were read.",
        goes_wrong=(
            "with an alarm: CSS972W, a file is missing or not what was catalogued. `css night republish DATASET --reason WHY` writes it "
            "again from what is stored; a backup cannot be, and `css db backup` makes another."
        ),
        again="safe: it goes on behind the last generation that it read.",
        takes="as long as the disk takes to give the files back.",
    ),
)
BACKUP: Final = SingleStep(
    "backup",
    "Back the database up",
    take_backup,
    may_be_skipped=True,
    skip_words="There is no backup of this night: what is lost before the next one is lost from the night before on.",
    rerun=Rerun(is_allowed=True, words="Another backup is made beside the first, of the database as it is then."),
    doc=StepDoc(
        does=(
            "Writes everything in the database, as it is at one moment, to `backups/DATE/css.css-backup` with a manifest; others go on "
            "working. It holds the bytes of every bill. It does not hold the keys under the installation's directory, nor files that "
            "carriers sent and no night has taken: those are the keeper's to copy."
        ),
        reads="the whole database",
        writes="`backups/DATE/`, `batch.dataset_generation`",
        counts="*written* 1: it is made.",
        goes_wrong="CSS968E: no room for it; CSS026E or CSS039E: PostgreSQL's own programs are missing or give up.",
        codes=("CSS026E", "CSS035E", "CSS039E", "CSS968E", "CSS969E"),
        again="safe: a half-made backup is no file, and it is made anew.",
        takes="about a minute for each two gigabytes of the database.",
    ),
)
REHEARSE: Final = SingleStep(
    "rehearse-restore",
    "Rehearse the restore",
    rehearse_restore,
    may_be_skipped=True,
    skip_words="Nobody knows whether the backup can be restored until it must be.",
    rerun=_AGAIN,
    doc=StepDoc(
        does=(
            "Restores the backup that this run has made into a server of its own, brings it to the program's revision, and checks the "
            "books of every district in it. The server is gone afterwards: a small backup is restored in memory where that has room, any "
            "other below `backups/`, which wants ten times the backup's size of room. On Sundays; on other days it is *not needed*. A net "
            "that is late, or is run by hand in the day, leaves it out as *skipped*, for it takes long: then this week's backup is not "
            "proven. Whoever wants it all the same says so before the net runs: `css night force --net housekeeping --date DATE --step "
            "rehearse-restore --reason WHY`."
        ),
        reads="`backups/DATE/css.css-backup`",
        writes="nothing that stays",
        counts="*written* districts whose restored books balance.",
        goes_wrong=(
            "it is optional, so the net goes on with an alarm. CSS036E: the backup is not whole; CSS977E: it was restored and its books "
            "are not in order; CSS988E: it could not be restored, for the reason given. Until it can, this is no backup: find out "
            "why before the next disaster does."
        ),
        codes=("CSS036E", "CSS976E", "CSS977E", "CSS988E"),
        again="safe: what a killed rehearsal left is cleared away by the next.",
        takes="about as long as the backup, and half as long again.",
    ),
)
ARCHIVE: Final = LoopStep(
    "archive-runs",
    "Archive finished runs",
    archive_runs,
    may_be_skipped=True,
    skip_words="They are archived by the next night.",
    rerun=_GONE,
    doc=StepDoc(
        does=(
            "Writes the blocks of runs that ended well longer ago than the rule `runs` says to `archive/DATE/`, as CSV in gzip with a "
            "manifest, and deletes them in the same transaction, which catalogues the archive too. Steps, attempts, totals and balances "
            "stay for ever. An archive holds what no other does and supersedes none, though there be two of a date."
        ),
        reads="`batch.block`",
        writes="`archive/DATE/`, `batch.retention_run`, `batch.dataset_generation`",
        counts="*written* blocks were archived and deleted.",
        goes_wrong="CSS968E and CSS969E: the archive cannot be written; then nothing is deleted.",
        codes=("CSS968E", "CSS969E"),
        again="safe: the same rows give the same file, and rows that are gone are in one.",
        takes="a second for some 50,000 blocks.",
    ),
)
FILES: Final = LoopStep(
    "throw-files-away",
    "Throw carriers' old files away",
    throw_files_away,
    may_be_skipped=True,
    skip_words="They go with the next night.",
    rerun=_GONE,
    doc=StepDoc(
        does=(
            "Removes carriers' files from `done/` and `refused/` that a night took or refused longer ago than the rule `carriers-files` "
            "says, whenever the carrier wrote them; a file that no night knows goes by the day on which it was put there. A refused file "
            "stays as long as its reject is open. What a hold covers stays."
        ),
        reads=(
            "`incoming/*/done/`, `incoming/*/refused/`, `billing.usage_file`, `batch.reject`, `batch.retention_rule`, "
            "`batch.retention_hold`"
        ),
        writes="the directories, `batch.retention_run`",
        counts="*written* files are gone.",
        goes_wrong="CSS969E: a file cannot be removed.",
        codes=("CSS969E",),
        again="safe: what is gone is gone.",
    ),
)
COPIES: Final = LoopStep(
    "throw-copies-away",
    "Throw old copies and samples away",
    throw_copies_away,
    may_be_skipped=True,
    skip_words="They go with the next night.",
    rerun=_GONE,
    doc=StepDoc(
        does=(
            "Removes copies of bills and printed samples that were made longer ago than the rule `copies` says. They are customers' bills, "
            "and no generations of an output. The report of a run that stopped lies beside samples and stays. What a hold covers stays."
        ),
        reads="`spool/copies/DISTRICT/DATE/`, `spool/DISTRICT/DATE/sample*/`, `batch.retention_rule`, `batch.retention_hold`",
        writes="the directories, `batch.retention_run`",
        counts="*written* files are gone.",
        goes_wrong="CSS969E: a directory cannot be removed.",
        codes=("CSS969E",),
        again="safe: what is gone is gone.",
    ),
)
GENERATIONS: Final = LoopStep(
    "throw-outputs-away",
    "Throw old outputs away",
    throw_generations_away,
    may_be_skipped=True,
    skip_words="They go with the next night.",
    rerun=_GONE,
    doc=StepDoc(
        does=(
            "Removes generations of outputs whose time is over by the rule of their dataset: bills from the spool, old reports, backups "
            "but for the last of each week and month. The entry in the catalogue stays and says when it went. What a hold covers stays."
        ),
        reads="`batch.dataset_generation`, `batch.retention_rule`, `batch.retention_hold`",
        writes="the spool, the backups, the archive, `batch.dataset_generation`, `batch.dataset_file`, `batch.retention_run`",
        counts="*written* generations are gone.",
        goes_wrong="CSS969E: a directory cannot be removed.",
        codes=("CSS969E",),
        again="safe: a directory that is gone already is no fault.",
    ),
)
FORGET: Final = LoopStep(
    "forget-calls",
    "Forget whom calls were to",
    forget_calls,
    may_be_skipped=True,
    skip_words="They are forgotten with the next night; the law's limit of six years is far off.",
    rerun=_GONE,
    doc=StepDoc(
        does=(
            "Of call records taken longer ago than the rule `call-records` says it empties the lines as they came, with what was set "
            "aside of them and settled, and the keys by which the same call would be known again; of calls rated longer ago than "
            "`call-detail` says it hides the last six digits of whom they were to. What was charged, when, for how long and to which "
            "destination stays, and so do the bills as they were sent. A file of which a record waits, a call that has not been billed, "
            "and an account that disputes a bill are passed over until that is settled; what a hold covers stays."
        ),
        reads="`billing.usage_file`, `billing.rated_call`, `billing.bill`, `css.hold`, `batch.retention_rule`, `batch.retention_hold`",
        writes=(
            "`billing.usage_block`, `billing.usage_set_aside`, `billing.usage_call_key`, `billing.rated_call`, `billing.call_to_forget`, "
            "`batch.retention_run`; a few files, or the calls of some accounts, a transaction"
        ),
        counts="*written* records were emptied or calls changed.",
        again="safe: what is forgotten is found no more.",
        takes=(
            "the first time as long as there is to forget; then a day's calls a night, each date being read once: whose calls were passed "
            "over is noted in `billing.call_to_forget` and tried again. Files are looked at two months back, and all of them on the first "
            "of a month."
        ),
    ),
)
