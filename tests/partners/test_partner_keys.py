"""Keys, certificates and terms as operators keep them: given, listed, rotated, ended, withdrawn, by command and by script."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from css.cli import main
from css.core.actor import Actor
from css.core.errors import CssError, Several
from css.core.words import Role
from css.db.engine import transaction
from css.master.commands import AddProvider
from css.master.enrol import add_provider
from css.master.reference import PARTNER
from css.partners.access.certificates import (
    RegisterPartnerCertificate,
    RevokePartnerCertificate,
    partner_certificates,
    partner_of_certificate,
    register_partner_certificate,
    revoke_partner_certificate,
)
from css.partners.access.keys import IssuePartnerKey, issue_key, issue_partner_key, partner_of, partner_of_key
from css.partners.access.keys_actions import (
    ExpirePartnerKey,
    RevokePartnerKey,
    Standing,
    expire_partner_key,
    partner_keys,
    revoke_partner_key,
)
from css.partners.access.terms import HOUSE_TERMS, SetPartnerTerms, partner_terms, set_partner_terms, terms_of
from css.partners.model import DeliveryWay, KeyArea
from css.settings import settings
from tests.builders import AT, OPERATOR, PARTNER_ACTOR
from tests.partners.speaking import RIVAL, RIVAL_CODE

DAY = timedelta(days=1)
KEY = IssuePartnerKey(provider_code=PARTNER, words="order gateway")
CLERK = replace(OPERATOR, roles=frozenset({Role.CLERK.value}))


def certificate(days: int = 365, *, begins: datetime = AT - DAY, name: str = "gateway.brackwater.example.com") -> tuple[str, str]:
    """A certificate signed by itself, and its fingerprint as TLS reckons it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode(), made.fingerprint(hashes.SHA256()).hex()


def kept(session: Session) -> str:
    """Everything that was written down of what was done, and every answer that is remembered."""
    audit = session.execute(text("SELECT to_jsonb(e)::text FROM css.audit_event e")).scalars().all()
    return " ".join([*audit, *session.execute(text("SELECT to_jsonb(a)::text FROM css.command_answer a")).scalars()])


def refusal(deed: Callable[[], object]) -> CssError:
    with pytest.raises(CssError) as found:
        deed()
    return found.value


# Keys.


def test_a_key_opens_from_its_first_instant_to_before_its_last(session: Session) -> None:
    key = issue_key(session, replace(KEY, days=30), by=OPERATOR, at=AT)
    second = timedelta(seconds=1)
    opens = {at: partner_of_key(session, key, at=at) is not None for at in (AT - second, AT, AT + 30 * DAY - second, AT + 30 * DAY)}
    assert list(opens.values()) == [False, True, True, False]


def test_a_key_opens_its_own_area_alone(session: Session) -> None:
    for area in KeyArea:
        key = issue_key(session, replace(KEY, area=area), by=OPERATOR, at=AT)
        for wanted in KeyArea:
            found = partner_of_key(session, key, at=AT, area=wanted)
            assert (found is not None) is (wanted is area)
            assert found is None or found.area is area


def test_keys_are_rotated_without_a_gap(session: Session) -> None:
    old = issue_partner_key(session, KEY, by=OPERATOR, at=AT)
    new = issue_partner_key(session, KEY, by=OPERATOR, at=AT + DAY)
    ends = AT + 14 * DAY
    expire_partner_key(session, ExpirePartnerKey(provider_code=PARTNER, key_id=old.key_id, expires_at=ends), by=OPERATOR, at=AT + DAY)

    def open_at(at: datetime) -> list[bool]:
        return [partner_of_key(session, each.key or "", at=at) is not None for each in (old, new)]

    assert [open_at(AT), open_at(AT + 2 * DAY), open_at(ends)] == [[True, False], [True, True], [False, True]]


def test_a_revoked_key_opens_nothing_and_stays_so(session: Session) -> None:
    made = issue_partner_key(session, KEY, by=OPERATOR, at=AT)
    revoke = RevokePartnerKey(provider_code=PARTNER, key_id=made.key_id)
    first = revoke_partner_key(session, revoke, by=OPERATOR, at=AT + DAY)
    again = revoke_partner_key(session, revoke, by=OPERATOR, at=AT + 2 * DAY)
    assert (first.standing, again.revoked_at) == (Standing.REVOKED, AT + DAY)
    assert partner_of_key(session, made.key or "", at=AT + DAY) is None
    later = ExpirePartnerKey(provider_code=PARTNER, key_id=made.key_id, expires_at=AT + 9 * DAY)
    assert refusal(lambda: expire_partner_key(session, later, by=OPERATOR, at=AT + DAY)).code == "CSS544E"


