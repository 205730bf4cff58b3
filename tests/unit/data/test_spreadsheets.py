"""Spreadsheets as Excel and LibreOffice write them, with what people leave in them."""

import zipfile
from xml.sax.saxutils import escape

import pytest

from fnet_studio.core.errors import UserError
from fnet_studio.data.tables import read_table

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
ODF = "urn:oasis:names:tc:opendocument:xmlns"
ROWS = [["review", "stars", "seen"], ["A joy & more", 5, True], ['He said "dull"\nand left', 1.5, False]]


def cell(place, value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def xlsx(path, sheets, hidden=()):
    """sheets: name to rows of cells, None for an empty one."""
    with zipfile.ZipFile(path, "w") as archive:
        kinds, links, entries = "", "", ""
        for number, (name, rows) in enumerate(sheets.items(), 1):
            state = ' state="hidden"' if name in hidden else ""
            entries += f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"{state}/>'
            links += f'<Relationship Id="rId{number}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
            kinds += (
                f'<Override PartName="/xl/worksheets/sheet{number}.xml" '
                'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
            )
            lines = "".join(
                f'<row r="{line}">{"".join(cell(f"{chr(65 + at)}{line}", value) for at, value in enumerate(row))}</row>'
                for line, row in enumerate(rows, 1)
            )
            archive.writestr(
                f"xl/worksheets/sheet{number}.xml",
                f'<worksheet xmlns="{MAIN}"><sheetData>{lines}</sheetData></worksheet>',
            )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{entries}</sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>'
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
            'PartName="/xl/workbook.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
            f"{kinds}</Types>",
        )
    return path


def ods(path, rows):
    def one(value):
        return f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'

    lines = "".join(f"<table:table-row>{''.join(map(one, row))}</table:table-row>" for row in rows)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{ODF}:manifest:1.0"><manifest:file-entry manifest:full-path="/" '
            'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>',
        )
        archive.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{ODF}:office:1.0" xmlns:table="{ODF}:table:1.0" '
            f'xmlns:text="{ODF}:text:1.0"><office:body><office:spreadsheet><table:table table:name="One">{lines}'
            "</table:table></office:spreadsheet></office:body></office:document-content>",
        )
    return path


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
