"""``css bench desk``, in small: every screen it asks for comes out, beside a night too. No time is asserted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from css.bench import desk
from css.bench.desk_browser import Answer, Browser
from css.bench.desk_district import desk_place
from css.bench.desk_processes import Asked
from css.core.errors import Refused
from css.web.screen import ResponseClass

LINES = 600


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "WARM_SECONDS", 1.0)


def test_operators_work_beside_a_night_and_every_screen_comes_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with desk_place(LINES, durable=False, keep=tmp_path / "kept") as place:
        desk.run(place, rate=12, seconds=4, with_night=True, as_json=True, head=4)
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    (run,) = found["runs"]
    assert (found["lines"], run["with_night"], run["errors"], run["operators"]) == (LINES, True, 0, 4)
    assert 20 < run["screens"] < 90
    assert {"R1", "R2"} <= set(run["classes"]) <= {"R0", "R1", "R2", "R3"}
    assert {"number to customer CU03"} <= set(run["steps"])
    of_class = run["classes"]["R2"]
    assert of_class["budget"] == 400
    assert 0 < of_class["database_ms"] < of_class["server_ms"]
    assert of_class["p50"] <= of_class["p95"] <= of_class["p99"] <= of_class["longest"]
    assert all(run[name] > 0 for name in ("server_cpu_ms", "database_cpu_ms", "clients_cpu_ms", "rate_achieved", "tail_ratio"))
    assert run["night_steps"][0] == "roll-date", run
    # What was kept is found again, and is not taken for another size.
    with pytest.raises(Refused) as refused, desk_place(LINES + 1, durable=False, keep=tmp_path / "kept"):
        pass
    assert refused.value.code == "CSS960E"


def _asked(meant_at: float, ended_at: float, began_at: float | None = None) -> Asked:
    return Asked("a step", ResponseClass.R1, False, meant_at, meant_at if began_at is None else began_at, ended_at, 1, 1, 2, 3, 4)


def test_a_screen_is_late_from_when_its_key_was_meant_to_be_pressed() -> None:
    """The answer before came at 3.0, so the browser could ask only then: the operator waited since 1.0 all the same."""
    assert _asked(1.0, 3.25, began_at=3.0).latency == 2.25


def test_the_percentile_is_a_value_that_was_measured() -> None:
    assert [desk.percentile([1, 2, 3, 4], percent) for percent in (1, 25, 50, 95, 99, 100)] == [1, 1, 2, 4, 4, 4]
    assert desk.percentile([7], 95) == 7


def test_a_desk_that_slows_down_shows_in_its_last_tenth() -> None:
    assert desk.tail_ratio([_asked(float(n), n + (0.1 if n < 50 else 0.4)) for n in range(100)]) == pytest.approx(0.25)


def test_the_night_is_at_work_from_its_first_step_to_its_end() -> None:
    steps = [("roll-date", 90.0), ("rate-usage", 101.0), ("ended", 105.0)]
    night = desk.Night(ran=True, steps=steps, began_at=100.0, ended_at=110.0)
    assert night.share == 0.5
    assert night.names == ["roll-date", "rate-usage"]
    assert desk.Night(ran=False, steps=[], began_at=0.0, ended_at=1.0).share == 0


def test_a_browser_sends_what_stands_on_the_page() -> None:
    page = (
        '<title>OR01 Order entry</title><input type=\'x\' name="a" value="1 &amp; 2"><input name="b">'
        '<textarea id="w" name="words" rows="2">\nsaid &lt;so&gt;</textarea>'
        '<li class="error"><b>CSS360E</b> <a href="#b">B is needed.</a></li>'
    )
    answer = Answer(status=422, text=page)
    assert answer.form() == {"a": "1 & 2", "b": "", "words": "said <so>"}
    assert (answer.code, answer.wrong) == ("OR01", "CSS360E B is needed.")
    assert Browser("127.0.0.1", 1).page.form() == {}
