"""``css bench gateway`` in small: a real gateway takes, does and is killed, and the figures are of all that was sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from css.bench import gateway
from css.bench.place import Place

pytestmark = pytest.mark.timeout(240)


def test_what_is_taken_is_done_and_a_kill_loses_nothing(
    fresh_engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "WARMING", 4)
    gateway.run(Place(fresh_engine, tmp_path, durable=False), 600, 8, ladder=(1, 2), workers=1, drainers=1, as_json=True)
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(one["at_once"], one["messages"], one["not_taken"]) for one in found["accepted"]] == [(1, 8, 0), (2, 8, 0)]
    for one in (*found["accepted"], found["accepted_while_draining"]):
        assert 0 < one["p50_ms"] <= one["p99_ms"] <= one["worst_ms"]
    assert found["accepted_while_draining"]["messages"] == 8
    assert [(one["messages"], one["done"] + one["refused"]) for one in found["drained"][:2]] == [(20, 20), (4, 4)]
    assert (found["restarted"]["backlog"], found["restarted"]["lost"], found["restarted"]["twice"]) == (4, 0, 0)
