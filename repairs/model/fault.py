"""Faults: reported trouble on a line, from the report to its clear. Not to be confused with a visit, which attends to one."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import UUID, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from css.audit import append_only
from css.db.base import Base, Id, Ref, RowVersion, SmallNumber, choice
from css.db.ddl import view
from repairs.words import ClockState, Craft, FaultKind, FaultState, Location


class Fault(Base):
    """Trouble reported on a line or at a place, with its deadline under the care level and how it ended."""

    __tablename__ = "fault"
    __table_args__ = (
        CheckConstraint("(state IN ('cleared', 'accepted', 'closed')) = (cleared_at IS NOT NULL)", name="cleared_has_instant"),
        CheckConstraint("(cleared_at IS NULL) = (clear_code IS NULL)", name="cleared_has_code"),
        CheckConstraint("accepted_at >= reported_at", name="accepted_after_report"),
        CheckConstraint("(kind = 'line') = (line_id IS NOT NULL)", name="line_or_place"),
        CheckConstraint("(line_id IS NULL) = (account_id IS NULL)", name="line_has_account"),
        CheckConstraint("kind = 'line' OR place_words IS NOT NULL", name="damage_has_place"),
        CheckConstraint("(state = 'parked') = (resumes_to IS NOT NULL)", name="parked_resumes_somewhere"),
        CheckConstraint("(state = 'appointed') <= (appointment_id IS NOT NULL)", name="appointed_has_slot"),
        CheckConstraint("charge_band BETWEEN 0 AND 4", name="charge_band_known"),
        CheckConstraint("chase_count >= 0", name="chases_count"),
        CheckConstraint(
            "(waits_from_at IS NULL) = (waits_until_at IS NULL) AND coalesce(waits_from_at < waits_until_at, true)",
            name="waits_for_a_while",
        ),
        Index(
            "uq_fault_open_on_line",
            "line_id",
            unique=True,
            postgresql_where=text("is_open AND forced_reason IS NULL AND line_id IS NOT NULL"),
        ),
        Index("ix_fault_due", "district_code", "due_at", "number", postgresql_where=text("is_open")),
        Index("ix_fault_accept_by", "accept_by_at", postgresql_where=text("state = 'cleared'")),
        Index("ix_fault_account_id", "account_id"),
        Index("ix_fault_line_id", "line_id"),
        Index("ix_fault_outage_id", "outage_id", postgresql_where=text("outage_id IS NOT NULL")),
        Index("ix_fault_appointment_id", "appointment_id", postgresql_where=text("appointment_id IS NOT NULL")),
        {"schema": "repairs"},
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[FaultKind] = mapped_column(choice(FaultKind, "kind"), server_default=FaultKind.LINE.value)
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    account_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.account.id"))
    line_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.line.id"))
    """None for damage: it names a place."""
    exchange_id: Mapped[Ref] = mapped_column(ForeignKey("css.exchange.id"))
    """Whose area: engineers belong to one."""
    place_words: Mapped[str | None]
    """Of damage: where it is."""
    state: Mapped[FaultState] = mapped_column(choice(FaultState, "state"))
    is_open: Mapped[bool] = mapped_column(Boolean, Computed("state NOT IN ('cleared', 'accepted', 'closed', 'withdrawn')", persisted=True))
    """Whether somebody is still to work on it."""
    resumes_to: Mapped[FaultState | None] = mapped_column(choice(FaultState, "resumes_to"))
    """Where it goes on when it is parked no longer."""
    symptom_code: Mapped[str]
    """What the customer says is wrong."""
    is_total_loss: Mapped[bool]
    """Whether the line is dead: only then does delayed repair pay."""
    words: Mapped[str | None]
    caller_name: Mapped[str | None]
    """Who told us, where it is not who gives access."""
    contact_name: Mapped[str]
    contact_phone: Mapped[str]
    access_notes: Mapped[str | None]
    """How to get in."""
    hazard_notes: Mapped[str | None]
    visit_notes: Mapped[str | None]
    """For the engineer: what to bring, whom to ask for."""
    equipment_checked: Mapped[bool]
    """Whether the customer's own equipment was ruled out."""
    power_checked: Mapped[bool]
    """Whether its power supply was."""
    charge_band: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """Time-related charges the caller agreed to beforehand: 0 none, 1 to two hours, 2 to four, 3 to six, 4 without limit."""
    forced_reason: Mapped[str | None]
    """Why it was taken although another was open on the line."""
    care_level: Mapped[str]
    """The level that counts: the line's own, a vulnerable customer's or an expedited one."""
    line_care_level: Mapped[str]
    """The level the line had when the fault was accepted."""
    is_priority: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """A better level free of charge, because somebody depends on the line."""
    is_expedited: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """A better level bought for this fault; not charged if it is missed."""
    expedited_at: Mapped[datetime | None]
    """When it was bought: the better level's clock starts here."""
    reported_at: Mapped[datetime]
    """When the customer told us: retail compensation counts from it."""
    accepted_at: Mapped[datetime]
    """When it had its number: the care level's clock starts here."""
    original_due_at: Mapped[datetime]
    """The deadline as first promised."""
    due_at: Mapped[datetime]
    """Moves with pauses; the original is kept beside it. While the clock stands, where it stood when it stopped."""
    line_test_id: Mapped[Ref | None] = mapped_column(ForeignKey("repairs.line_test.id"))
    """The last test it was judged by."""
    location: Mapped[Location | None] = mapped_column(choice(Location, "location"))
    """Where the trouble is taken to be."""
    craft: Mapped[Craft | None] = mapped_column(choice(Craft, "craft"))
    """Who must go."""
    appointment_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.appointment.id"))
    outage_id: Mapped[Ref | None] = mapped_column(ForeignKey("repairs.outage.id"))
    """The failure of shared plant it belongs to."""
    is_repeat: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """The line had a fault cleared shortly before; how shortly is the policy's to say."""
    is_early_life: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """The line was provided shortly before."""
    chase_count: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """How often the customer rang to ask."""
    last_chased_at: Mapped[datetime | None]
    """When the customer last rang to ask."""
    owner_code: Mapped[str | None]
    """The operator who sees it through."""
    warned_due_at: Mapped[datetime | None]
    """The deadline it was last warned of as about to be missed."""
    waits_from_at: Mapped[datetime | None]
    """The customer chose a later visit than was offered: the start of the offered slot. The clock stands until ``waits_until_at``."""
    waits_until_at: Mapped[datetime | None]
    """The start of the slot that was chosen."""
    breached_at: Mapped[datetime | None]
    """The deadline that was missed: a fact, not undone by what comes later."""
    cleared_at: Mapped[datetime | None]
    """When it was mended; none before."""
    clear_code: Mapped[str | None]
    """What it was, and whose side it was on."""
    clear_words: Mapped[str | None]
    """What was done, in words."""
    accept_by_at: Mapped[datetime | None]
    """Until when a clear may be rejected; silence accepts then."""
    clear_count: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """How often it was cleared: a rejected clear is done again."""
    reported_by: Mapped[str]
    """Who keyed it."""
    row_version: Mapped[RowVersion]


