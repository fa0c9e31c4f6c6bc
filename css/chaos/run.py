"""``css chaos night``: the small district's night with one harm after another, and what each of them led to."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from css.chaos import faults_machine, faults_process
from css.chaos.every import kill_everywhere
from css.chaos.faults import Fault, play
from css.chaos.stage import Finding, Stage, Unfit, stage
from css.core.errors import BadMessage, Unavailable

FAULTS: Final = (*faults_process.FAULTS, *faults_machine.FAULTS)


def named(names: Sequence[str]) -> tuple[Fault, ...]:
    """The faults of those names, all when none is given.

    Raises:
        BadMessage: CSS894E, there is no such fault.
    """
    known = {fault.name: fault for fault in FAULTS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise BadMessage("CSS894E", "There is no fault {name}; there are {known}.", name=unknown[0], known=", ".join(known))
    return tuple(known[name] for name in names) or FAULTS


def run(*, seed: int, accounts: int, every: bool, faults: Sequence[str], as_json: bool, say: Callable[[str], None]) -> int:
    """Do every harm asked for, say a line for each, and give the exit status: 0, or 1 when something differed.

    Raises:
        BadMessage: CSS894E. Unavailable: CSS895E, the undisturbed night is itself not sound.
    """
    chosen = named(faults)
    began = time.monotonic()
    findings: list[Finding] = []
    try:
        with stage(accounts=accounts, seed=seed) as made:
            if not as_json:
                say(f"Seed {seed}: {accounts} accounts, {len(made.points)} durable points in an undisturbed night.")
            for finding in _harms(made, chosen, seed, every=every):
                findings.append(finding)
                if not as_json:
                    _say(finding, say)
            points = len(made.points)
    except Unfit as unfit:
        raise Unavailable(
            "CSS895E", "The undisturbed night is not as it should be, so nothing can be compared with it: {why}.", why=str(unfit)
        ) from unfit
    wrong = sum(bool(finding.wrong) for finding in findings)
    seconds = time.monotonic() - began
    if as_json:
        harms = [{"fault": one.fault, "where": one.where, "wrong": one.wrong, "seconds": round(one.seconds, 2)} for one in findings]
        say(
            json.dumps(
                {"seed": seed, "accounts": accounts, "points": points, "differing": wrong, "seconds": round(seconds), "harms": harms}
            )
        )
    else:
        again = again_words(seed, accounts, faults, every=every)
        say(f"{len(findings)} harms, {wrong or 'none'} with a difference, {seconds:.0f} s. Again: {again}")
    return 1 if wrong else 0


def again_words(seed: int, accounts: int, faults: Sequence[str], *, every: bool) -> str:
    """The command that does the same harms once more."""
    only = f" --faults {','.join(faults)}" if faults else ""
    return f"css chaos night --seed {seed} --accounts {accounts}{only}{' --every' if every else ''}"


def _harms(made: Stage, chosen: Sequence[Fault], seed: int, *, every: bool) -> Iterator[Finding]:
    for fault in chosen:
        if every and fault.name == "kill":
            yield from kill_everywhere(made, every=True, at_once=os.cpu_count() or 1)
        else:
            yield from play(made, fault, seed)


def _say(finding: Finding, say: Callable[[str], None]) -> None:
    say(f"{finding.fault:<14} {'DIFFERS' if finding.wrong else 'the same':<9} {finding.seconds:5.1f} s  {finding.where}")
    for wrong in finding.wrong:
        say(f"    {wrong}")
