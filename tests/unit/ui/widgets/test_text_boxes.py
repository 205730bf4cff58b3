"""Words and files that are dropped on boxes, or pasted."""

import pytest
from dropping import drop, files, words
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QGuiApplication

from fnet_studio.ui.widgets.path_field import PathField
from fnet_studio.ui.widgets.text_boxes import TextLine, TextLines

ODD = "mine #1 %20 é.csv"


@pytest.fixture
def field(qtbot):
    field = PathField("File or folder", "", "", lambda _: "")
    qtbot.addWidget(field)
    field.show()
    return field


@pytest.fixture(params=[TextLine, TextLines])
def box(request, qtbot):
    box = request.param()
    qtbot.addWidget(box)
    box.show()
    return box


def text_of(box):
    return box.text() if isinstance(box, TextLine) else box.toPlainText()


def place_of(box):
    """Where what is dropped on it arrives."""
    return box if isinstance(box, TextLine) else box.viewport()


def test_words_and_links_that_are_dropped_are_written_and_files_are_not(box, tmp_path):
    assert not drop(place_of(box), files(tmp_path / ODD))
    assert text_of(box) == ""
    assert drop(place_of(box), words("He wanted to go."))
    assert text_of(box) == "He wanted to go."
    assert drop(place_of(box), words("https://example.org/a", "https://example.org/a"))
    assert "https://example.org/a" in text_of(box)


def test_a_file_is_not_pasted_among_the_lines_of_a_text(qtbot, tmp_path):
    box = TextLines()
    qtbot.addWidget(box)
    for data, after in ((files(tmp_path / ODD), ""), (words("He wanted to go."), "He wanted to go.")):
        QGuiApplication.clipboard().setMimeData(data)
        qtbot.keyClick(box, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        assert box.toPlainText() == after


def test_the_box_of_a_path_takes_the_one_file_that_is_dropped_on_it_in_place_of_what_it_had(field, tmp_path):
    field.set_text("/somewhere/else.csv")
    told = []
    field.changed.connect(told.append)
    assert not drop(field.edit, files(tmp_path / "one.csv", tmp_path / "two.csv"))
    assert field.text == "/somewhere/else.csv"
    assert drop(field.edit, files(tmp_path / ODD))
    assert field.text == str(tmp_path / ODD)
    assert told == [field.text]


def test_a_copied_file_is_pasted_as_its_path(qtbot, field, tmp_path):
    url, before = QUrl.fromLocalFile(str(tmp_path / ODD)), "/somewhere/else.csv"
    for data in (files(tmp_path / ODD), words(url.toString(QUrl.ComponentFormattingOption.FullyEncoded))):
        for place in (0, 4, len(before)):
            field.set_text(before)
            field.edit.setCursorPosition(place)
            QGuiApplication.clipboard().setMimeData(data)
            qtbot.keyClick(field.edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
            assert field.text == str(tmp_path / ODD)


def test_several_copied_files_are_no_path(qtbot, field, tmp_path):
    QGuiApplication.clipboard().setMimeData(files(tmp_path / "one.csv", tmp_path / "two.csv"))
    qtbot.keyClick(field.edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert field.text.count("file:///") == 2