class FaultEvent(Base):
    """One step in a fault's story: gapless from 1, never edited."""

    __tablename__ = "fault_event"
    __table_args__ = (UniqueConstraint("fault_id", "sequence"), {"schema": "repairs"})

    id: Mapped[Id]
    fault_id: Mapped[Ref] = mapped_column(ForeignKey("repairs.fault.id"))
    sequence: Mapped[SmallNumber] = mapped_column(Integer)
    deed: Mapped[str | None]
    """What was done, by its name in ``repairs.rules.lifecycle``; none of events before deeds were kept."""
    state: Mapped[FaultState] = mapped_column(choice(FaultState, "state"))
    occurred_at: Mapped[datetime]
    done_by: Mapped[str]
    words: Mapped[str]


append_only("repairs.fault_event")


class FaultConversation(Base):
    """What a partner and we say to each other of one of its faults: by which reference of its own, and how often we told it so far."""

    __tablename__ = "fault_conversation"
    __table_args__ = (
        UniqueConstraint("provider_id", "customer_reference"),
        CheckConstraint("last_update >= 0", name="updates_count"),
        {"schema": "repairs"},
    )

    fault_id: Mapped[Ref] = mapped_column(ForeignKey("repairs.fault.id"), primary_key=True)
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    conversation_id: Mapped[str] = mapped_column(UUID(as_uuid=False))
    """The partner's, of the message that reported it; of a fault that came another way one of our own."""
    customer_reference: Mapped[str | None]
    """What the partner calls it."""
    last_update: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """The number of the last FaultUpdate; they count from 1 without a gap."""


