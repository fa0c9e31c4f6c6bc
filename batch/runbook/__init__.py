"""The runbook: hand-written chapters, and what the nets say of themselves.

A chapter is a file of ``chapters/``, in the order of their names; whoever has a subject has a file. Two of them hold the marks
``[[nets]]`` and ``[[steps]]``, in whose place stands what is generated from the nets as they run. What a step does stands once, in
its ``StepDoc``. A test fails when ``docs/batch-runbook.md`` says something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from batch.net import Net
from batch.report.history import Lasted
from batch.runbook.nets import net_section
from batch.runbook.steps import step_section

__all__ = ["runbook", "step_section"]


def runbook(nets: Mapping[str, Net], lasted: Mapping[tuple[str, str], Lasted] | None = None) -> str:
    """The whole page as Markdown.

    ``lasted`` is how long steps took in a district, by net and step: then each step says so.
    """
    chapters = files("batch.runbook") / "chapters"
    names = sorted(chapter.name for chapter in chapters.iterdir() if chapter.name.endswith(".md"))
    page = "\n".join((chapters / name).read_text(encoding="utf-8").rstrip() + "\n" for name in names)
    for mark, sections in (("[[nets]]", _of_nets(nets)), ("[[steps]]", _of_steps(nets, lasted or {}))):
        page = page.replace(mark, "\n\n".join(sections))
    return page


def _of_nets(nets: Mapping[str, Net]) -> list[str]:
    return [net_section(net) for net in nets.values()]


def _of_steps(nets: Mapping[str, Net], lasted: Mapping[tuple[str, str], Lasted]) -> list[str]:
    """A step that stands in several nets is told once, where it comes first."""
    told: set[str] = set()
    sections = []
    for net in nets.values():
        for node in net.nodes:
            if node.step.name not in told:
                told.add(node.step.name)
                of = tuple(name for name, other in nets.items() if node.step.name in {step.name for step in other.steps})
                sections.append(step_section(node, of, lasted.get((net.name, node.step.name))))
    return sections
