"""A setting of a form."""

import pytest
from PySide6.QtCore import Qt

from fnet_studio.ui.widgets.field_row import FieldRow


def check(text):
    return "" if text.strip().isdigit() else "Batch is not a whole number. Allowed: 1 to 4096."


@pytest.fixture
def row(qtbot, colours):
    row = FieldRow("training.batch_size", "Batch", "Texts a step.", "1 to 4096", "64", check)
    qtbot.addWidget(row)
    row.show()
    return row


def type_into(qtbot, row, text):
    row.editor.selectAll()
    qtbot.keyClicks(row.editor, text)


def test_a_wrong_text_is_explained_in_words_under_the_field(qtbot, row):
    type_into(qtbot, row, "many")
    assert row._error.isVisible()
    assert row._error.text() == "Batch is not a whole number. Allowed: 1 to 4096."
    assert row.editor.accessibleDescription() == row._error.text()
    type_into(qtbot, row, "32")
    assert not row._error.isVisible()


def test_a_changed_value_is_marked_with_a_dot_and_can_be_reset(qtbot, row):
    assert not row._reset.isVisible()
    type_into(qtbot, row, "32")
    assert row.is_changed
    assert row._label.text() == "• Batch"
    with qtbot.waitSignal(row.changed) as told:
        qtbot.mouseClick(row._reset, Qt.MouseButton.LeftButton)
    assert told.args == ["64"]
    assert row.text == "64"
    assert row._label.text() == "Batch"


def test_setting_a_value_from_outside_emits_nothing(qtbot, row):
    with qtbot.assertNotEmitted(row.changed):
        row.set_text("16")
    assert row.text == "16"


def test_a_closed_set_gives_the_text_behind_the_words(qtbot, colours):
    row = FieldRow("model.mixer", "Mixing", "", "", "fourier", lambda _: "", [("fourier", "FNet"), ("attention", "Tf")])
    qtbot.addWidget(row)
    row.editor.setCurrentIndex(1)
    assert row.text == "attention"
    assert row.is_changed
