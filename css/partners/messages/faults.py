"""Messages about faults, onto the verbs and queries of repairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session

from css.core.errors import BadMessage, CssError, NotFound, Refusals
from css.partners.messages.kinds import Asked, Command, Document, Question, refusal_key
from repairs.actions import (
    accept_clear,
    amend_fault,
    appoint_fault,
    chase_fault,
    expedite_fault,
    reject_clear,
    report_fault,
    test_line,
    withdraw_fault,
)
from repairs.actions.conversing import converse, require_clear
from repairs.commands.faults import RejectClear
from repairs.commands.testing import TestLine
from repairs.messages import (
    FAULT_SNAPSHOT,
    FAULT_UPDATE,
    OPEN_FAULT_LIST,
    Answer,
    Submitted,
    fault_named,
    fault_refused,
    fault_snapshot_message,
    message_id,
    open_fault_list,
    question_refused,
    read_amend_fault,
    read_cancel_fault,
    read_confirm_clear,
    read_list_my_open_faults,
    read_query_fault,
    read_submit_fault,
    refusal_kind,
)
from repairs.queries.copies import FaultCopy, fault_snapshot, unfinished_faults
from repairs.words import TestKind


def _submit(session: Session, asked: Asked) -> str:
    said, by = read_submit_fault(asked.root), asked.partner.actor
    wrong = Refusals()
    command = said.command
    if said.tests_line:
        tested = wrong.reading(lambda: _test(session, asked, said))
        command = replace(command, line_test_id=tested)
    # A test that could not be begun says what is wrong with the line; the report would say it again.
    reported = None if wrong.found else wrong.reading(lambda: report_fault(session, command, by=by, at=asked.at))
    number = None if reported is None else reported.fault_number
    wrong.reading(
        lambda: converse(
            session,
            provider_id=asked.partner.provider_id,
            fault_number=number,
            conversation_id=said.conversation_id,
            customer_reference=said.customer_reference,
        )
    )
    wrong.tell()
    return f"Fault {number} taken."


def _test(session: Session, asked: Asked, said: Submitted) -> int:
    command = TestLine(token=f"{said.command.token}/test", number=said.command.number, kind=TestKind.QUICK)
    return test_line(session, command, by=asked.partner.actor, at=asked.at).line_test_id


def _amend(session: Session, asked: Asked) -> str:
    """All that is asked of one fault, or nothing of it; every reason at once."""
    said, by, at = read_amend_fault(asked.root), asked.partner.actor, asked.at
    wrong = Refusals()
    if said.amend is not None:
        amend = said.amend
        wrong.reading(lambda: amend_fault(session, amend, by=by, at=at))
    if said.expedite is not None:
        expedite = said.expedite
        wrong.reading(lambda: expedite_fault(session, expedite, by=by, at=at))
    if said.appoint is not None:
        appoint = said.appoint
        wrong.reading(lambda: appoint_fault(session, appoint, by=by, at=at))
    if said.chase is not None:
        chase = said.chase
        wrong.reading(lambda: chase_fault(session, chase, by=by, at=at))
    wrong.tell()
    return f"Fault {fault_named(asked.root)} amended."


def _cancel(session: Session, asked: Asked) -> str:
    withdrawn = withdraw_fault(session, read_cancel_fault(asked.root), by=asked.partner.actor, at=asked.at)
    return f"Fault {withdrawn.fault_number} taken back."


def _confirm(session: Session, asked: Asked) -> str:
    said, by = read_confirm_clear(asked.root), asked.partner.actor
    require_clear(session, said.command.fault_number, said.clear_no, by=by)
    if isinstance(said.command, RejectClear):
        changed = reject_clear(session, said.command, by=by, at=asked.at)
        return f"Clear of fault {changed.fault_number} rejected."
    changed = accept_clear(session, said.command, by=by, at=asked.at)
    return f"Clear of fault {changed.fault_number} accepted."


def _refused(session: Session, asked: Asked, refusal: CssError) -> Document:
    """It is no event of a fault, whether there is one or not, so it is a document only."""
    answer = _answer(asked, refusal_kind(asked.header.message_type))
    body = fault_refused(answer, refusal, copy=_fault_named(session, asked))
    return Document(answer.source_key, message_id(answer.source_key), FAULT_UPDATE, body)


def _fault_named(session: Session, asked: Asked) -> FaultCopy | None:
    """The fault that a message is about, as it stands; None when it is about none that the partner has."""
    number = fault_named(asked.root)
    if number is None:
        return None
    try:
        return fault_snapshot(session, number=number, by=asked.partner.actor, at=asked.at).copy
    except (NotFound, BadMessage):
        return None


def _snapshot(session: Session, asked: Asked, answer: Answer) -> bytes:
    said = read_query_fault(asked.root)
    found = fault_snapshot(
        session, number=said.number, reference=said.reference, by=asked.partner.actor, at=asked.at, with_history=said.with_history
    )
    return fault_snapshot_message(answer, found)


def _open_faults(session: Session, asked: Asked, answer: Answer) -> bytes:
    after, limit = read_list_my_open_faults(asked.root)
    return open_fault_list(answer, unfinished_faults(session, by=asked.partner.actor, after=after, limit=limit))


def _question(message_type: str, told: Callable[[Session, Asked, Answer], bytes]) -> Question:
    """A question answered by a document of that type, which also says what was wrong with the question."""

    def answered(session: Session, asked: Asked, refusal: CssError | None) -> Document:
        answer = _answer(asked, message_type)
        body = told(session, asked, answer) if refusal is None else question_refused(message_type, answer, refusal)
        return Document(answer.source_key, message_id(answer.source_key), message_type, body)

    return Question(answered)


def _answer(asked: Asked, kind: str) -> Answer:
    return Answer(root=asked.root, source_key=refusal_key(asked, kind), sender=asked.us, receiver=asked.partner.party, at=asked.at)


COMMANDS: Final = {
    "SubmitFault": Command(_submit, _refused),
    "AmendFault": Command(_amend, _refused),
    "CancelFault": Command(_cancel, _refused),
    "ConfirmClear": Command(_confirm, _refused),
}
QUESTIONS: Final = {
    "QueryFault": _question(FAULT_SNAPSHOT, _snapshot),
    "ListMyOpenFaults": _question(OPEN_FAULT_LIST, _open_faults),
}