def test_the_list_shows_what_stands_and_never_a_key(session: Session) -> None:
    made = [
        issue_partner_key(session, replace(KEY, words="old", days=1), by=OPERATOR, at=AT - 3 * DAY),
        issue_partner_key(session, replace(KEY, words="lost"), by=OPERATOR, at=AT - DAY),
        issue_partner_key(session, replace(KEY, words="live"), by=OPERATOR, at=AT),
        issue_partner_key(session, replace(KEY, words="next", area=KeyArea.SANDBOX), by=OPERATOR, at=AT + DAY),
    ]
    revoke_partner_key(session, RevokePartnerKey(provider_code=PARTNER, key_id=made[1].key_id), by=OPERATOR, at=AT)
    rows = partner_keys(session, at=AT, provider_code=PARTNER)
    assert [(row.words, row.standing) for row in rows] == [
        ("next", Standing.NOT_YET),
        ("live", Standing.IN_FORCE),
        ("lost", Standing.REVOKED),
        ("old", Standing.EXPIRED),
    ]
    assert partner_keys(session, at=AT, provider_code="NOBODY1") == ()
    for each in made:
        assert (each.key or "") not in f"{rows} {kept(session)}"


def test_a_repeated_token_tells_the_number_again_and_never_the_key(session: Session) -> None:
    command = replace(KEY, token="t1", days=10)
    first = issue_partner_key(session, command, by=OPERATOR, at=AT)
    again = issue_partner_key(session, command, by=OPERATOR, at=AT + DAY)
    assert first.key is not None
    assert again == replace(first, key=None)
    assert len(partner_keys(session, at=AT)) == 1
    assert first.key not in kept(session)


def test_anothers_key_is_not_there(session: Session) -> None:
    rival(session)
    made = issue_partner_key(session, KEY, by=OPERATOR, at=AT)
    for number in (made.key_id, 999_999):
        error = refusal(
            lambda number=number: revoke_partner_key(  # type: ignore[misc]
                session, RevokePartnerKey(provider_code=RIVAL_CODE, key_id=number), by=OPERATOR, at=AT
            )
        )
        assert (error.code, str(error)) == ("CSS544E", f"{RIVAL_CODE} has no key {number}.")


def test_whose_key_and_what_terms_is_a_statement_each(session: Session) -> None:
    key = issue_key(session, KEY, by=OPERATOR, at=AT)
    pem, fingerprint = certificate()
    register_partner_certificate(session, RegisterPartnerCertificate(provider_code=PARTNER, pem=pem, words="x"), by=OPERATOR, at=AT)
    session.flush()
    sent: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda _c, _u, statement, *_: sent.append(statement))
    partner = partner_of_key(session, key, at=AT)
    assert partner is not None
    assert partner_of_certificate(session, fingerprint, at=AT) == partner
    assert terms_of(session, partner) == HOUSE_TERMS
    assert partner_of_key(session, "css-unknown", at=AT) is None
    assert partner_of_certificate(session, "0" * 64, at=AT) is None
    assert len(sent) == 5


# Certificates.


def test_a_certificate_stands_for_its_partner_within_its_own_days(session: Session) -> None:
    pem, fingerprint = certificate(days=10, begins=AT)
    command = RegisterPartnerCertificate(provider_code=PARTNER, pem=pem, words="gateway")
    row = register_partner_certificate(session, command, by=OPERATOR, at=AT)
    assert (row.fingerprint_sha256, row.starts_at, row.expires_at) == (fingerprint, AT, AT + 10 * DAY)
    colons = ":".join(fingerprint[n : n + 2] for n in range(0, 64, 2)).upper()
    for shown in (fingerprint, fingerprint.upper(), colons):
        found = partner_of_certificate(session, shown, at=AT)
        assert found is not None
        assert found.code == PARTNER
    assert partner_of_certificate(session, fingerprint, at=AT - DAY) is None
    assert partner_of_certificate(session, fingerprint, at=AT + 10 * DAY) is None
    assert partner_of_certificate(session, fingerprint, at=AT, area=KeyArea.SANDBOX) is None
    revoke = RevokePartnerCertificate(provider_code=PARTNER, certificate_id=row.certificate_id)
    assert revoke_partner_certificate(session, revoke, by=OPERATOR, at=AT + DAY).standing is Standing.REVOKED
    assert partner_of_certificate(session, fingerprint, at=AT + DAY) is None
    assert [each.standing for each in partner_certificates(session, at=AT + DAY)] == [Standing.REVOKED]
    assert refusal(lambda: register_partner_certificate(session, command, by=OPERATOR, at=AT)).code == "CSS546E"
    session.execute(text("UPDATE css.provider SET is_active = false WHERE code = :code"), {"code": PARTNER})
    assert partner_of_certificate(session, fingerprint, at=AT) is None


