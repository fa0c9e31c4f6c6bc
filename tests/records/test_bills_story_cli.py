"""``css bills explain`` as typed, and that the handbook shows what it really says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Engine, text

from css.cli import main
from css.core.money import Money
from css.db.engine import transaction
from css.master.services import Service
from css.settings import settings
from tests import builders
from tests.records.billed import night
from tests.records.priced import call, rated
from tests.records.test_bill_story import FEBRUARY, IN_JANUARY, MARCH, START
from tests.records.test_usage_rerating_cli import examples


@pytest.fixture(scope="module")
def town(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An account with two bills; a feature ceased before the second and was learned of late."""
    with transaction(engine) as session:
        zz = builders.district(session, on=START, sites=6)
        home = builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START)
        display = builders.service(session, home.id, home.account, "CALLER-DISPLAY", where=zz, starts_on=START)
        rated(session, [call(home.number, at=IN_JANUARY.replace(minute=n), seconds=60) for n in range(20)], on=START)
        builders.service(session, home.id, home.account, "MINUTES-100", where=zz, starts_on=START)
        night(session, FEBRUARY)
        feature = session.get_one(Service, display)
        feature.ends_on, feature.end_recorded_on = date(2026, 2, 10), date(2026, 2, 20)
        session.flush()
        night(session, MARCH)
    with pytest.MonkeyPatch.context() as at_home:
        at_home.setenv("CSS_HOME", str(tmp_path_factory.mktemp("home")))
        at_home.setenv("CSS_DATABASE_URL", engine.url.render_as_string(hide_password=False))
        settings.cache_clear()
        yield engine
    settings.cache_clear()


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str], list[str]]:
    capsys.readouterr()
    status = main([*words])
    out, err = capsys.readouterr()
    return status, out.splitlines(), err.splitlines()


def test_the_handbook_shows_what_is_printed(town: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    ((words, printed),) = examples("operator-handbook.md", "Questions about a bill")
    status, out, err = said(capsys, *words)
    assert (status, [line for line in out if line], err) == (0, printed, [])


def test_a_whole_bill_ends_with_its_own_sums(town: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said(capsys, "bills", "explain", "ZZB00000020")
    assert status == 0
    assert out[0].startswith("Bill ZZB00000020 of account ZZA00000019: bill, posted, £")
    assert out[1] == "What was recorded after 2026-02-05 and up to 2026-03-05 is on it."
    assert any(line.startswith("  Amount due: ") for line in out[out.index("The bill") :])


def test_a_long_sum_is_shown_whole_only_where_that_is_asked_for(town: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    _, short, _ = said(capsys, "bills", "explain", "ZZB00000012")
    _, whole, _ = said(capsys, "bills", "explain", "ZZB00000012", "--all")
    assert "    ... and 8 more; --all shows them" in short
    assert len(whole) == len(short) + 7


def test_the_same_is_asked_as_json(town: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said(capsys, "ask", "bill-line-story", "ZZB00000020", "4")
    line = json.loads("\n".join(out))
    assert (status, line["line_number"], line["agrees"]) == (0, 4, True)
    assert sum(Money.parse(part["amount"]).pence for part in line["parts"]) == Money.parse(line["net"]).pence
    assert said(capsys, "ask", "bill-story", "ZZB00000020")[0] == 0


def test_what_is_not_there_is_refused_by_name(town: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = said(capsys, "bills", "explain", "ZZB00000020", "99")
    assert (status, out) == (2, [])
    assert "CSS860E" in err[0]


def test_figures_changed_where_they_stand_are_told_of(town: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    with transaction(town) as session:
        session.execute(text("UPDATE css.product_price SET net_price = 1950.5 WHERE net_price = 1950"))
    status, out, _ = said(capsys, "bills", "explain", "ZZB00000020")
    assert status == 4
    assert any("do not make £" in line for line in out)
