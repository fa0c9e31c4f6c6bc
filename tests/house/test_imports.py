"""Floors, rooms and pure rules: the import contracts of pyproject.toml hold."""

from __future__ import annotations

import pytest
from importlinter.cli import lint_imports

from tests.house.source import ROOT


def test_every_import_contract_is_kept(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == 0, capsys.readouterr().out