@pytest.mark.parametrize("shown", ["", "no", "0" * 63, "0" * 65, "g" * 64, "' OR true --", "\x00" * 64])
def test_what_is_no_fingerprint_opens_nothing(session: Session, shown: str) -> None:
    assert partner_of_certificate(session, shown, at=AT) is None


def _pem(kind: str) -> str:
    one, other = certificate()[0], certificate()[0]
    return {
        "nothing": "",
        "no certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "two": one + other,
        "a key with it": one + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "over": certificate(days=1, begins=AT - 2 * DAY)[0],
        "huge": one + " " * 60_000,
        "not ascii": one + "ŵ",
    }[kind]


@pytest.mark.parametrize("kind", ["nothing", "no certificate", "two", "a key with it", "over", "huge", "not ascii"])
def test_what_is_not_one_good_certificate_is_refused(session: Session, kind: str) -> None:
    command = RegisterPartnerCertificate(provider_code=PARTNER, pem=_pem(kind), words="gateway")
    assert refusal(lambda: register_partner_certificate(session, command, by=OPERATOR, at=AT)).code == "CSS545E"


# Terms.


def test_terms_change_field_by_field_and_the_secret_is_written_down_nowhere(session: Session) -> None:
    partner = partner_of(session, PARTNER)
    assert terms_of(session, partner) == HOUSE_TERMS
    first = SetPartnerTerms(provider_code=PARTNER, messages_a_minute=12_000, at_once=16)
    assert set_partner_terms(session, first, by=OPERATOR, at=AT).row_version == 1
    push = SetPartnerTerms(
        provider_code=PARTNER, way=DeliveryWay.PUSH, push_url="https://partner.example.com/in", push_key="s3cret-of-theirs", token="t2"
    )
    row = set_partner_terms(session, push, by=OPERATOR, at=AT)
    assert (row.row_version, row.has_push_key, row.messages_a_minute, row.way) == (2, True, 12_000, DeliveryWay.PUSH)
    assert terms_of(session, partner) == replace(
        HOUSE_TERMS,
        messages_a_minute=12_000,
        at_once=16,
        way=DeliveryWay.PUSH,
        push_url="https://partner.example.com/in",
        push_key="s3cret-of-theirs",
    )
    assert set_partner_terms(session, push, by=OPERATOR, at=AT).row_version == 2
    assert "s3cret" not in f"{kept(session)} {row} {partner_terms(session, PARTNER)}"
    stale = SetPartnerTerms(provider_code=PARTNER, at_once=2, row_version=1)
    assert refusal(lambda: set_partner_terms(session, stale, by=OPERATOR, at=AT)).code == "CSS546E"


def test_a_folder_is_one_partners_alone(session: Session) -> None:
    rival(session)
    ours = SetPartnerTerms(provider_code=PARTNER, way=DeliveryWay.FOLDER, folder="brackwater")
    set_partner_terms(session, ours, by=OPERATOR, at=AT)
    error = refusal(lambda: set_partner_terms(session, replace(ours, provider_code=RIVAL_CODE), by=OPERATOR, at=AT))
    assert (error.code, error.element) == ("CSS546E", "folder")
    assert partner_terms(session, RIVAL_CODE).folder is None


