"""The demo: alike for the same seed, made of nothing that is anybody's, in the trade's volumes, and its books balance."""

from __future__ import annotations

import csv
import gzip
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from random import Random

import polars as pl
import pytest
from sqlalchemy import Engine, text

from billing.actions.rerating import rerate_usage
from billing.checks import check_books
from billing.queries import bill_card
from billing.rerating_commands import RerateUsage
from css.cli import main
from css.core.actor import Actor
from css.core.address import is_sample_email, is_sample_postcode, is_sample_uprn
from css.core.calendar import LONDON, london_instant
from css.core.errors import NotFound
from css.core.money import Money, Price
from css.core.phone import NumberClass, is_sample_number, number_class
from css.core.words import Role, Segment
from css.db.engine import transaction
from css.demo import usage_desk
from css.demo.people import LiveLine
from css.demo.plan import PASSWORD, DemoPlan
from css.demo.run import build, live
from css.demo.traffic import MEAN_SECONDS, calls_of_day
from css.master.clocks import house_clock
from css.master.reference import RETAIL
from css.settings import settings
from css.web.session import sign_on
from repairs.queries.dispatch import engineer_card
from repairs.words import FaultState
from tests.conftest import clone
from tests.golden.rule_files import PEPPOL_MARK, all_faults, schema_faults

LINES, DAYS = 30, 3
LEDGER = text(
    "SELECT e.business_date, e.words, p.nominal_code, sum(p.amount) FROM billing.posting p "
    "JOIN billing.journal_entry e ON e.id = p.journal_entry_id GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
)
ABROAD = re.compile(r"1[2-9][0-9]{2}55501[0-9]{2}|33199000[0-9]{3}")
"""The numbers that North America and France keep for fiction."""
OTHERS = re.compile(rf"{ABROAD.pattern}|44845464[0-689]|118[0-9]{{2}}")
"""And those too short to be anybody's, of ranges in which no number is kept for fiction."""
CALLED = (
    "SELECT {side}_number FROM billing.rated_call UNION SELECT {side}_number FROM billing.usage_set_aside WHERE {side}_number IS NOT NULL"
)
TEXT_COLUMNS = text(
    "SELECT n.nspname, t.relname, a.attname, a.atttypid = 'bytea'::regtype AS is_bytes "
    "FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid JOIN pg_namespace n ON n.oid = t.relnamespace "
    "WHERE t.relkind = 'r' AND n.nspname IN ('css', 'orders', 'repairs', 'billing', 'batch', 'partners') AND a.attnum > 0 "
    "AND NOT a.attisdropped AND format_type(a.atttypid, a.atttypmod) ~ 'char|text|json|bytea'"
)


