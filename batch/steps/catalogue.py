"""The bills of the night are catalogued: what dispatch wrote is read back, and its manifest stands beside it."""

from __future__ import annotations

from typing import Final

from batch.net import LoopStep, Rerun, StepDoc
from batch.outputs.bills import catalogue_bills

CATALOGUE: Final = LoopStep(
    "catalogue",
    "Read back and catalogue the bills",
    catalogue_bills,
    rerun=Rerun(is_allowed=True, words="The files are read back once more and stand in a new generation; nothing is sent again."),
    doc=StepDoc(
        does=(
            "Reads back every file that dispatch wrote, compares it with what is stored of the bill, and puts the manifest beside the "
            "bills: `SHA256SUMS`, which `sha256sum -c SHA256SUMS` checks in that directory on any machine, and `manifest.json` for "
            "programs. Then the bills of the night are a generation of the dataset `bills/ZZ`. Bills of an earlier night that went out "
            "with this one make a new generation of theirs. Halves of files that a killed attempt left are removed."
        ),
        reads="`billing.bill_file`, the spool",
        writes="`batch.dataset_generation`, `batch.dataset_file`, `SHA256SUMS` and `manifest.json` in the directory of the bills",
        counts="*written* files were found as they were rendered, or are so now.",
        goes_wrong=(
            "with an alarm: CSS970W, a file was not on the disk as it was rendered and was written again; CSS971W, a file stands among the "
            "bills that is none of ours; CSS972W, a file of an earlier night is missing or spoilt and was left so, since it may have "
            "been taken away to be sent."
        ),
        codes=("CSS968E", "CSS969E"),
        again="safe: reading back changes nothing, and a night that is in the catalogue is passed over.",
        takes="about as long as the disk takes to give the files back.",
    ),
)