@pytest.mark.parametrize(
    ("others", "elements"),
    [
        ({"way": DeliveryWay.PUSH}, ["push_url"]),
        ({"way": DeliveryWay.FOLDER}, ["folder"]),
        ({"push_url": "http://partner.example.com/in"}, ["push_url"]),
        ({"push_url": "https://user:word@partner.example.com/in"}, ["push_url"]),
        ({"push_url": "https://partner.example.com:x/in"}, ["push_url"]),
        ({"push_url": "ftp://partner.example.com"}, ["push_url"]),
        ({"push_url": "https://a b"}, ["push_url"]),
        ({"push_key": "two words"}, ["push_key"]),
        ({"push_key": ""}, ["push_key"]),
        ({"folder": "../other"}, ["folder"]),
        ({"folder": "A"}, ["folder"]),
        (
            {"at_once": 0, "messages_a_minute": 0, "replay_days": 0, "gap_minutes": 0},
            [*("messages_a_minute", "at_once"), *("replay_days", "gap_minutes")],
        ),
        ({"at_once": 65}, ["at_once"]),
    ],
)
def test_terms_that_cannot_be_are_refused_all_at_once(session: Session, others: dict[str, Any], elements: list[str]) -> None:
    error = refusal(lambda: set_partner_terms(session, SetPartnerTerms(provider_code=PARTNER, **others), by=OPERATOR, at=AT))
    errors = error.errors if isinstance(error, Several) else (error,)
    assert [(each.code, each.element) for each in errors] == [("CSS547E", element) for element in elements]


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Names networks of ours, as an installation does."""

    def name(words: str) -> None:
        monkeypatch.setenv("CSS_PUSH_NETWORKS", words)
        settings.cache_clear()

    name("")
    yield name
    settings.cache_clear()


NEVER = ["https://127.0.0.1/in", "https://[::1]:8443/in", "https://169.254.169.254/latest", "https://10.20.3.4/in", "https://0.0.0.0/"]


@pytest.mark.parametrize("url", NEVER)
def test_an_address_that_nothing_would_ever_be_pushed_to_is_refused(session: Session, networks: Callable[[str], None], url: str) -> None:
    networks("10.99.0.0/16")
    command = SetPartnerTerms(provider_code=PARTNER, way=DeliveryWay.PUSH, push_url=url, at_once=0)
    error = refusal(lambda: set_partner_terms(session, command, by=OPERATOR, at=AT))
    assert isinstance(error, Several)
    assert [(each.code, each.element) for each in error.errors] == [("CSS580E", "push_url"), ("CSS547E", "at_once")]
    assert partner_terms(session, PARTNER).push_url is None


def test_in_a_network_of_ours_it_is_taken_and_outlives_the_setting(session: Session, networks: Callable[[str], None]) -> None:
    networks("10.20.0.0/16")
    ours = SetPartnerTerms(provider_code=PARTNER, push_url="http://10.20.3.4:8080/in")
    assert set_partner_terms(session, ours, by=OPERATOR, at=AT).push_url == "http://10.20.3.4:8080/in"
    public = replace(ours, push_url="http://93.184.216.34/in")
    assert refusal(lambda: set_partner_terms(session, public, by=OPERATOR, at=AT)).code == "CSS580E", "without TLS"
    networks("")
    assert set_partner_terms(session, SetPartnerTerms(provider_code=PARTNER, at_once=2), by=OPERATOR, at=AT).at_once == 2
    pushed = SetPartnerTerms(provider_code=PARTNER, way=DeliveryWay.PUSH)
    assert refusal(lambda: set_partner_terms(session, pushed, by=OPERATOR, at=AT)).element == "push_url"


# Who may, and what is written down.


DEEDS: dict[str, Callable[[Session, Actor, str], object]] = {
    "issue_partner_key": lambda s, by, code: issue_partner_key(s, replace(KEY, provider_code=code), by=by, at=AT),
    "revoke_partner_key": lambda s, by, code: revoke_partner_key(s, RevokePartnerKey(provider_code=code, key_id=_key(s)), by=by, at=AT),
    "expire_partner_key": lambda s, by, code: expire_partner_key(
        s, ExpirePartnerKey(provider_code=code, key_id=_key(s), expires_at=AT + DAY), by=by, at=AT
    ),
    "register_partner_certificate": lambda s, by, code: register_partner_certificate(
        s, RegisterPartnerCertificate(provider_code=code, pem=certificate()[0], words="x"), by=by, at=AT
    ),
    "revoke_partner_certificate": lambda s, by, code: revoke_partner_certificate(
        s, RevokePartnerCertificate(provider_code=code, certificate_id=_certificate(s)), by=by, at=AT
    ),
    "set_partner_terms": lambda s, by, code: set_partner_terms(s, SetPartnerTerms(provider_code=code, at_once=4), by=by, at=AT),
}


def _key(session: Session) -> int:
    return issue_partner_key(session, KEY, by=OPERATOR, at=AT).key_id


def _certificate(session: Session) -> int:
    command = RegisterPartnerCertificate(provider_code=PARTNER, pem=certificate()[0], words="x")
    return register_partner_certificate(session, command, by=OPERATOR, at=AT).certificate_id


def rival(session: Session) -> None:
    add = AddProvider(code=RIVAL_CODE, name="Rival Networks Ltd", party_id=RIVAL.id, address_lines=("3 Quay Street",), postcode="ZZ9 9ZZ")
    add_provider(session, add, by=OPERATOR, at=AT)


@pytest.mark.parametrize("deed", DEEDS)
def test_a_supervisor_does_it_and_it_is_audited_and_nobody_else_may(session: Session, deed: str) -> None:
    for by in (CLERK, PARTNER_ACTOR):
        assert refusal(lambda by=by: DEEDS[deed](session, by, PARTNER)).code == "CSS111E"  # type: ignore[misc]
    assert refusal(lambda: DEEDS[deed](session, OPERATOR, "NOBODY1")).code == "CSS104E"
    DEEDS[deed](session, OPERATOR, PARTNER)
    last = session.execute(
        text("SELECT verb, actor_name, subject_kind, subject_number FROM css.audit_event ORDER BY id DESC LIMIT 1")
    ).one()
    assert tuple(last) == (deed, OPERATOR.name, "provider", PARTNER)


# At the command line.


@pytest.fixture
def said(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., str]]:
    monkeypatch.setenv("CSS_DATABASE_URL", engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path))
    settings.cache_clear()

    def run(*words: str, status: int = 0) -> str:
        assert main(list(words)) == status
        out = capsys.readouterr()
        return out.out if status == 0 else out.err

    yield run
    settings.cache_clear()


def test_a_key_lives_and_ends_at_the_command_line(said: Callable[..., str], engine: Engine) -> None:
    key = said("partners", "key", PARTNER, "--words", "live one", "--days", "90").strip()
    sandbox = said("partners", "key", PARTNER, "--area", "sandbox").strip()
    listed = said("partners", "keys", PARTNER)
    assert key not in listed
    number = next(line.split()[0] for line in listed.splitlines() if "live one" in line)
    assert "ends" in said("partners", "expire-key", PARTNER, number, "--days", "7")
    assert "opens nothing" in said("partners", "revoke-key", PARTNER, number)
    assert {line.split()[2]: " ".join(line.split()[3:5]) for line in said("partners", "keys").splitlines()} == {
        "live": "revoked from",
        "sandbox": "in force",
    }
    now = datetime(2100, 1, 1, tzinfo=UTC)
    with transaction(engine) as session:
        assert partner_of_key(session, key, at=now) is None
        assert partner_of_key(session, sandbox, at=now, area=KeyArea.SANDBOX) is not None
    assert "CSS544E" in said("partners", "revoke-key", PARTNER, "999999", status=2)
    assert "CSS543E" in said("partners", "key", PARTNER, "--days", "9999", status=2)


def test_a_certificate_is_registered_from_its_file(said: Callable[..., str], tmp_path: Path) -> None:
    pem, fingerprint = certificate(days=20_000, begins=datetime(2020, 1, 1, tzinfo=UTC))
    file = tmp_path / "brackwater.pem"
    file.write_text(pem, encoding="ascii")
    assert fingerprint in said("partners", "certificate", PARTNER, str(file), "--words", "gateway")
    (line,) = said("partners", "certificates", PARTNER).splitlines()
    assert "in force" in line
    assert "opens nothing" in said("partners", "revoke-certificate", PARTNER, line.split()[0])
    assert "CSS545E" in said("partners", "certificate", PARTNER, __file__, status=2)
    assert "Traceback" not in said("partners", "certificate", PARTNER, str(tmp_path / "none.pem"), status=2)


def test_terms_are_shown_and_changed(said: Callable[..., str], tmp_path: Path) -> None:
    assert "the terms of the house" in said("partners", "terms", PARTNER)
    secret = tmp_path / "push.key"
    secret.write_text("theirs-0815\n", encoding="ascii")
    url = "https://partner.example.com/in"
    shown = said("partners", "terms", PARTNER, "--way", "push", "--push-url", url, "--push-key-file", str(secret), "--at-once", "4")
    assert ("theirs-0815" not in shown, f"{url} (with a key)" in shown, "its own terms" in shown) == (True, True, True)
    assert said("partners", "terms", PARTNER) == shown
    assert "CSS547E" in said("partners", "terms", PARTNER, "--at-once", "99", status=2)


def test_the_same_by_a_script(said: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps({"provider_code": PARTNER, "words": "by script", "area": "sandbox", "days": 30}), encoding="utf-8")
    issued = json.loads(said("do", "issue-partner-key", str(file)))
    assert issued["key"].startswith("css-")
    file.write_text(json.dumps({"provider_code": PARTNER, "key_id": issued["key_id"]}), encoding="utf-8")
    assert json.loads(said("do", "revoke-partner-key", str(file)))["standing"] == "revoked"
    rows = json.loads(said("ask", "partner-keys", f"provider_code={PARTNER}"))
    assert [row["words"] for row in rows if row["key_id"] == issued["key_id"]] == ["by script"]
    assert issued["key"] not in json.dumps(rows)
