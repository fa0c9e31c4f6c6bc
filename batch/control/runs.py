"""A run as whoever tells it something must see it: its row, its last attempt, its steps, and what was told before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from batch.clock.launching import telling_key
from batch.clock.planning import places
from batch.clock.schedules import plan_ahead
from batch.model import JobExecution, JobInstance, StepControl, StepExecution
from batch.net import Net
from batch.nets import NETS
from batch.repository import is_held, of_district
from batch.rules import readiness
from batch.words import InstanceState
from css.core.errors import BadMessage, NotFound
from css.master.districts import District, no_district

LOOKED_BACK: Final = timedelta(days=100)
LOOKED_AHEAD: Final = timedelta(days=200)
"""Of a net that runs once a quarter: the last date and the next two."""
KEY_FORM: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9-]{0,19}$")


class RunKey(Protocol):
    """What names a run."""

    @property
    def net(self) -> str: ...
    @property
    def district_code(self) -> str: ...
    @property
    def business_date(self) -> date: ...
    @property
    def parameter_key(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stands."""

    net: Net
    district_code: str
    business_date: date
    parameter_key: str
    row: JobInstance | None
    """None when it was never planned."""
    is_alive: bool
    """Whether a process holds it now."""
    attempt: JobExecution | None
    """The last one."""
    steps: Mapping[str, StepExecution]
    """The current one of each step whose turn has come."""
    controls: Mapping[str, StepControl]

    @property
    def words(self) -> str:
        return run_words(self.net.name, self.district_code, self.business_date, self.parameter_key)

    @property
    def state(self) -> InstanceState:
        return self.row.state if self.row is not None else InstanceState.PLANNED

    @property
    def planned(self) -> JobInstance:
        """Its row; asking for one before it is planned is our own mistake."""
        assert self.row is not None, f"{self.words} is not planned"
        return self.row


def run_words(net: str, district_code: str, business_date: date, parameter_key: str = "") -> str:
    """A run as a sentence names it: the night of ZZ for 1 March 2026."""
    words = readiness.run_words(net, district_code, business_date)
    extra = f", run {parameter_key}" if parameter_key else ""
    return f"{words[:1].lower()}{words[1:]}{extra}"


def net_of(name: str) -> Net:
    """The net of that name. Error: NotFound CSS600E."""
    found = NETS.get(name)
    if found is None:
        known = ", ".join(NETS)
        raise NotFound("CSS600E", "There is no net {net!r}; there are: {known}.", net=name[:40], known=known, element="net")
    return found


def require_step(net: Net, step: str) -> None:
    """The net has that step. Error: NotFound CSS600E."""
    names = [one.name for one in net.steps]
    if step not in names:
        sentence = "The {net} net has no step {step!r}; it has: {known}."
        raise NotFound("CSS600E", sentence, net=net.name, step=step[:40], known=", ".join(names), element="step")


