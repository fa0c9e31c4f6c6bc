"""The contact log: every contact with a customer is one row on one timeline, from the first day."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from css.audit import append_only
from css.care.words import CallerKind, Channel, CheckMethod, CheckOutcome, Direction, FollowUpKind, Outcome, Topic
from css.db.base import Base, Id, Ref, RowVersion, choice


class Contact(Base):
    """One contact: channel, who, about what, what was done, solved or not. Added to, never changed."""

    __tablename__ = "contact"
    __table_args__ = (
        CheckConstraint("customer_id IS NOT NULL OR line_id IS NOT NULL", name="somebody_or_some_line"),
        Index("ix_contact_customer_id_occurred_at", "customer_id", "occurred_at"),
        Index("ix_contact_account_id_occurred_at", "account_id", "occurred_at"),
        Index("ix_contact_line_id_occurred_at", "line_id", "occurred_at"),
        {"schema": "care"},
    )

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    customer_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.customer.id"))
    account_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.account.id"))
    line_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.line.id"))
    channel: Mapped[Channel] = mapped_column(choice(Channel, "channel"))
    direction: Mapped[Direction] = mapped_column(choice(Direction, "direction"))
    caller_name: Mapped[str | None]
    """Who spoke, when not the account holder."""
    is_verified: Mapped[bool]
    """Whether the caller's identity was checked before anything was disclosed."""
    topic: Mapped[Topic] = mapped_column(choice(Topic, "topic"))
    reason_code: Mapped[str | None]
    """The two letters keyed at wrap-up; none for what was not wrapped up."""
    reference: Mapped[str | None]
    """The order, fault or bill number it was about."""
    words: Mapped[str]
    """What was said and done."""
    outcome: Mapped[Outcome] = mapped_column(choice(Outcome, "outcome"))
    follow_up_on: Mapped[date | None]
    """When we said we would be in touch again."""
    occurred_at: Mapped[datetime]
    recorded_by: Mapped[str]
    """Who wrote it down."""


append_only("care.contact")


class CallerCheck(Base):
    """Whom an operator is speaking to, for one customer: opens the customer's page to that operator until the call ends."""

    __tablename__ = "caller_check"
    __table_args__ = (
        Index("ix_caller_check_customer_id_checked_at", "customer_id", "checked_at"),
        CheckConstraint("(method IN ('WR', 'NO')) = (reason IS NOT NULL)", name="unasked_has_reason"),
        CheckConstraint("(caller_kind = 'nobody') = (outcome = 'waived')", name="waived_has_no_caller"),
        {"schema": "care"},
    )

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    customer_id: Mapped[Ref] = mapped_column(ForeignKey("css.customer.id"))
    operator_code: Mapped[str]
    """Who asked."""
    operator_session_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.operator_session.id"))
    """The sign-on it was made in; none for what came by another door."""
    caller_kind: Mapped[CallerKind] = mapped_column(choice(CallerKind, "caller_kind"))
    caller_name: Mapped[str | None]
    """Who spoke, when not the customer."""
    authorised_person_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.authorised_person.id"))
    method: Mapped[CheckMethod] = mapped_column(choice(CheckMethod, "method"))
    outcome: Mapped[CheckOutcome] = mapped_column(choice(CheckOutcome, "outcome"))
    reason: Mapped[str | None]
    """Which letter it was, by its date or reference; or why the record was opened without a caller."""
    checked_at: Mapped[datetime]
    """When the question was put."""
    ended_at: Mapped[datetime | None]
    """When the call was wrapped up; what it opened is closed then."""


class FollowUp(Base):
    """What we said we would do after a contact, and by when; a call-back has its number and time."""

    __tablename__ = "follow_up"
    __table_args__ = (
        CheckConstraint("(kind = 'call-back') = (telephone IS NOT NULL)", name="call_back_has_number"),
        CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name="done_has_doer"),
        Index("ix_follow_up_open", "district_code", "due_at", postgresql_where=text("done_at IS NULL")),
        Index("ix_follow_up_contact_id", "contact_id"),
        {"schema": "care"},
    )

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    contact_id: Mapped[Ref] = mapped_column(ForeignKey("care.contact.id"))
    kind: Mapped[FollowUpKind] = mapped_column(choice(FollowUpKind, "kind"))
    due_at: Mapped[datetime]
    """By when; the end of the day where only a day was said."""
    telephone: Mapped[str | None]
    """Where to ring, E.164 digits."""
    words: Mapped[str]
    """What to do."""
    owner_code: Mapped[str]
    """The operator who promised it."""
    done_at: Mapped[datetime | None]
    """When it was done."""
    done_by: Mapped[str | None]
    """Who did it."""
    done_words: Mapped[str | None]
    """What came of it."""
    row_version: Mapped[RowVersion]
