"""Spreadsheets as Excel and LibreOffice write them, with what people leave in them."""

import pytest
from workbooks import ods, xlsx

from fnet_studio.core.errors import UserError
from fnet_studio.tables.mapping import Columns, find_columns
from fnet_studio.tables.table import read_table

ROWS = [["review", "stars", "seen"], ["A joy & more", 5, True], ['He said "dull"\nand left', 1.5, False]]


def test_a_sheet_is_read_with_its_numbers_and_yes_or_no_as_text(tmp_path):
    table = read_table(xlsx(tmp_path / "a.xlsx", {"Reviews": ROWS}))
    assert table.columns == {
        "review": ["A joy & more", 'He said "dull"\nand left'],
        "stars": ["5", "1.5"],
        "seen": ["true", "false"],
    }
    assert table.notes == ()
    assert table.whole


def test_a_sheet_of_opendocument_is_read(tmp_path):
    table = read_table(ods(tmp_path / "a.ods", [["text", "label"], ["Schön", "ja"], ["Öde", "nein"]]))
    assert table.columns == {"text": ["Schön", "Öde"], "label": ["ja", "nein"]}


def test_empty_rows_and_columns_around_a_table_do_not_count(tmp_path):
    rows = [[None] * 3, [None, "text", None, "label"], [None, "Good", None, "pos"], [], [None, "Bad", None, "neg"]]
    table = read_table(xlsx(tmp_path / "a.xlsx", {"One": rows}))
    assert table.columns == {"text": ["Good", "Bad"], "label": ["pos", "neg"]}


def test_a_title_above_the_heading_is_left_out_and_told(tmp_path):
    path = tmp_path / "a.xlsx"
    rows = [["text", "label"], ["One.", "a"], ["Two.", "b"]]
    xlsx(path, {"Mine": [["My reviews of 2024", None], *rows]})
    table = read_table(path)
    assert table.columns == {"text": ["One.", "Two."], "label": ["a", "b"]}
    assert "line 2" in table.notes[0]
    xlsx(path, {"Mine": [["One text alone", None], ["Another text.", "1"], ["A third.", "2"]]})
    assert len(read_table(path)) == 3


def test_the_first_sheet_with_something_in_it_is_read_and_the_others_are_named(tmp_path):
    sheets = {"Secret": [["hidden"], ["x"]], "Empty": [], "Reviews": ROWS, "More": [["text"], ["y"]]}
    table = read_table(xlsx(tmp_path / "a.xlsx", sheets, hidden=("Secret",)))
    assert "review" in table.columns
    (note,) = table.notes
    assert "Reviews" in note
    assert "More" in note
    assert "Secret" not in note


@pytest.mark.parametrize("sheets", [{"One": []}, {"One": [["text", "label"]]}])
def test_a_sheet_without_rows_is_said(tmp_path, sheets):
    with pytest.raises(UserError) as caught:
        read_table(xlsx(tmp_path / "a.xlsx", sheets))
    assert caught.value.kind == "data.empty"


@pytest.mark.parametrize("ending", ["xlsx", "xls", "xlsb", "ods"])
@pytest.mark.parametrize("content", [b"", b"PK", b"text,label\n", bytes(range(256)) * 20])
def test_what_is_no_spreadsheet_is_refused_in_words(tmp_path, ending, content):
    path = tmp_path / f"a.{ending}"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_table(path)
    assert caught.value.kind == "data.unreadable"
    assert path.name in caught.value.message


def test_a_cut_off_spreadsheet_is_refused_in_words(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", {"One": ROWS * 50})
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(UserError) as caught:
        read_table(path)
    assert caught.value.kind == "data.unreadable"


def test_an_error_about_the_columns_of_a_workbook_says_which_sheet_was_read(tmp_path):
    sheets = {"Notes": [["page", "year"], ["1", "2020"], ["2", "2021"]], "Reviews": ROWS}
    table = read_table(xlsx(tmp_path / "a.xlsx", sheets))
    with pytest.raises(UserError, match="the sheet Notes was read, and not: Reviews") as caught:
        find_columns(table, Columns(text="review"))
    assert caught.value.kind == "data.columns"
