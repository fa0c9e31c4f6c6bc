"""The master files' verbs: what comes into being, what is told to be wrong, who may, and what the audit trail keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from css.audit import AuditEvent, CommandAnswer
from css.core.actor import Actor
from css.core.errors import Conflict, CssError, NotFound, Refused, Several
from css.core.ids import IdKind, parse_id
from css.core.money import Money
from css.core.words import BillFrequency, BillMedium, ContactPointKind, CustomerKind, NationCode, PaymentMeans, Role, Segment, VatStatus
from css.db.engine import transaction
from css.master.accounts import Account
from css.master.commands import AddCustomer, AddOperator, AddProvider, OpenAccount, OpenDistrict, ReachAt, SetWholesaleTariff
from css.master.customers import ContactPoint, Customer
from css.master.districts import BusinessDate, business_date
from css.master.enrol import add_customer, add_operator, add_provider, open_account, open_district
from css.master.operators import Operator
from css.master.passwords import password_matches
from css.master.providers import Provider
from css.master.queries import providers
from css.master.wholesale import set_wholesale_tariff
from tests import builders
from tests.race import together

DISTRICT = OpenDistrict(code="ZY", name="Zyford", nation=NationCode.SCOTLAND, business_date=date(2026, 3, 2))
PROVIDER = AddProvider(code="HOLLIN", name="Hollin Telecom", party_id="999900777", address_lines=("1 Mill Lane",), postcode="zz31aa")
OPERATOR = AddOperator(code="JANE", name="Jane Ash", team="Care", password="three blind mice", roles=(Role.CLERK, Role.REPAIR))
CUSTOMER = AddCustomer(district_code="ZZ", kind=CustomerKind.PERSON, title="Ms", first_name="Beth", surname="Oakes")
ACCOUNT = OpenAccount(
    customer_number="",
    provider_code="RETAIL",
    segment=Segment.RESIDENTIAL,
    billing_name="Ms B Oakes",
    billing_address_lines=("3 Larkspur Close", "Wrenford"),
    billing_postcode="ZZ4 7QT",
    cycle_day=31,
    frequency=BillFrequency.QUARTERLY,
)
BY, AT = builders.OPERATOR, builders.AT


def _codes(error: CssError) -> set[tuple[str, str | None]]:
    found = error.errors if isinstance(error, Several) else (error,)
    return {(one.code, one.element) for one in found}


def _event(session: Session, verb: str) -> AuditEvent:
    return session.execute(select(AuditEvent).where(AuditEvent.verb == verb).order_by(AuditEvent.id.desc()).limit(1)).scalar_one()


# Districts.


def test_a_district_opens_on_its_first_business_date_with_nothing_closed(session: Session) -> None:
    assert open_district(session, DISTRICT, by=BY, at=AT).number == "ZY"
    assert business_date(session, "ZY") == date(2026, 3, 2)
    assert session.get_one(BusinessDate, "ZY").closed_through == date(2026, 3, 1)


def test_a_district_is_opened_once(session: Session) -> None:
    open_district(session, DISTRICT, by=BY, at=AT)
    with pytest.raises(Conflict, match="ZY already") as refused:
        open_district(session, replace(DISTRICT, name="Elsewhere"), by=BY, at=AT)
    assert refused.value.code == "CSS125E"


def test_everything_wrong_with_a_district_is_told(session: Session) -> None:
    with pytest.raises(Several) as refused:
        open_district(session, replace(DISTRICT, code="zyx", name=" "), by=BY, at=AT)
    assert _codes(refused.value) == {("CSS124E", "code"), ("CSS114E", "name")}


# Providers.


def test_a_provider_is_kept_as_it_is_read(session: Session) -> None:
    add_provider(session, replace(PROVIDER, vat_number="gb 9999 999 18", endpoint="9932:GB999999918"), by=BY, at=AT)
    kept = session.execute(select(Provider).where(Provider.code == "HOLLIN")).scalar_one()
    assert (kept.postcode, kept.vat_number, kept.is_active, kept.is_own_retail) == ("ZZ3 1AA", "GB999999918", True, False)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (replace(PROVIDER, code="RETAIL"), "CSS125E"),
        (replace(PROVIDER, party_id="999900001"), "CSS126E"),
        (replace(PROVIDER, is_own_retail=True), "CSS127E"),
    ],
)
def test_what_another_provider_has_is_taken(session: Session, wrong: AddProvider, code: str) -> None:
    with pytest.raises(Conflict) as refused:
        add_provider(session, wrong, by=BY, at=AT)
    assert refused.value.code == code


def test_a_providers_wholesale_tariff_is_set_changed_and_ended_with_what_was_before_on_the_trail(session: Session) -> None:
    add_provider(session, replace(PROVIDER, wholesale_tariff_code="WHS"), by=BY, at=AT)
    for code in ("WHS-2", None):
        set_wholesale_tariff(session, SetWholesaleTariff(provider_code="HOLLIN", wholesale_tariff_code=code), by=BY, at=AT)
        assert {one.code: one.wholesale_tariff_code for one in providers(session, by=BY)}["HOLLIN"] == code
    event = _event(session, "set_wholesale_tariff")
    assert (event.before, event.after) == ({"wholesale_tariff_code": "WHS-2"}, {"wholesale_tariff_code": None})


@pytest.mark.parametrize(
    ("command", "by", "code"),
    [
        (SetWholesaleTariff(provider_code="NOBODY", wholesale_tariff_code="WHS"), BY, "CSS104E"),
        (SetWholesaleTariff(provider_code="RETAIL", wholesale_tariff_code="a tariff"), BY, "CSS124E"),
        (SetWholesaleTariff(provider_code="RETAIL"), builders.PARTNER_ACTOR, "CSS111E"),
        (SetWholesaleTariff(provider_code="RETAIL"), replace(BY, roles=frozenset({"clerk"})), "CSS111E"),
    ],
)
def test_a_wholesale_tariff_is_not_set_so(session: Session, command: SetWholesaleTariff, by: Actor, code: str) -> None:
    with pytest.raises(CssError) as refused:
        set_wholesale_tariff(session, command, by=by, at=AT)
    assert refused.value.code == code


def test_a_partner_is_told_its_own_wholesale_tariff_alone(session: Session) -> None:
    command = SetWholesaleTariff(provider_code="BRACKWAT", wholesale_tariff_code="WHS-P")
    set_wholesale_tariff(session, command, by=BY, at=AT)
    seen = {one.code: one.wholesale_tariff_code for one in providers(session, by=builders.PARTNER_ACTOR)}
    assert seen == {"RETAIL": None, "BRACKWAT": "WHS-P"}
    assert {one.code: one.wholesale_tariff_code for one in providers(session, by=BY)} == {"RETAIL": "WHS", "BRACKWAT": "WHS-P"}


def test_everything_wrong_with_a_provider_is_told(session: Session) -> None:
    wrong = AddProvider(code="9X", name="", party_id=" ", address_lines=("", ""), postcode="ZZ", vat_number="GB1", endpoint="me@here")
    with pytest.raises(Several) as refused:
        add_provider(session, wrong, by=BY, at=AT)
    assert _codes(refused.value) == {
        ("CSS124E", "code"),
        ("CSS114E", "name"),
        ("CSS114E", "party_id"),
        ("CSS114E", "address_lines"),
        ("CSS065E", "postcode"),
        ("CSS121E", "vat_number"),
        ("CSS123E", "endpoint"),
    }


# Operators.


def test_a_password_is_kept_as_its_hash_and_nowhere_else(session: Session) -> None:
    add_operator(session, replace(OPERATOR, token="t1", credit_limit=Money(2500)), by=BY, at=AT)
    kept = session.execute(select(Operator).where(Operator.code == "JANE")).scalar_one()
    assert kept.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert password_matches(kept.password_hash, "three blind mice")
    assert not password_matches(kept.password_hash, "three blind mouse")
    assert (kept.roles, kept.credit_limit) == (["clerk", "repair"], Money(2500))
    event = _event(session, "add_operator")
    assert "password" not in (event.after or {})
    answer = session.execute(select(CommandAnswer)).scalar_one()
    # Another password under the same token changes nothing, not even the digest: it is not in it.
    add_operator(session, replace(OPERATOR, token="t1", credit_limit=Money(2500), password="another one"), by=BY, at=AT)
    assert "mice" not in str(answer.answer)


def test_everything_wrong_with_an_operator_is_told(session: Session) -> None:
    with pytest.raises(Several) as refused:
        add_operator(session, AddOperator(code="j", name="", team="", password="seven77", roles=()), by=BY, at=AT)
    assert _codes(refused.value) == {
        ("CSS124E", "code"),
        ("CSS114E", "name"),
        ("CSS114E", "team"),
        ("CSS128E", "roles"),
        ("CSS129E", "password"),
    }


@pytest.mark.parametrize("by", [builders.CLERK, builders.PARTNER_ACTOR], ids=["clerk", "partner"])
def test_only_a_supervisor_enrols_districts_providers_and_operators(session: Session, by: Actor) -> None:
    with pytest.raises(Refused, match="supervisor"):
        open_district(session, DISTRICT, by=by, at=AT)
    with pytest.raises(Refused, match="supervisor"):
        add_provider(session, PROVIDER, by=by, at=AT)
    with pytest.raises(Refused, match="supervisor"):
        add_operator(session, OPERATOR, by=by, at=AT)


def test_a_partner_adds_no_customers(session: Session) -> None:
    builders.district(session)
    with pytest.raises(Refused) as refused:
        add_customer(session, CUSTOMER, by=builders.PARTNER_ACTOR, at=AT)
    assert refused.value.code == "CSS111E"


# Customers.


def test_a_customer_gets_a_number_of_the_district_and_points_of_contact_as_they_are_held(session: Session) -> None:
    builders.district(session)
    reach_at = (
        ReachAt(kind=ContactPointKind.MOBILE, value="07700 900123", is_preferred=True),
        ReachAt(kind=ContactPointKind.EMAIL, value="Beth@Example.COM"),
    )
    number = add_customer(session, replace(CUSTOMER, surname=" Oakes ", reach_at=reach_at), by=builders.CLERK, at=AT).number
    assert (parse_id(number).district, parse_id(number).kind) == ("ZZ", IdKind.CUSTOMER)
    kept = session.execute(select(Customer).where(Customer.number == number)).scalar_one()
    assert (kept.surname, kept.created_at, kept.is_vulnerable) == ("Oakes", AT, False)
    points = session.execute(select(ContactPoint.value, ContactPoint.is_preferred).where(ContactPoint.customer_id == kept.id))
    assert {tuple(point) for point in points} == {("447700900123", True), ("beth@example.com", False)}


def test_everything_wrong_with_a_customer_is_told(session: Session) -> None:
    builders.district(session)
    wrong = replace(
        CUSTOMER,
        district_code="QQ",
        surname="  ",
        born_on=date(2026, 3, 3),
        reach_at=(ReachAt(kind=ContactPointKind.PHONE, value="960123"), ReachAt(kind=ContactPointKind.EMAIL, value="beth@home")),
    )
    with pytest.raises(Several) as refused:
        add_customer(session, wrong, by=BY, at=AT)
    assert _codes(refused.value) == {
        ("CSS101E", "district_code"),
        ("CSS112E", "surname"),
        ("CSS115E", "born_on"),
        ("CSS083E", "reach_at[0].value"),
        ("CSS113E", "reach_at[1].value"),
    }


def test_an_organisation_has_its_name_and_no_surname(session: Session) -> None:
    builders.district(session)
    firm = AddCustomer(district_code="ZZ", kind=CustomerKind.ORGANISATION, organisation_name="Kiln Yard Pottery", company_number="00000000")
    add_customer(session, firm, by=BY, at=AT)
    with pytest.raises(CssError) as refused:
        add_customer(session, replace(firm, surname="Potter"), by=BY, at=AT)
    assert _codes(refused.value) == {("CSS112E", "organisation_name")}


def test_the_audit_trail_tells_who_did_what_but_no_secrets(session: Session) -> None:
    builders.district(session)
    number = add_customer(session, replace(CUSTOMER, password_phrase="red kite"), by=builders.CLERK, at=AT).number
    event = _event(session, "add_customer")
    assert (event.actor_name, event.door, event.occurred_at) == ("CLERK1", "screen", AT)
    assert (event.subject_kind, event.subject_number, event.before) == ("customer", number, None)
    assert event.after is not None
    assert event.after["surname"] == "Oakes"
    assert "red kite" not in str(event.after)


# Accounts.


def test_an_account_opens_on_the_business_date_with_a_number_of_its_own(session: Session) -> None:
    zz = builders.district(session, on=date(2026, 2, 27))
    customer = builders.customer(session, zz)
    payer = builders.customer(session, zz, first_name="Carl")
    number = open_account(
        session, replace(ACCOUNT, customer_number=f" {customer[:3]} {customer[3:]} ", payer_customer_number=payer), by=builders.CLERK, at=AT
    ).number
    kept = session.execute(select(Account).where(Account.number == number)).scalar_one()
    assert (kept.opened_on, kept.closed_on, kept.cycle_day, kept.row_version) == (date(2026, 2, 27), None, 31, 1)
    assert kept.payer_customer_id is not None
    assert kept.payer_customer_id != kept.customer_id
    assert parse_id(number).kind is IdKind.ACCOUNT


def test_everything_wrong_with_an_account_is_told(session: Session) -> None:
    builders.district(session)
    wrong = replace(
        ACCOUNT,
        customer_number="ZZC00000019",
        payer_customer_number="ZZA00000012",
        provider_code="NOBODY",
        billing_name="",
        billing_address_lines=(),
        billing_postcode="4 7QT",
        cycle_day=0,
        cycle_month_group=13,
        payment_means=PaymentMeans.DIRECT_DEBIT,
        vat_status=VatStatus.REVERSE_CHARGE,
        medium=BillMedium.EMAIL,
        endpoint="9932",
    )
    with pytest.raises(Several) as refused:
        open_account(session, wrong, by=BY, at=AT)
    assert {element for _, element in _codes(refused.value)} == {
        "customer_number",
        "payer_customer_number",
        "provider_code",
        "billing_name",
        "billing_address_lines",
        "billing_postcode",
        "cycle_day",
        "cycle_month_group",
        "mandate_reference",
        "vat_number",
        "email",
        "endpoint",
    }
    assert session.execute(select(func.count()).select_from(Account)).scalar_one() == 0


def test_a_customer_number_nobody_has_is_not_found(session: Session) -> None:
    zz = builders.district(session)
    taken = parse_id(builders.customer(session, zz))
    with pytest.raises(NotFound) as refused:
        open_account(session, replace(ACCOUNT, customer_number=str(replace(taken, serial=taken.serial + 1))), by=BY, at=AT)
    assert (refused.value.code, refused.value.element) == ("CSS102E", "customer_number")


def test_a_provider_that_gave_up_business_gets_no_accounts(session: Session) -> None:
    zz = builders.district(session)
    customer = builders.customer(session, zz)
    add_provider(session, PROVIDER, by=BY, at=AT)
    session.execute(select(Provider).where(Provider.code == "HOLLIN")).scalar_one().is_active = False
    with pytest.raises(NotFound) as refused:
        open_account(session, replace(ACCOUNT, customer_number=customer, provider_code="HOLLIN"), by=BY, at=AT)
    assert refused.value.code == "CSS104E"


def test_two_at_once_with_one_code_are_one_provider_and_a_conflict(fresh_engine: Engine) -> None:
    def add(name: str) -> object:
        with transaction(fresh_engine) as session:
            return add_provider(session, replace(PROVIDER, name=name), by=BY, at=AT)

    outcomes = together(lambda: add("One"), lambda: add("Two"))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Added", "Conflict"]
