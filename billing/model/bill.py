"""Bill runs, bills, their lines, and the files that were issued. Posted rows are never edited."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from billing.words import BillFileKind, BillKind, BillState, LineKind, OutsideKind
from css.audit import append_only
from css.core.money import Money, Price
from css.core.words import BillMedium
from css.db.base import Base, Id, Ref, SmallNumber, choice


class AccountCycle(Base):
    """Where an account stands in its billing cycle: billing's own memory of what it has billed."""

    __tablename__ = "account_cycle"
    __table_args__ = (
        Index("ix_account_cycle_due", "district_code", "next_bill_on", postgresql_where=text("NOT is_finished")),
        {"schema": "billing"},
    )

    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"), primary_key=True)
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    next_bill_on: Mapped[date]
    """The next cycle date; a missed night is caught up because earlier dates are due too."""
    usage_billed_through: Mapped[date | None]
    """Calls and items recorded up to this business date are on bills already."""
    is_finished: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """The final bill is out."""


class BillRun(Base):
    """One night's billing of a district, from a cut frozen at its business date."""

    __tablename__ = "bill_run"
    __table_args__ = (UniqueConstraint("district_code", "business_date"), {"schema": "billing"})

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    business_date: Mapped[date]
    """The cut: what was recorded up to and on this date is in, what came later is not."""
    issue_at: Mapped[datetime]
    """Stored when the cut is frozen, so that a run taken up again says the same on every bill."""
    sampled_at: Mapped[datetime | None]
    """When its sample was printed; none for a run without one."""
    sampled_by: Mapped[str | None]
    """Whose night printed it: somebody else approves it."""
    approved_by: Mapped[str | None]
    """Who looked at the sample and let the run go out; none while nobody has, or where nobody is asked."""
    approved_at: Mapped[datetime | None]
    """When that was."""
    approved_words: Mapped[str | None]
    """What they said."""


class BillControl(Base):
    """What a district's bills must meet to go out by themselves. A district without a row has ``rules.validation.LIMITS``."""

    __tablename__ = "bill_control"
    __table_args__ = (
        CheckConstraint("sample_count >= 0 AND lines_max > 0 AND times_average_max > 0", name="limits_count"),
        CheckConstraint("first_bill_max > 0 AND periods_max > 0 AND days_back_max > 0", name="more_limits_count"),
        CheckConstraint("sample_count > 0 OR NOT is_approval_required", name="approval_needs_sample"),
        {"schema": "billing"},
    )

    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"), primary_key=True)
    sample_count: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """How many bills of a run are printed for a person to look at before any gets its number."""
    is_approval_required: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """No bill of a run gets its number before somebody has approved the sample."""
    credit_max: Mapped[Money]
    """A bill that gives back more is held, unless the account's bills usually come to more."""
    times_average_max: Mapped[SmallNumber] = mapped_column(Integer)
    """A bill so many times the average of the last ones is held ..."""
    average_floor: Mapped[Money]
    """... if it comes to more than this."""
    lines_max: Mapped[SmallNumber] = mapped_column(Integer)
    """A bill with more lines is held."""
    first_bill_max: Mapped[Money]
    """A bill of an account without bills to compare with is held if it comes to more."""
    periods_max: Mapped[SmallNumber] = mapped_column(Integer)
    """A bill about more than so many billing periods is held."""
    days_back_max: Mapped[SmallNumber] = mapped_column(Integer)
    """A bill that charges for a day longer before the period it is about is held."""


