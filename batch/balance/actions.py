"""Fix and replay: what a person does about an item that was set aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from batch.balance.commands import DropReject, RejectSettled, ReplayReject
from batch.balance.put_away import meant, name_it_had, not_moved, put_away_as
from batch.balance.rejects import mended_words, reject_row
from batch.keepers import require_keeper, require_reason
from batch.model import JobInstance, OperatorAction, Reject
from batch.rules.reject_sources import RejectKind, RejectSource, source_of
from batch.words import RejectState
from billing.actions import render
from billing.actions.dry_run import dry_run_bill
from billing.carrier_file import content_sha256, shown_name
from billing.queries.mending import bills_as_they_stand
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Conflict, Refused
from css.db.engine import before_commit
from css.master.operator_changes import require_supervisor
from css.settings import settings


@dataclass(frozen=True, slots=True)
class _Try:
    """An item about to be tried again."""

    session: Session
    reject_id: int
    source: RejectSource
    district_code: str
    home: Path
    by: Actor
    at: datetime

    @property
    def subject(self) -> str:
        return self.source.subject

    @property
    def incoming(self) -> Path:
        return self.home / "incoming" / self.district_code


@audit.answered
def replay_reject(session: Session, command: ReplayReject, *, by: Actor, at: datetime, home: Path | None = None) -> RejectSettled:
    """Try an item again that was set aside, now that its cause is mended.

    A refused file lies before the next night again, a bill's files are made, an account's bill is tried. What the night has found
    mended is settled as that. ``home`` is the installation's directory where none is given.

    Raises:
        NotFound: CSS648E. Conflict: CSS647E, it is settled; CSS997E, another file of its name waits. BadMessage: CSS630E, no reason.
        Refused: CSS111E, the actor may not; CSS644E, the refused file is not there; CSS645E, its cause stands; CSS646E, it is
            none that is replayed by hand; errors of ``dry_run_bill``. Unavailable: CSS614E, the file cannot be read or moved.
    """
    require_keeper(by)
    reason = require_reason(command.reason)
    item, instance = _held(session, command.reject_id)
    source = source_of(item.source_key)
    mended = mended_words(session, instance.district_code or "", [(item, instance.business_date)]).get(item.id)
    if mended is None:
        trying = _TRYING.get(source.kind)
        if trying is None:
            raise Refused("CSS646E", "{what} is not replayed by hand: mend its cause, and the next night settles it.", what=item.source_key)
        mended = trying(_Try(session, item.id, source, instance.district_code or "", home or settings().home, by, at))
    settled = RejectSettled(reject_id=item.id, source_key=item.source_key, state=RejectState.REPLAYED, words=mended)
    return _settled(session, (item, instance), command, settled, kept=f"{mended} {reason}", by=by, at=at)


@audit.answered
def drop_reject(session: Session, command: DropReject, *, by: Actor, at: datetime, home: Path | None = None) -> RejectSettled:
    """Give an item up that was set aside; found again by a later night it stays given up. ``home`` as for ``replay_reject``.

    Raises:
        NotFound: CSS648E. Conflict: CSS647E, it is settled; CSS698E, a file of its name waits for the night. BadMessage: CSS630E, no
            reason. Refused: CSS111E, no supervisor. Unavailable: CSS614E, what waits cannot be looked at.
    """
    require_supervisor(by)
    reason = require_reason(command.reason)
    item, instance = _held(session, command.reject_id)
    source = source_of(item.source_key)
    if source.kind is RejectKind.FILE:
        _refuse_waiting(_Try(session, item.id, source, instance.district_code or "", home or settings().home, by, at))
    words = "Given up; nothing more becomes of it."
    settled = RejectSettled(reject_id=item.id, source_key=item.source_key, state=RejectState.DROPPED, words=words)
    return _settled(session, (item, instance), command, settled, kept=reason, by=by, at=at)


def _held(session: Session, reject_id: int) -> tuple[Reject, JobInstance]:
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


_UNCHANGED: Final = (
    "CSS709W It is byte for byte what was refused: unless the cause lay elsewhere, the night refuses it again. Mend it in incoming before "
    "then, or ask the carrier for the whole file and put that in with `css usage load`."
)


def _replay_file(trying: _Try) -> str:
    """Bring the refused file before the next night again: at the end of the transaction, for no rehearsal takes a move back.

    A transaction that fails after that does not either: the file waits then though the item is open, and the next try finds it so.
    After the commit it would be too late: whoever was killed between would have settled what never comes before a night.
    """
    incoming = trying.incoming
    try:
        refused = meant(put_away_as(incoming / "refused", trying.subject), trying.source.digest, _digests_of_others(trying))
        waiting = _waiting(trying)
        if waiting is not None:
            return _waits_already(trying, waiting, refused)
        if refused is None:
            raise Refused(
                "CSS644E",
                "{file} does not lie in {folder}; ask the carrier for it, and the night that takes it in settles this.",
                file=trying.subject,
                folder=f"incoming/{trying.district_code}/refused",
            )
        is_as_refused = content_sha256(refused) == trying.source.digest
    except OSError as error:
        raise not_moved(error, incoming) from error
    before_commit(trying.session, f"replay of {trying.reject_id}", partial(_bring, trying, refused))
    return f"The file lies before the next night again.{f' {_UNCHANGED}' if is_as_refused else ''}"


def _waiting(trying: _Try) -> Path | None:
    """The file of the name that lies before the next night."""
    return next((path for path in trying.incoming.glob("*") if shown_name(path) == trying.subject), None)


def _bring(trying: _Try, refused: Path, _session: Session) -> None:
    """Move it, unless another of its name has come meanwhile: nothing that lies before the night is written over."""
    try:
        if _waiting(trying) is not None:
            raise _another_waits(trying, refused)
        refused.rename(trying.incoming / name_it_had(refused, trying.subject))
    except OSError as error:
        raise not_moved(error, trying.incoming) from error


def _waits_already(trying: _Try, waiting: Path, refused: Path | None) -> str:
    """A file of the name waits: it is ours, unless it is another one and ours lies where the night put it."""
    is_as_refused = content_sha256(waiting) == trying.source.digest
    if refused is None or is_as_refused:
        return f"A file of its name waits for the next night already.{f' {_UNCHANGED}' if is_as_refused else ''}"
    raise _another_waits(trying, refused)


def _another_waits(trying: _Try, refused: Path) -> Conflict:
    return Conflict(
        "CSS997E",
        "A file called {file} waits for the next night already, and {refused} was not brought beside it. If that is the carrier's new "
        "one, the night settles this; if it is another, move this one back by hand when the night has taken that.",
        file=trying.subject,
        refused=f"incoming/{trying.district_code}/refused/{shown_name(refused)}",
    )


def _refuse_waiting(trying: _Try) -> None:
    """Error: Conflict CSS698E, a file of the name lies before the night: given up or not, the night takes that in."""
    try:
        waiting = _waiting(trying)
    except OSError as error:
        raise not_moved(error, trying.incoming) from error
    if waiting is not None:
        raise Conflict(
            "CSS698E",
            "{file} is not given up, for a file of its name waits in {folder} and the next night takes that in all the same: move it out "
            "of there first, or leave this to the night.",
            file=trying.subject,
            folder=f"incoming/{trying.district_code}",
        )


def _digests_of_others(trying: _Try) -> set[str]:
    """The contents of the other files that were refused under the name in the district: what lies there with one of them is not ours."""
    key = Reject.source_key
    ours = key.startswith(f"usage-file/{trying.district_code}/", autoescape=True) & key.endswith(f"/{trying.subject}", autoescape=True)
    others = (source_of(found) for found in trying.session.execute(select(key).where(ours)).scalars())
    return {one.digest for one in others if one.subject == trying.subject} - {trying.source.digest}


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