class ClockInterval(Base):
    """What a fault's clock did from an instant to the next. They follow each other without a gap; elapsed time is derived from them."""

    __tablename__ = "clock_interval"
    __table_args__ = (
        CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name="ends_after_start"),
        ExcludeConstraint(("fault_id", "="), (text("tstzrange(starts_at, ends_at)"), "&&"), name="ex_clock_interval_overlap", using="gist"),
        Index("uq_clock_interval_last", "fault_id", unique=True, postgresql_where=text("ends_at IS NULL")),
        Index("ix_clock_interval_mborc_id", "mborc_id", postgresql_where=text("mborc_id IS NOT NULL")),
        {"schema": "repairs"},
    )

    id: Mapped[Id]
    fault_id: Mapped[Ref] = mapped_column(ForeignKey("repairs.fault.id"))
    state: Mapped[ClockState] = mapped_column(choice(ClockState, "state"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    """None while it lasts; a fault that ended has no such interval."""
    reason: Mapped[str | None]
    """Of a pause: why, by its code."""
    words: Mapped[str | None]
    """And in words."""
    mborc_id: Mapped[Ref | None] = mapped_column(ForeignKey("repairs.mborc.id"))
    begun_by: Mapped[str]
    """Whose deed began it."""
    ended_by: Mapped[str | None]
    """Whose deed ended it."""


class PairChange(Base):
    """A line moved from one pair to another to clear a fault."""

    __tablename__ = "pair_change"
    __table_args__ = (
        CheckConstraint("from_pair_id <> to_pair_id", name="to_another"),
        Index("ix_pair_change_fault_id", "fault_id"),
        Index("ix_pair_change_line_id", "line_id"),
        {"schema": "repairs"},
    )

    id: Mapped[Id]
    fault_id: Mapped[Ref] = mapped_column(ForeignKey("repairs.fault.id"))
    line_id: Mapped[Ref] = mapped_column(ForeignKey("css.line.id"))
    from_pair_id: Mapped[Ref] = mapped_column(ForeignKey("css.pair.id"))
    to_pair_id: Mapped[Ref] = mapped_column(ForeignKey("css.pair.id"))
    changed_at: Mapped[datetime]
    """When the line was on the other pair."""
    done_by: Mapped[str]


class RepairPolicy(Base):
    """The house's own choices about faults, from a day on: the latest row that has begun counts."""

    __tablename__ = "repair_policy"
    __table_args__ = (
        CheckConstraint("repeat_days > 0 AND early_life_days > 0 AND accept_minutes > 0 AND warn_minutes > 0", name="figures_count"),
        CheckConstraint("problem_faults > 1", name="problem_is_several"),
        {"schema": "repairs"},
    )

    starts_on: Mapped[date] = mapped_column(primary_key=True)
    repeat_days: Mapped[SmallNumber] = mapped_column(Integer)
    """A fault so soon after a clear on the same line is a repeat."""
    early_life_days: Mapped[SmallNumber] = mapped_column(Integer)
    """A fault so soon after the line was provided is an early-life failure."""
    accept_calendar_code: Mapped[str] = mapped_column(ForeignKey("css.working_calendar.code"))
    accept_minutes: Mapped[SmallNumber] = mapped_column(Integer)
    """Open minutes of that calendar in which a clear may be rejected."""
    warn_minutes: Mapped[SmallNumber] = mapped_column(Integer)
    """So long before it is due an open fault is about to be missed."""
    priority_level: Mapped[str]
    """The care level of those who depend on their line, free of charge; theirs if that is better."""
    problem_faults: Mapped[SmallNumber] = mapped_column(Integer)
    """So many faults make a problem of what they have in common."""
    problem_days: Mapped[SmallNumber] = mapped_column(Integer)
    """Within so many days."""
    damage_level: Mapped[str]
    """The care level of damage that is no hazard."""
    hazard_level: Mapped[str]
    """The care level of damage that is one."""


OPEN_FAULT_VIEW = view(
    "repairs.open_fault_v",
    """
SELECT f.id AS fault_id, f.number, f.district_code, f.provider_id, f.account_id, f.line_id, f.state, f.symptom_code,
       f.care_level, f.reported_at, f.due_at
  FROM repairs.fault f
 WHERE f.is_open
""",
)