class BillRequest(Base):
    """A bill that somebody asked for between two cycle dates: the next night makes it."""

    __tablename__ = "bill_request"
    __table_args__ = (
        Index("ix_bill_request_waiting", "account_id", postgresql_where=text("bill_run_id IS NULL")),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    kind: Mapped[BillKind] = mapped_column(choice(BillKind, "kind"))
    """interim or credit-note."""
    reason: Mapped[str]
    requested_on: Mapped[date]
    """Business date: the night of that date makes it."""
    requested_by: Mapped[str]
    """The operator who asked for it."""
    bill_run_id: Mapped[Ref | None] = mapped_column(ForeignKey("billing.bill_run.id"))
    """The run that took it; none while it waits."""


class Adjustment(Base):
    """A credit or a charge that somebody put on an account, with a reason: a line of the next bill or of a credit note."""

    __tablename__ = "adjustment"
    __table_args__ = (
        CheckConstraint("net <> 0", name="net_says_something"),
        CheckConstraint("approved_by IS NULL OR approved_by <> made_by", name="approved_by_second_person"),
        Index("ix_adjustment_account_id", "account_id"),
        Index("ix_adjustment_bill_line_id", "bill_line_id", postgresql_where=text("bill_line_id IS NOT NULL")),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    bill_line_id: Mapped[Ref | None] = mapped_column(ForeignKey("billing.bill_line.id"))
    """The line it credits: its tax and nominal are that line's."""
    words: Mapped[str]
    """What the bill says."""
    reason: Mapped[str]
    """Why, for us."""
    net: Mapped[Money]
    """Before VAT; negative is a credit."""
    vat_category: Mapped[str]
    """S, Z, E or AE."""
    vat_basis_points: Mapped[SmallNumber] = mapped_column(SmallInteger)
    nominal_code: Mapped[str] = mapped_column(ForeignKey("billing.nominal.code"))
    occurs_on: Mapped[date]
    """The day it is about, and whose rate of VAT it has where it credits no line."""
    business_date: Mapped[date]
    """The business date on which it was made: which night may take it."""
    made_by: Mapped[str]
    """The operator who made it."""
    approved_by: Mapped[str | None]
    """The second person, where the amount is above the first's limit."""


class BillRunAccount(Base):
    """One account to be billed in a run: the list is made once, at the cut, and worked through in blocks."""

    __tablename__ = "bill_run_account"
    __table_args__ = (
        CheckConstraint("(parked_code IS NULL) = (parked_words IS NULL)", name="parked_has_words"),
        {"schema": "billing"},
    )

    bill_run_id: Mapped[Ref] = mapped_column(ForeignKey("billing.bill_run.id"), primary_key=True)
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"), primary_key=True)
    kind: Mapped[BillKind] = mapped_column(choice(BillKind, "kind"))
    cycle_on: Mapped[date]
    """The cycle date billed; for a final bill the date the last service ended, for one asked for the next cycle date."""
    is_group: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Other accounts' bills were asked for on its own when the list was made: it is billed when theirs are posted."""
    parked_code: Mapped[str | None]
    """The message code of what stood in the way."""
    parked_words: Mapped[str | None]
    """Why this account could not be billed; the run goes on without it."""


class Bill(Base):
    """One bill of an account."""

    __tablename__ = "bill"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("series", "serial"),
        UniqueConstraint("bill_run_id", "account_id"),
        CheckConstraint("(number IS NULL) = (state IN ('calculated', 'held'))", name="numbered_when_released"),
        CheckConstraint("(serial IS NULL) = (number IS NULL)", name="number_has_serial"),
        CheckConstraint("invoice_gross = invoice_net + invoice_vat", name="invoice_adds_up"),
        CheckConstraint("amount_due = brought_forward - payments_received + outside_total + invoice_gross", name="amount_due_adds_up"),
        Index("ix_bill_account_id", "account_id"),
        Index("ix_bill_not_issued", "district_code", "account_id", postgresql_where=text("state <> 'issued'")),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    bill_run_id: Mapped[Ref] = mapped_column(ForeignKey("billing.bill_run.id"))
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    kind: Mapped[BillKind] = mapped_column(choice(BillKind, "kind"))
    state: Mapped[BillState] = mapped_column(choice(BillState, "state"))
    hold_code: Mapped[str | None]
    """Why a person had to look at it; kept when it was let go."""
    hold_words: Mapped[str | None]
    """The same in words."""
    series: Mapped[str | None]
    serial: Mapped[int | None]
    """Its place in the series, from 1."""
    number: Mapped[str | None]
    """What people read out; sequential and unique in its series, given serially at release."""
    issue_on: Mapped[date]
    """Tax point."""
    period_starts_on: Mapped[date]
    """The first day of the period billed."""
    period_ends_on: Mapped[date]
    """The first day after it."""
    usage_after: Mapped[date | None]
    """Calls and items recorded after this business date ..."""
    usage_through: Mapped[date]
    """... and up to this one are on the bill."""
    due_on: Mapped[date]
    """By when it is to be paid."""
    brought_forward: Mapped[Money]
    """The amount due on the bill before."""
    payments_received: Mapped[Money]
    """Positive when money came in."""
    outside_total: Mapped[Money]
    """Late fees less compensation: in the amount due, never on the invoice."""
    invoice_net: Mapped[Money]
    """Supplies before VAT."""
    invoice_vat: Mapped[Money]
    """Their VAT, once a rate."""
    invoice_gross: Mapped[Money]
    """The invoice total."""
    amount_due: Mapped[Money]
    """Brought forward, less payments, plus the outside total, plus the invoice total."""
    payer: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Name, address, means and tax particulars as they stood when the bill was calculated."""


class BillLine(Base):
    """One supply on a bill. Added once, with the bill; a correction is a line of a later bill."""

    __tablename__ = "bill_line"
    __table_args__ = (
        UniqueConstraint("bill_id", "line_number"),
        CheckConstraint("ends_on IS NULL OR ends_on > starts_on", name="ends_after_start"),
        CheckConstraint("quantity <> 0 AND price_per > 0", name="quantity_counts"),
        Index("ix_bill_line_account_id_rental", "account_id", "service_id", postgresql_where=text("kind IN ('rental', 'part-period')")),
        Index("ix_bill_line_account_id_compared", "account_id", postgresql_where=text("kind IN ('termination', 'discount', 'adjustment')")),
        Index("uq_bill_line_billable_item_id", "billable_item_id", unique=True, postgresql_where=text("billable_item_id IS NOT NULL")),
        Index("uq_bill_line_adjustment_id", "adjustment_id", unique=True, postgresql_where=text("adjustment_id IS NOT NULL")),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    bill_id: Mapped[Ref] = mapped_column(ForeignKey("billing.bill.id"))
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    line_number: Mapped[SmallNumber] = mapped_column(Integer)
    """Its place on the bill, from 1."""
    kind: Mapped[LineKind] = mapped_column(choice(LineKind, "kind"))
    service_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.service.id"))
    product_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.product.id"))
    product_price_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.product_price.id"))
    """The dated price a rental was charged at: history is read, never recomputed."""
    rental_period_starts_on: Mapped[date | None]
    """With service, price and VAT rate the key under which what should be is compared with what was."""
    billable_item_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.billable_item.id"))
    promotion_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.account_promotion.id"))
    """Of a rental of a negative price: the credit it is."""
    benefit_id: Mapped[Ref | None] = mapped_column(ForeignKey("billing.benefit.id"))
    """Of a discount: what gave it; ``service_id`` is the service that has it."""
    benefit_month_starts_on: Mapped[date | None]
    """Of a discount: the month of calls; with benefit, service and VAT rate the key under which it is compared."""
    adjustment_id: Mapped[Ref | None] = mapped_column(ForeignKey("billing.adjustment.id"))
    corrects_line_id: Mapped[Ref | None] = mapped_column(ForeignKey("billing.bill_line.id"))
    """The posted line this one takes back or adds to."""
    number: Mapped[str | None]
    """Telephone number it belongs to."""
    words: Mapped[str]
    reference: Mapped[str | None]
    """The order or fault it comes from."""
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    quantity: Mapped[int]
    """How many units; negative on a credit."""
    unit: Mapped[str]
    """month, day, item, call, correction, vat-correction."""
    unit_price: Mapped[Price | None]
    """Exact, before VAT; none where no price for one explains the line."""
    price_per: Mapped[SmallNumber] = mapped_column(Integer, server_default="1")
    """``unit_price`` is for so many units: 21 days at 1,500 pence for 31."""
    charge_class: Mapped[str | None]
    """Of a line of calls: the class of their destinations."""
    band: Mapped[str | None]
    """Of a line of calls; with the number and the VAT rate they say which calls it charges."""
    duration_seconds: Mapped[int | None]
    net: Mapped[Money]
    """What the line charges before VAT, rounded once."""
    vat_category: Mapped[str]
    """S, Z, E or AE."""
    vat_basis_points: Mapped[SmallNumber] = mapped_column(SmallInteger)
    nominal_code: Mapped[str] = mapped_column(ForeignKey("billing.nominal.code"))


class BillVat(Base):
    """The VAT of a bill for one category and rate: worked out once, on the net total."""

    __tablename__ = "bill_vat"
    __table_args__ = ({"schema": "billing"},)

    bill_id: Mapped[Ref] = mapped_column(ForeignKey("billing.bill.id"), primary_key=True)
    vat_category: Mapped[str] = mapped_column(primary_key=True)
    """S, Z, E or AE."""
    vat_basis_points: Mapped[SmallNumber] = mapped_column(SmallInteger, primary_key=True)
    net: Mapped[Money]
    """The sum of the lines of that category and rate."""
    vat: Mapped[Money]
    """The tax on it."""


class OutsideItem(Base):
    """What is owed without being a supply: entered on the account in its own right, shown on the next bill outside the invoice."""

    __tablename__ = "outside_item"
    __table_args__ = (
        UniqueConstraint("source_key"),
        Index("ix_outside_item_account_id_business_date", "account_id", "business_date"),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    source_key: Mapped[str]
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    kind: Mapped[OutsideKind] = mapped_column(choice(OutsideKind, "kind"))
    amount: Mapped[Money]
    """Positive raises what is owed (late fee), negative lowers it (compensation, goodwill)."""
    words: Mapped[str]
    reference: Mapped[str]
    """The fault, order or bill it comes from."""
    source_bill_id: Mapped[Ref | None] = mapped_column(ForeignKey("billing.bill.id"))
    """Of a transfer: the member's bill."""
    entered_on: Mapped[date]
    """Its date on the bill."""
    business_date: Mapped[date]


class BillFile(Base):
    """A document as issued: its bytes and their SHA-256. Never rendered again."""

    __tablename__ = "bill_file"
    __table_args__ = ({"schema": "billing"},)

    bill_id: Mapped[Ref] = mapped_column(ForeignKey("billing.bill.id"), primary_key=True)
    kind: Mapped[BillFileKind] = mapped_column(choice(BillFileKind, "kind"), primary_key=True)
    file_name: Mapped[str]
    sha256: Mapped[str]
    content: Mapped[bytes]
    """The bytes as issued."""
    rendered_at: Mapped[datetime]
    """The instant of the run, not of the rendering: the same bill has the same bytes."""


class BillSeries(Base):
    """The last serial number of a series of bills; its row lock is what keeps numbers sequential and unique."""

    __tablename__ = "bill_series"
    __table_args__ = ({"schema": "billing"},)

    series: Mapped[str] = mapped_column(primary_key=True)
    last_serial: Mapped[int]
    """The last one given."""


class BillCopy(Base):
    """A copy of an issued bill sent again: the same bytes, or the same bill in large print."""

    __tablename__ = "bill_copy"
    __table_args__ = (Index("ix_bill_copy_bill_id", "bill_id"), {"schema": "billing"})

    id: Mapped[Id]
    bill_id: Mapped[Ref] = mapped_column(ForeignKey("billing.bill.id"))
    file_kind: Mapped[BillFileKind] = mapped_column(choice(BillFileKind, "file_kind"))
    medium: Mapped[BillMedium] = mapped_column(choice(BillMedium, "medium"))
    """How it was sent."""
    reason: Mapped[str]
    made_on: Mapped[date]
    """Business date."""
    made_by: Mapped[str]
    """The operator who asked for it."""


class Statement(Base):
    """A statement of account as sent: what was owed, billed, paid and credited between two dates."""

    __tablename__ = "statement"
    __table_args__ = (
        CheckConstraint("ends_on > starts_on", name="ends_after_start"),
        Index("ix_statement_account_id", "account_id"),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    """The first day after it; never past the business date."""
    opening: Mapped[Money]
    """What was owed before the first day."""
    closing: Mapped[Money]
    """What was owed after the last."""
    made_on: Mapped[date]
    """Business date."""
    made_by: Mapped[str]
    """The operator who asked for it."""
    file_name: Mapped[str]
    sha256: Mapped[str]
    content: Mapped[bytes]
    """The PDF as sent."""


for table in ("billing.adjustment", "billing.bill_copy", "billing.statement"):
    append_only(table)