@dataclass(frozen=True)
class Life:
    """A demo that was lived."""

    engine: Engine
    home: Path
    calls: int
    bills: int

    def files(self) -> dict[str, str]:
        paths = sorted(path for path in self.home.rglob("*") if path.is_file())
        return {str(path.relative_to(self.home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

    def ledger(self) -> list[tuple[object, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(LEDGER)]

    def e_invoices(self) -> list[bytes]:
        return [path.read_bytes() for path in self._xml() if not path.name.endswith(".calls.xml")]

    def statements(self) -> list[bytes]:
        return [path.read_bytes() for path in self._xml() if path.name.endswith(".calls.xml")]

    def bills_by_xml(self) -> int:
        """Of accounts that take nothing but the e-invoice."""
        with self.engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM billing.bill WHERE payer->>'medium' = 'xml'")).scalar_one())

    def _xml(self) -> list[Path]:
        return sorted((self.home / "spool" / "bills").rglob("*.xml"))


@pytest.fixture(scope="module")
def lives(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Life]]:
    """Three small demos: the same seed twice, then another. Everybody is billed on the second night, which dice would spread."""
    with ExitStack() as stack:
        found = {}
        for name, seed in (("first", 1), ("again", 1), ("other", 2)):
            engine = stack.enter_context(clone(server, template))
            home = tmp_path_factory.mktemp(name)
            plan = DemoPlan(lines=LINES, days=DAYS, seed=seed)
            diary, _ = build(engine, plan)
            with transaction(engine) as session:
                session.execute(text("UPDATE css.account SET cycle_day = 2, frequency = 'monthly', cycle_month_group = 1"))
            lived = live(engine, plan, diary, home)
            found[name] = Life(engine, home, lived.calls, lived.bills)
        yield found


@pytest.fixture
def first(lives: dict[str, Life]) -> Life:
    return lives["first"]


def test_the_same_seed_gives_the_same_bills_to_the_byte_and_the_same_ledger(lives: dict[str, Life]) -> None:
    assert lives["first"].files() == lives["again"].files()
    assert lives["first"].ledger() == lives["again"].ledger()
    assert len(lives["first"].e_invoices()) == lives["first"].bills > 15
    assert len([name for name in lives["first"].files() if name.endswith("morning-report.txt")]) == DAYS


def test_another_seed_gives_other_bills(lives: dict[str, Life]) -> None:
    assert lives["first"].ledger() != lives["other"].ledger()
    assert set(lives["first"].e_invoices()).isdisjoint(lives["other"].e_invoices())


@pytest.mark.parametrize("name", ["first", "other"])
def test_the_books_balance(lives: dict[str, Life], name: str) -> None:
    with transaction(lives[name].engine) as session:
        assert check_books(session, "ZZ") == ()


def test_every_issued_bill_lies_in_the_spool_as_it_was_stored(first: Life) -> None:
    statement = text(
        "SELECT b.number, b.state, f.kind, f.file_name, f.sha256, r.business_date FROM billing.bill b "
        "JOIN billing.bill_run r ON r.id = b.bill_run_id LEFT JOIN billing.bill_file f ON f.bill_id = b.id ORDER BY b.number, f.kind"
    )
    with first.engine.connect() as connection:
        rows = connection.execute(statement).all()
    assert {row.state for row in rows} == {"issued"}
    spool = first.home / "spool" / "bills" / "ZZ"
    stored = {f"{row.business_date}/{row.file_name}": row.sha256 for row in rows}
    files = [path for path in spool.rglob("*") if path.is_file()]
    there = {str(path.relative_to(spool)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.name.startswith("ZZ")}
    messages = {name for name in there if name.endswith(".eml")}
    assert {name: sha256 for name, sha256 in there.items() if name not in messages} == stored
    kinds = Counter(row.kind for row in rows)
    assert kinds["pdf"] == kinds["xml"] == first.bills
    assert kinds["calls.xml"] > first.bills // 2
    assert 0 < kinds["csv"] < first.bills
    # Every bill goes by e-mail, is on a print room's list, or is fetched by a partner.
    printed = [row for path in files if path.name.startswith("print-") for row in csv.reader(path.read_text().splitlines())]
    assert len(messages) + sum(row[0] == "BILL" for row in printed) + first.bills_by_xml() == first.bills


def test_every_e_invoice_passes_schema_and_rules_and_the_partners_those_of_peppol_too(first: Life) -> None:
    e_invoices = first.e_invoices()
    assert [faults for xml in e_invoices[:25] for faults in all_faults(xml)] == []
    assert [faults for xml in first.statements()[:25] for faults in schema_faults(xml)] == []
    assert sum(PEPPOL_MARK in xml for xml in e_invoices) == 1, "the partner's, who alone has an electronic address"


def _everything_said(life: Life) -> Iterator[tuple[str, str]]:
    """Each text and document in the database, with its column; a PDF says what its e-invoice says."""
    with life.engine.connect() as connection:
        for schema, table, column, is_bytes in connection.execute(TEXT_COLUMNS).all():
            kind = "bytea" if is_bytes else "text"
            for value in connection.execute(text(f'SELECT DISTINCT "{column}"::{kind} FROM {schema}.{table}')).scalars():
                said = _said(bytes(value)) if is_bytes and value is not None else str(value)
                if not said.startswith("%PDF"):
                    yield f"{schema}.{table}.{column}", said


def _said(content: bytes) -> str:
    """What bytes say: those of a carrier's lines and of the keys of its calls are packed."""
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    if content.startswith(b"PAR1"):
        return str(pl.read_parquet(content).to_dicts())
    return content.decode("latin-1")


@pytest.fixture(scope="module")
def repaired(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A week and a day: the shortest demo that has everything that befalls a district's lines."""
    with clone(server, template) as engine:
        plan = DemoPlan(lines=LINES, days=8)
        diary, _ = build(engine, plan)
        live(engine, plan, diary, tmp_path_factory.mktemp("repaired"))
        yield engine


HAS = {
    "a line that was tested when it was reported": "SELECT FROM repairs.fault WHERE line_test_id IS NOT NULL AND location IS NOT NULL",
    "a full test": "SELECT FROM repairs.line_test WHERE kind = 'full' AND state = 'done'",
    "plant that was broken and mended": "SELECT FROM css.plant_trouble WHERE ends_at > starts_at",
    "plant that is broken": "SELECT FROM css.plant_trouble WHERE ends_at IS NULL",
    "a visit of our own that mended it": "SELECT FROM {visits} WHERE v.state = 'done' AND g.firm IS NULL",
    "a visit of the contractor's that mended it": "SELECT FROM {visits} WHERE v.state = 'done' AND g.firm IS NOT NULL",
    "a fault given back": "SELECT FROM {visits} WHERE v.return_reason = 'more-hands'",
    "nobody in": "SELECT FROM {visits} WHERE v.return_reason = 'no-access'",
    "a visit that was kept": "SELECT FROM css.appointment WHERE skill = 'repair' AND state = 'kept'",
    "a visit that we missed": "SELECT FROM css.appointment WHERE skill = 'repair' AND miss_cause = 'not-equipped'",
    "a clock that stood": "SELECT FROM repairs.clock_interval WHERE state = 'parked' AND ends_at IS NOT NULL",
    "a clock that stood for the customer": "SELECT FROM repairs.clock_interval WHERE state = 'customer-held'",
    "a pair that was changed": "SELECT FROM repairs.pair_change",
    "a clear that was rejected": "SELECT FROM repairs.fault_event WHERE deed = 'reject'",
    "a second clear": "SELECT FROM repairs.fault WHERE clear_count = 2 AND state = 'closed'",
    "a report that was none, paid for": "SELECT FROM {charges} WHERE f.clear_code = 'RWT' AND i.source_key LIKE '%/TRC-FIRST-HOUR'",
    "an expedite that was paid for": "SELECT FROM {charges} WHERE i.source_key LIKE '%/FEE-EXPEDITE'",
    "a visit in vain that was paid for": "SELECT FROM {charges} WHERE i.source_key LIKE '%/VISIT'",
    "damage made safe": "SELECT FROM repairs.fault WHERE kind = 'damage' AND cleared_at IS NOT NULL",
    "four cleared with their cabinet": "SELECT FROM repairs.outage o WHERE state = 'cleared' AND {hung} = 4",
    "an outage that is open": "SELECT FROM repairs.outage o WHERE state = 'open' AND {hung} = 1",
    "an MBORC that is over": "SELECT FROM repairs.mborc WHERE ends_at IS NOT NULL",
    "an MBORC in force": "SELECT FROM repairs.mborc WHERE ends_at IS NULL",
    "a line with a problem": "SELECT FROM repairs.problem WHERE kind = 'line' AND state = 'open'",
    "compensation by the day": "SELECT FROM billing.credited_day WHERE kind = 'delayed-repair'",
    "compensation for a visit": "SELECT FROM billing.credited_day WHERE kind = 'missed-appointment'",
    **{
        f"a fault that is {state}": f"SELECT FROM repairs.fault WHERE state = '{state}'"
        for state in ("queued", "appointed", "on-site", "parked", "cleared", "closed")
    },
}
"""Each with its rows."""
IN_WORDS = {
    "visits": "repairs.visit v JOIN repairs.engineer g ON g.id = v.engineer_id",
    "charges": "css.billable_item i JOIN repairs.fault f ON f.number = i.reference",
    "hung": "(SELECT count(*) FROM repairs.fault f WHERE f.outage_id = o.id)",
}


@pytest.mark.parametrize("what", HAS)
def test_every_matter_of_repairs_is_there_once_at_least(repaired: Engine, what: str) -> None:
    with repaired.connect() as connection:
        assert connection.execute(text(HAS[what].format(**IN_WORDS))).rowcount > 0


def test_repairs_leave_books_that_balance_and_no_two_faults_with_one_engineer(repaired: Engine) -> None:
    with transaction(repaired) as session:
        assert check_books(session, "ZZ") == ()
    with repaired.connect() as connection:
        late = "SELECT count(*) FROM repairs.fault WHERE NOT is_open AND kind = 'line' AND cleared_at > due_at"
        assert connection.execute(text(late)).scalar_one() > 0
        live_visits = "SELECT count(*) FROM repairs.visit WHERE ended_at IS NULL"
        assert connection.execute(text(live_visits)).scalar_one() == 1, "the contractor is on site when the demo ends"


def test_the_contractor_signs_on_and_sees_his_own_visits_alone(repaired: Engine) -> None:
    con = Actor("operator", "CON", RETAIL, frozenset({Role.CONTRACTOR.value}))
    at = london_instant(date(2026, 3, 9), time(7))
    with transaction(repaired) as session:
        assert sign_on(session, "CON", PASSWORD, at=at) is not None
        card = engineer_card(session, "CON", by=con, at=at)
        assert [visit.state for visit in card.visits if visit.is_live] == [FaultState.ON_SITE]
        with pytest.raises(NotFound) as refused:
            engineer_card(session, "JOE", by=con, at=at)
    assert refused.value.code == "CSS341E"


def test_nothing_in_it_is_anybodys(lives: dict[str, Life]) -> None:
    strangers = []
    seen: Counter[str] = Counter()
    for where, said in [*_everything_said(lives["first"]), *_everything_said(lives["other"])]:
        for kind, pattern, is_safe in SAFE:
            for found in re.findall(pattern, said):
                seen[kind] += 1
                if not is_safe(found.replace(" ", "") if kind == "national number" else found):
                    strangers.append((where, kind, found))
    assert strangers == []
    assert min(seen[kind] for kind, _, _ in SAFE) > 0, f"something to look at of every kind: {seen}"


SAFE = (
    # As held: alone, in a list, with a plus. Numbers of another meaning are named by their column's own test or begin otherwise.
    ("number", r"(?<![0-9A-Za-z.\-])\+?((?:44|1|33)[0-9]{9,10})(?![0-9A-Za-z.\-])", lambda n: is_sample_number(n) or ABROAD.fullmatch(n)),
    ("national number", r"(?<![0-9A-Za-z.\-])0[0-9]{3,4} [0-9 ]{6,8}(?![0-9])", lambda n: is_sample_number(f"44{n[1:]}")),
    ("e-mail", r"[^\s\"<>,:;{}()\[\]]+@[^\s\"<>,:;{}()\[\]]+", is_sample_email),
    ("postcode", r"\b[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}\b", is_sample_postcode),
)


def test_the_carriers_give_the_night_all_that_it_has_to_cope_with(first: Life) -> None:
    with first.engine.connect() as connection:
        aside = connection.execute(text("SELECT DISTINCT outcome, reason_code FROM billing.usage_set_aside")).all()
        legs = connection.execute(text("SELECT DISTINCT leg FROM billing.rated_call")).scalars()
        classes = set(connection.execute(text("SELECT DISTINCT charge_class FROM billing.rated_call")).scalars())
        long_call = connection.execute(text("SELECT duration_seconds FROM billing.rated_call WHERE duration_seconds >= 9000")).scalars()
        files = connection.execute(text("SELECT supplier, sequence, layout, file_name FROM billing.usage_file ORDER BY 1, 2")).all()
        kinds = connection.execute(text("SELECT count(service_rate_id), count(wholesale_rate_id), count(*) FROM billing.rated_call")).one()
        partner = connection.execute(text("SELECT wholesale_tariff_code FROM css.provider WHERE code = 'BRACKWAT'")).scalar()
    expected = {("duplicate", "CSS665E"), ("suspended", "CSS412E"), ("suspended", "CSS460W"), ("suspended", "CSS700W")}
    assert expected <= {tuple(row) for row in aside}
    assert set(legs) == {"outgoing", "diverted", "reverse"}
    assert {"GEO", "FREE", "NTS84", "PRS", "DQ"} <= classes
    assert list(long_call) == [9000], "the long call was priced once, as one"
    assert {row.layout for row in files} == {"uk-standard-cdr", "css-csv"}
    assert [row.sequence for row in files if row.supplier == "NTHTEL"] == [1, 2, 3, 4], "the gap was filled"
    assert any(row.file_name.endswith(".csv.gz") for row in files)
    assert kinds[0] >= 3
    assert kinds[1] == kinds[2]
    assert partner == "WHS"
    (report,) = (first.home / "spool" / "morning-report" / "ZZ" / "2026-03-02").glob("morning-report.txt")
    assert "sequence 2 has not come" in " ".join(report.read_text(encoding="utf-8").split())


def test_a_corrected_price_comes_as_a_difference_on_the_next_bill(
    fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a demo of a month, in three days: the price was wrong from the first, it is noticed on the third and billed that night."""
    monkeypatch.setattr(usage_desk, "CORRECTED_FROM", timedelta(0))
    monkeypatch.setattr(usage_desk, "NOTICED_DAY", 2)
    plan = DemoPlan(lines=LINES, days=3)
    diary, _ = build(fresh_engine, plan)
    with transaction(fresh_engine) as session:
        session.execute(text("UPDATE css.account SET cycle_day = 3, frequency = 'monthly', cycle_month_group = 1"))
    lived = live(fresh_engine, plan, diary, tmp_path)
    rerated = lived.desk.rerated
    assert rerated is not None
    assert 0 < rerated.changed_count < rerated.looked_at_count
    assert rerated.net < Price(0)
    assert lived.desk.corrected_bill in lived.desk.words
    with transaction(fresh_engine) as session:
        lines = bill_card(session, lived.desk.corrected_bill, by=usage_desk.BEA).lines
        corrections = [line for line in lines if line.unit == "correction"]
        assert all(line.net <= Money(0) and "Correction of calls to UK mobiles" in line.words for line in corrections)
        again = RerateUsage(district_code="ZZ", tariff_code="RES", from_on=plan.starts_on, reason="Again.")
        at = london_instant(date(2026, 3, 4), time(9))
        assert rerate_usage(session, again, by=usage_desk.BEA, at=at).changed_count == 0
        assert check_books(session, "ZZ") == ()


def test_property_references_and_the_numbers_lived_with_are_of_the_reserved_blocks(first: Life) -> None:
    with first.engine.connect() as connection:
        uprns = connection.execute(text("SELECT uprn FROM css.site")).scalars().all()
        ours = connection.execute(text("SELECT number FROM css.service_number")).scalars().all()
        blocks = connection.execute(text("SELECT first_number, last_number FROM css.number_block")).all()
        charged, others = (set(connection.execute(text(CALLED.format(side=side))).scalars()) for side in ("charged", "other"))
    assert len(uprns) > LINES
    assert [uprn for uprn in uprns if not is_sample_uprn(uprn)] == []
    own = {*ours, *charged, *(end for block in blocks for end in block)}
    assert [number for number in own if not is_sample_number(number)] == []
    assert [number for number in others if not (is_sample_number(number) or OTHERS.fullmatch(number))] == []


def test_calls_are_as_many_and_of_the_kinds_that_the_trade_knows() -> None:
    lines = [LiveLine(f"4416322{n:05d}", "ZZA00000015", Segment.RESIDENTIAL) for n in range(5000)]
    calls = calls_of_day(date(2026, 3, 4), lines, Random(7))  # noqa: S311 - dice, and they must fall alike every time
    assert 2.6 * len(lines) <= calls.height <= 3.4 * len(lines), "about three calls a line and day"
    kinds = Counter(number_class(number) for number in calls["other_number"])
    share = {kind: round(100 * count / calls.height) for kind, count in kinds.items()}
    assert 70 <= share[NumberClass.GEOGRAPHIC] <= 80
    assert 8 <= share[NumberClass.MOBILE] <= 12
    assert 4 <= share[NumberClass.UK_WIDE] <= 8
    assert set(kinds) == {
        *(NumberClass.GEOGRAPHIC, NumberClass.MOBILE, NumberClass.UK_WIDE, NumberClass.FREEPHONE),
        *(NumberClass.INTERNATIONAL, NumberClass.SERVICE_CHARGE),
    }
    hours = Counter(moment.astimezone(LONDON).hour for moment in calls["started_at"])
    assert 18 <= max(hours, key=hours.__getitem__) <= 21, "the evening is the busiest"
    assert hours[3] * 20 < hours[20]
    seconds = calls["duration_seconds"]
    assert 0.9 * MEAN_SECONDS <= int(seconds.sum()) / calls.height <= 1.1 * MEAN_SECONDS
    assert (seconds >= 0).all()
    strays = set(calls["charged_number"]) - {line.number for line in lines}
    assert 0 < len(strays) < calls.height / 100, "a few calls are of nobody's number, as in every carrier's file"


@pytest.fixture
def installation(bare_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An empty database and directory that ``css`` finds by the environment."""
    monkeypatch.setenv("CSS_DATABASE_URL", bare_engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CSS_WORKERS", "1")
    settings.cache_clear()
    yield bare_engine
    settings.cache_clear()


def _rows(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        tables = connection.execute(
            text("SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")
        ).scalars()
        return {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in sorted(tables)}


def test_one_command_on_an_empty_database_and_a_second_one_changes_nothing(
    installation: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--lines", "12", "--days", "2", "--seed", "3"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) <= 10
    assert said[0].startswith("District ZZ, 12 lines, lived 2 days from 01 Mar 2026 in ")
    assert any("1 by telephone" in line and "by a partner's XML" in line for line in said)
    assert any("the books balance" in line for line in said)
    assert any(str(tmp_path / "home" / "spool" / "bills" / "ZZ") in line for line in said)
    rows, files = _rows(installation), Life(installation, tmp_path / "home", 0, 0).files()
    assert rows["orders.customer_order"] >= 1
    assert rows["repairs.fault"] >= 1
    with installation.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM css.operator_session WHERE ended_at IS NULL")).scalar_one() == 0
        days = "SELECT current_on FROM css.business_date"
        assert house_clock(lambda: installation).lived_date() == connection.execute(text(days)).scalar_one() == date(2026, 3, 3)

    assert main(["demo", "--lines", "12", "--days", "2"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("CSS641E District ZZ is there already")
    assert _rows(installation) == rows
    changed = {name for name, digest in Life(installation, tmp_path / "home", 0, 0).files().items() if files.get(name) != digest}
    assert changed <= {"log/css.log"}


@pytest.mark.parametrize(
    "words", [["--lines", "0"], ["--lines", "-5"], ["--lines", "700001"], ["--days", "0"], ["--days", "401"]], ids=lambda words: words[1]
)
def test_a_size_that_cannot_be_made_is_refused_before_anything_is(
    words: list[str], installation: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", *words]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence == "CSS640E A demo has 1 to 700000 lines and 1 to 400 days."
    assert _rows(installation) == {}
    assert not (tmp_path / "home" / "incoming").exists()
