"""The data dictionary says what the models say, and every table and column says something."""

from __future__ import annotations

import re

from css.migrations.dictionary import PAGE, column_words, data_dictionary, models
from css.migrations.tables import METADATA


def test_the_page_says_what_the_models_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == data_dictionary(), "write it anew: python -m css.migrations.dictionary"


def test_every_table_says_what_it_is() -> None:
    classes = models()
    assert sorted(METADATA.tables) == sorted(classes)
    assert [name for name, model in classes.items() if not (model.__doc__ or "").strip().endswith(".")] == []


def test_every_column_says_what_it_means() -> None:
    silent = [
        f"{table.fullname}.{name}"
        for table in METADATA.tables.values()
        for name, words in column_words(table).items()
        if not words and not table.columns[name].foreign_keys
    ]
    assert silent == [], "write the sentence under the attribute, or in RECURRING if it means the same everywhere"


def test_no_column_is_left_out() -> None:
    page = data_dictionary()
    for name, table in METADATA.tables.items():
        section = re.split(r"^### ", page.split(f"\n### {name}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
        assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [column.name for column in table.columns]


def test_what_stands_under_an_attribute_is_its_meaning() -> None:
    line = METADATA.tables["css.line"]
    assert column_words(line)["account_id"] == "None while the line is stopped."
    assert column_words(line)["id"] == "A surrogate key; never read out to people."


def test_the_named_guarantees_are_on_the_page() -> None:
    page = data_dictionary()
    assert "`uq_line_pair_id_live`: unique pair_id where `ends_on IS NULL`." in page
    assert "`ex_product_price_overlap`: no two rows with " in page
    assert "Added to only." in page.split("### billing.posting", 1)[1].split("###", 1)[0]
