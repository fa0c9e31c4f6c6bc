"""What a step says of itself, from its record and its place in the net."""

from __future__ import annotations

from collections.abc import Iterator

from batch.net import BlockStep, LoopStep, Node, SingleStep, Step, StepDoc
from batch.report.history import Lasted
from batch.rules.wording import lasting, listed
from batch.runbook.wording import paragraph


def step_section(node: Node, nets: tuple[str, ...], lasted: Lasted | None = None) -> str:
    """A step's section of the page. ``nets`` are those it stands in."""
    step = node.step
    doc = step.doc or StepDoc(does=f"{step.words}.", reads="", writes="")
    lines = [f"* {line}" for line in _lines(node, doc, nets, lasted)]
    return "\n".join([f"### {step.name}", "", paragraph(doc.does), "", *(paragraph(line) for line in lines)])


def _lines(node: Node, doc: StepDoc, nets: tuple[str, ...], lasted: Lasted | None) -> Iterator[str]:
    step = node.step
    if nets != ("night",):
        yield f"**Net** {listed(nets)}."
    yield from _place(node)
    if doc.reads or doc.writes:
        yield " ".join(f"**{word}** {what.rstrip('.')}." for word, what in (("Reads", doc.reads), ("Writes", doc.writes)) if what)
    if doc.counts:
        yield f"**Counts** {doc.counts}"
    yield from _bounds(step)
    if doc.goes_wrong:
        yield f"**May go wrong** {doc.goes_wrong}"
    if doc.codes:
        yield f"**Stops with** {listed(doc.codes, ' or ')}."
    yield f"**Taken up again** {doc.again or _again(step)}"
    yield f"**Run again** {'yes. ' if step.rerun.is_allowed else 'no. '}{step.rerun.words}"
    if step.may_be_skipped:
        yield f"**Skipped** {step.skip_words}"
    yield from _times(doc, lasted)


def _place(node: Node) -> Iterator[str]:
    if node.is_optional:
        cut_off = f" Not begun by {node.cut_off:%H:%M} it is left out because it is late, and stands as skipped." if node.cut_off else ""
        yield f"**Optional** when it fails the net goes on without it, with an alarm and return code 4.{cut_off}"
    if node.needs:
        yield f"**Needs** {listed([f'{units} of {name}' for name, units in node.needs.items()])} while it runs."


def _bounds(step: Step) -> Iterator[str]:
    if step.joints:
        yield f"**Balances** {listed([joint.name for joint in step.joints])}; a difference stops it with return code 12."
    if step.reject_limit is not None:
        yield f"**Sets aside** at most {_limit(step.reject_limit.items, step.reject_limit.thousandths)}; more stop it with return code 8."


def _limit(items: int, thousandths: int) -> str:
    if not thousandths:
        return f"{items:,}" if items else "nothing"
    share = f"{thousandths // 10}.{thousandths % 10} %".replace(".0 %", " %")
    return f"{items:,} or {share} of what it read, whichever is more"


def _again(step: Step) -> str:
    match step:
        case SingleStep():
            return "safe: it is done whole, in one transaction."
        case BlockStep():
            return "safe: a block is committed with all it wrote, or not at all."
        case LoopStep():
            return "safe: it goes on from its checkpoint, which is committed with what it stands for."


def _times(doc: StepDoc, lasted: Lasted | None) -> Iterator[str]:
    if doc.takes:
        yield f"**Takes** {doc.takes}"
    if lasted is not None:
        yield f"**Takes here** {_here(lasted)}"


def _here(lasted: Lasted) -> str:
    runs = f"of its last {lasted.runs} runs" if lasted.runs > 1 else "the one time that it ran"
    spread = f", from {lasting(lasted.least_seconds)} to {lasting(lasted.most_seconds)}" if lasted.runs > 1 else ""
    return f"usually {lasting(lasted.usual_seconds)}{spread}, {runs}."