def find_run(session: Session, key: RunKey) -> Run:
    """A run, planned or not.

    Raises:
        NotFound: CSS600E no such net, CSS101E no such district.
        BadMessage: CSS631E a district for a net of the whole house or none for another, or a key that is none.
    """
    net = net_of(key.net)
    _require_place(session, net, key)
    if key.parameter_key and not KEY_FORM.match(key.parameter_key):
        sentence = "The key of an extra run is at most 20 letters, digits and hyphens, not {key!r}."
        raise BadMessage("CSS631E", sentence, key=key.parameter_key[:40], element="parameter_key")
    row = session.execute(
        select(JobInstance)
        .where(
            JobInstance.net == net.name,
            of_district(key.district_code),
            JobInstance.business_date == key.business_date,
            JobInstance.parameter_key == key.parameter_key,
        )
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    return _seen(session, net, key, row)


def last_planned(session: Session, net: str, district_code: str, parameter_key: str = "") -> date:
    """The business date of the last run of a net that is planned and not skipped. Error: NotFound CSS633E, there is none."""
    found: date | None = session.execute(
        select(func.max(JobInstance.business_date)).where(
            JobInstance.net == net,
            of_district(district_code),
            JobInstance.parameter_key == parameter_key,
            JobInstance.state != InstanceState.SKIPPED,
        )
    ).scalar_one()
    if found is None:
        sentence = "No run of the {net} net is planned{where}: name its date with --date.{dates} `css night plan` plans one ahead."
        raise NotFound(
            "CSS633E",
            sentence,
            net=net[:40],
            where=f" in {district_code[:20]}" if district_code else "",
            dates=_dates_words(session, net, district_code),
        )
    return found


def _dates_words(session: Session, net: str, district_code: str) -> str:
    """For which dates a net runs by its plan, round the business date, in a sentence; empty for one that runs when somebody wants it."""
    place = next((place for place in places(session) if place.code == district_code), None)
    if place is None:
        return ""
    around = plan_ahead(session, district_code, place.current_on - LOOKED_BACK, place.current_on + LOOKED_AHEAD)
    dates = [run.business_date for run in around if (run.net, run.district_code) == (net, district_code)]
    chosen = [*[on for on in dates if on < place.current_on][-1:], *[on for on in dates if on >= place.current_on][:2]]
    return f" It runs for {', '.join(on.isoformat() for on in chosen)}." if chosen else ""


def hold_run(session: Session, key: RunKey) -> Run:
    """The same, with nobody else telling it anything until the transaction ends; as it then stands. Errors as for ``find_run``."""
    session.execute(select(func.pg_advisory_xact_lock(telling_key(key.net, key.district_code, key.business_date, key.parameter_key))))
    return find_run(session, key)


def lock_row(session: Session, run: Run) -> None:
    """Lock the row that attempts begin and end with: until the transaction ends none does either."""
    session.execute(
        select(JobInstance)
        .where(JobInstance.id == run.planned.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


def lock_run(session: Session, run: Run) -> Run:
    """Lock its row, and see again what may have happened since it was looked at: whether it runs, and its last attempt."""
    lock_row(session, run)
    return replace(run, is_alive=is_alive(session, run.planned.id), attempt=_last_attempt(session, run.planned.id))


def is_alive(session: Session, instance_id: int) -> bool:
    """Whether a process holds a run at this moment."""
    return bool(session.execute(select(is_held(JobInstance.id)).where(JobInstance.id == instance_id)).scalar_one())


def _require_place(session: Session, net: Net, key: RunKey) -> None:
    if net.is_of_house:
        if key.district_code:
            raise BadMessage("CSS631E", "The {net} net is of the whole house; name no district.", net=net.name, element="district_code")
        return
    if not key.district_code:
        raise BadMessage("CSS631E", "The {net} net runs in a district; say in which.", net=net.name, element="district_code")
    if session.get(District, key.district_code) is None:
        raise no_district(key.district_code)


def _seen(session: Session, net: Net, key: RunKey, row: JobInstance | None) -> Run:
    if row is None:
        return Run(net, key.district_code, key.business_date, key.parameter_key, None, is_alive=False, attempt=None, steps={}, controls={})
    fresh = {"populate_existing": True}
    steps = session.execute(
        select(StepExecution)
        .where(StepExecution.job_instance_id == row.id, StepExecution.superseded_at.is_(None))
        .execution_options(**fresh)
    ).scalars()
    controls = session.execute(select(StepControl).where(StepControl.job_instance_id == row.id).execution_options(**fresh)).scalars()
    return Run(
        net,
        key.district_code,
        key.business_date,
        key.parameter_key,
        row,
        is_alive=is_alive(session, row.id),
        attempt=_last_attempt(session, row.id),
        steps={one.step: one for one in steps},
        controls={one.step: one for one in controls},
    )


def _last_attempt(session: Session, instance_id: int) -> JobExecution | None:
    return session.execute(
        select(JobExecution)
        .where(JobExecution.job_instance_id == instance_id)
        .order_by(JobExecution.attempt.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
