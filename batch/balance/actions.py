"""Fix and replay: what a person does about an item that was set aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from batch.balance.commands import DropReject, RejectSettled, ReplayReject
from batch.balance.rejects import mended_words, reject_row
from batch.model import JobInstance, OperatorAction, Reject
from batch.rules.reject_sources import RejectKind, source_of
from batch.words import RejectState
from billing.actions import render
from billing.actions.dry_run import dry_run_bill
from billing.queries.mending import bills_as_they_stand
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import BadMessage, Conflict, Refused
from css.core.words import Role
from css.settings import settings

KEEPERS: Final = frozenset({Role.SCHEDULER.value, Role.SUPERVISOR.value})
REASON_LENGTH_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class _Try:
    """An item about to be tried again."""

    session: Session
    subject: str
    district_code: str
    home: Path
    by: Actor
    at: datetime


@audit.answered
def replay_reject(session: Session, command: ReplayReject, *, by: Actor, at: datetime, home: Path | None = None) -> RejectSettled:
    """Try an item again that was set aside, now that its cause is mended.

    A refused file lies before the next night again, a bill's files are made, an account's bill is tried. What the night has found
    mended is settled as that. ``home`` is the installation's directory where none is given.

    Raises:
        NotFound: CSS648E. Conflict: CSS647E, it is settled. BadMessage: CSS649E, no reason.
        Refused: CSS111E, the actor may not; CSS644E, the refused file is not there; CSS645E, its cause stands; CSS646E, it is
            none that is replayed by hand; errors of ``dry_run_bill``.
    """
    item, instance = _held(session, command.reject_id, command.reason, KEEPERS, by)
    source = source_of(item.source_key)
    mended = mended_words(session, instance.district_code or "", [(item, instance.business_date)]).get(item.id)
    if mended is None:
        trying = _TRYING.get(source.kind)
        if trying is None:
            raise Refused("CSS646E", "{what} is not replayed by hand: mend its cause, and the next night settles it.", what=item.source_key)
        mended = trying(_Try(session, source.subject, instance.district_code or "", home or settings().home, by, at))
    settled = RejectSettled(reject_id=item.id, source_key=item.source_key, state=RejectState.REPLAYED, words=mended)
    return _settled(session, (item, instance), command, settled, kept=f"{mended} {command.reason.strip()}", by=by, at=at)


@audit.answered
def drop_reject(session: Session, command: DropReject, *, by: Actor, at: datetime) -> RejectSettled:
    """Give an item up that was set aside; found again by a later night it stays given up.

    Raises:
        NotFound: CSS648E. Conflict: CSS647E, it is settled. BadMessage: CSS649E, no reason. Refused: CSS111E, no supervisor.
    """
    item, instance = _held(session, command.reject_id, command.reason, frozenset({Role.SUPERVISOR.value}), by)
    words = "Given up; nothing more becomes of it."
    settled = RejectSettled(reject_id=item.id, source_key=item.source_key, state=RejectState.DROPPED, words=words)
    return _settled(session, (item, instance), command, settled, kept=command.reason.strip(), by=by, at=at)


def _held(session: Session, reject_id: int, reason: str, roles: frozenset[str], by: Actor) -> tuple[Reject, JobInstance]:
    if not (by.kind == "operator" and roles & by.roles):
        need = "the role " + " or ".join(sorted(roles))
        raise Refused("CSS111E", "{who} may not do this; it needs {need}.", who=by.name, need=need)
    if not reason.strip() or len(reason) > REASON_LENGTH_MAX:
        sentence = "Say what was mended, or why it is given up, in at most {most} letters."
        raise BadMessage("CSS649E", sentence, most=REASON_LENGTH_MAX, element="reason")
    item, instance = reject_row(session, reject_id, for_update=True)
    if item.state is not RejectState.OPEN:
        raise Conflict(
            "CSS647E",
            "{what} was {state} by {who} on {when:%d %b %Y}: {words}",
            what=item.source_key,
            state=item.state.value,
            who=item.settled_by,
            when=item.settled_at,
            words=item.settled_words,
        )
    return item, instance


def _settled(
    session: Session,
    held: tuple[Reject, JobInstance],
    command: ReplayReject | DropReject,
    settled: RejectSettled,
    *,
    kept: str,
    by: Actor,
    at: datetime,
) -> RejectSettled:
    item, instance = held
    verb = "drop" if settled.state is RejectState.DROPPED else "replay"
    item.state, item.settled_at, item.settled_by, item.settled_words = settled.state, at, by.name, kept
    session.add(
        OperatorAction(
            job_instance_id=instance.id,
            step=item.step,
            verb=f"{verb} reject {item.id}",
            done_by=by.name,
            reason=command.reason.strip(),
            consequence=settled.words,
            done_at=at,
        )
    )
    session.flush()
    audit.record(
        session,
        by=by,
        at=at,
        verb=f"{verb}_reject",
        subject=("reject", item.source_key),
        before={"state": RejectState.OPEN.value, "reason_code": item.reason_code},
        after={**to_plain(command), "state": settled.state.value, "words": settled.words},
    )
    return settled


def _replay_file(trying: _Try) -> str:
    """Bring the refused file before the next night again. Undone by nobody if the transaction fails: it is only looked at once more."""
    incoming = trying.home / "incoming" / trying.district_code
    refused = incoming / "refused" / trying.subject
    if Path(trying.subject).name != trying.subject or not refused.is_file():
        raise Refused(
            "CSS644E",
            "{file} does not lie in {folder}; ask the carrier for it, and the night that takes it in settles this.",
            file=trying.subject,
            folder=f"incoming/{trying.district_code}/refused",
        )
    if (incoming / trying.subject).exists():
        return "A file of its name waits for the next night already."
    refused.rename(incoming / trying.subject)
    return "The file lies before the next night again."


def _replay_account(trying: _Try) -> str:
    """Try the bill and take it back: the next night makes it."""
    found = dry_run_bill(trying.session, trying.subject, by=trying.by)
    if found.parked is not None:
        raise _cause_stands(found.parked)
    return "It can be billed now; the next night bills it."


def _replay_document(trying: _Try) -> str:
    """Make the files of a posted bill now; it goes out with the next night."""
    bill = bills_as_they_stand(trying.session, [trying.subject]).get(trying.subject)
    if bill is None:
        raise _cause_stands(f"There is no bill {trying.subject}.")
    done = render.render_block(trying.session, [bill.bill_id], by=trying.by, at=trying.at)
    if done.set_aside:
        raise _cause_stands(f"{done.set_aside[0].code} {done.set_aside[0].words}")
    return "Its files were made; the next night sends it."


def _replay_stored(trying: _Try) -> str:
    """Look whether the stored files are what was rendered once more."""
    bill = bills_as_they_stand(trying.session, [trying.subject]).get(trying.subject)
    if bill is None or not bill.is_sound:
        raise _cause_stands("A stored file of the bill is not what was rendered.")
    return "Its files are what was rendered; the next night sends it."


def _cause_stands(words: str) -> Refused:
    return Refused("CSS645E", "It would be set aside again: {words}", words=words)


_TRYING: Final[Mapping[RejectKind, Callable[[_Try], str]]] = {
    RejectKind.FILE: _replay_file,
    RejectKind.ACCOUNT: _replay_account,
    RejectKind.DOCUMENT: _replay_document,
    RejectKind.STORED: _replay_stored,
}
