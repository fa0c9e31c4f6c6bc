"""What is said of a run of which a step is held: where the next attempt ends, that none is started for nothing, and how it is released."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from batch.clock.seen import look, waiting_of
from batch.control import force_night, hold_night, night_verb, release_night, skip_night, start_night
from batch.control.commands import ForceNight, HoldNight, NightTold, ReleaseNight, SkipNight, StartNight
from batch.nets import NETS
from batch.words import InstanceState, StepState
from css.core.errors import CssError
from tests import builders
from tests.batch.told_night import AT, CHORES, DAY, EVENING, SUE, instance_of, run_of

VERBS: dict[type, Any] = {
    StartNight: start_night,
    HoldNight: hold_night,
    ReleaseNight: release_night,
    ForceNight: force_night,
    SkipNight: skip_night,
}
DONE = StepState.COMPLETED
RUN = "The chores run of ZZ for 2 March 2026"


@pytest.fixture(autouse=True)
def _nets(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    builders.district(session)
    monkeypatch.setitem(NETS, "chores", CHORES)


def tell(session: Session, kind: type, **fields: object) -> NightTold:
    given = {"net": "chores", "district_code": "ZZ", "business_date": DAY, "reason": "Because."} | fields
    told: NightTold = VERBS[kind](session, kind(**given), by=SUE, at=AT)
    return told


def refusal(session: Session, kind: type, **fields: object) -> str:
    with pytest.raises(CssError) as refused:
        tell(session, kind, **fields)
    return refused.value.text


def release_command(step: str) -> str:
    return f"`css night release ZZ --date 2026-03-02 --net chores --step {step} --reason WHY` releases it"


def test_a_run_with_nothing_to_do_before_a_held_step_is_not_started_and_the_command_that_releases_it_is_named(session: Session) -> None:
    run = run_of(session, CHORES, InstanceState.STOPPED, wash=DONE, dry=DONE)
    tell(session, HoldNight, step="write")
    sentence = (
        f"CSS635E {RUN} is held before write by SUE since 03:00 on 3 March 2026: Because. "
        f"Nothing can be done before that step; {release_command('write')}."
    )
    assert refusal(session, StartNight) == sentence
    assert instance_of(session, run).start_asked_at is None
    shown = night_verb(session, "start", "ZZ", DAY, by=SUE, at=AT, net="chores")
    assert f"{shown.refusal_code} " + (shown.refusal or "").removeprefix("CSS635E ") == sentence


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (InstanceState.STOPPED, "It is held before dry by SUE: Because. Whoever releases that step starts it."),
        (
            InstanceState.FAILED,
            "somebody mends the cause and starts it again. Before that dry is to be released, which SUE holds: Because.",
        ),
    ],
)
def test_a_run_waits_for_the_release_of_a_step_where_nothing_can_be_done_before_it(
    session: Session, state: InstanceState, words: str
) -> None:
    run = run_of(session, CHORES, state, wash=DONE)
    before = waiting_of(look(session, NETS, AT), run).words
    assert "starts it again." in before
    tell(session, HoldNight, step="write")
    assert waiting_of(look(session, NETS, AT), run).words == before, "dry can be done"
    tell(session, HoldNight, step="dry")
    assert waiting_of(look(session, NETS, AT), run).words.endswith(words)


def test_nobody_forces_a_run_that_would_end_at_once_at_a_held_step(session: Session) -> None:
    run_of(session, CHORES, InstanceState.PLANNED)
    tell(session, HoldNight, step="wash")
    with pytest.raises(CssError, match="Nothing can be done before that step"):
        force_night(session, ForceNight(net="chores", district_code="ZZ", business_date=DAY, reason="Now."), by=SUE, at=EVENING)


def test_a_run_with_something_to_do_before_a_held_step_says_where_it_ends(session: Session) -> None:
    run_of(session, CHORES, InstanceState.STOPPED, wash=DONE)
    tell(session, HoldNight, step="write")
    told = tell(session, StartNight)
    assert told.consequences == (
        "It is started now.",
        "Attempt 2 goes on with dry; 1 step is done and passed over. It ends before write, which is held.",
    )
    assert told.is_start_asked


def test_a_step_that_is_released_starts_the_run_unless_another_is_held_before_all_that_is_left(session: Session) -> None:
    run_of(session, CHORES, InstanceState.STOPPED, wash=DONE)
    for step in ("dry", "write", "file"):
        tell(session, HoldNight, step=step)
    told = tell(session, ReleaseNight, step="file")
    assert told.consequences[1:] == (f"The run is not started. Nothing can be done before dry, which is held: {release_command('dry')}.",)
    assert not told.is_start_asked
    told = tell(session, ReleaseNight, step="dry")
    assert told.consequences[1] == (
        "The run is started. Attempt 2 goes on with dry; 1 step is done and passed over. It ends before write, which is held."
    )
    assert told.is_start_asked


def test_what_is_left_out_or_forced_beside_a_held_step_starts_nothing_that_would_end_at_once(session: Session) -> None:
    run_of(session, CHORES, InstanceState.FAILED, wash=DONE, dry=StepState.FAILED)
    tell(session, HoldNight, step="dry")
    tell(session, HoldNight, step="write")
    for kind in (ForceNight, SkipNight):
        told = tell(session, kind, step="dry")
        assert told.consequences[-1].startswith("The run is not started. Nothing can be done before dry, which is held: ")
        assert not told.is_start_asked


def test_the_hold_of_a_step_is_named_where_the_run_is_to_be_released_and_is_not_held(session: Session) -> None:
    run_of(session, CHORES, InstanceState.STOPPED, wash=DONE)
    assert refusal(session, ReleaseNight) == f"CSS636E {RUN} is not held."
    tell(session, HoldNight, step="write")
    assert refusal(session, ReleaseNight) == f"CSS636E {RUN} is not held, but write of it is: {release_command('write')}."


def test_a_run_that_is_released_and_would_end_at_once_at_a_held_step_is_not_started(session: Session) -> None:
    run_of(session, CHORES, InstanceState.PLANNED)
    tell(session, HoldNight)
    tell(session, HoldNight, step="wash")
    told = tell(session, ReleaseNight)
    assert told.consequences[-1] == f"Nothing can be done before wash, which is held: {release_command('wash')}."
    assert not told.is_start_asked
