"""Where a file is saved: the name that is suggested, the ending that it gets, and what is asked before one is lost."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from fnet_studio.ui.explore.pictures.export_button import ExportButton, Shown
from fnet_studio.ui.explore.pictures.plane import Axis, Plane
from fnet_studio.ui.save_file import ask_save_path

AXIS = Axis("layer", "layer", names=("1", "2"))
YES, NO = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No


class Dialogs:
    """Answers the dialogs as a user would; the names and the questions that they show are kept."""

    def __init__(self):
        self.names: list[str] = []
        """To be typed, one a dialog; an empty one gives up."""
        self.answers: list[QMessageBox.StandardButton] = []
        self.suggested: list[Path] = []
        self.questions: list[str] = []

    def name(self, _parent, _title, start, _filters):
        self.suggested.append(Path(start))
        return self.names.pop(0), ""

    def answer(self, box):
        self.questions.append(box.text())
        return self.answers.pop(0)


@pytest.fixture
def dialogs(monkeypatch):
    dialogs = Dialogs()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", dialogs.name)
    monkeypatch.setattr(QMessageBox, "exec", lambda box: dialogs.answer(box))
    return dialogs


@pytest.fixture
def parent(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


@pytest.fixture
def export(qtbot):
    plane = Plane("Share", np.zeros((2, 2), np.float32), AXIS, AXIS, "share")
    button = ExportButton(lambda: Shown("share", [plane], "linear", "A caption"))
    qtbot.addWidget(button)
    return {action.text(): action for action in button.menu().actions()}


def test_a_picture_replaces_none_unasked_whose_name_was_typed_without_its_ending(export, dialogs, tmp_path):
    (tmp_path / "fig1.csv").write_text("mine")
    dialogs.names, dialogs.answers = [str(tmp_path / "fig1"), ""], [NO]
    export["CSV table …"].trigger()
    assert "fig1.csv already exists" in dialogs.questions[0]
    assert dialogs.suggested[1] == tmp_path / "fig1.csv"
    assert (tmp_path / "fig1.csv").read_text() == "mine"
    dialogs.names, dialogs.answers = [str(tmp_path / "fig1")], [YES]
    export["CSV table …"].trigger()
    assert "A caption" in (tmp_path / "fig1.csv").read_text()


@pytest.mark.parametrize(("typed", "got"), [("fig", "fig.svg"), ("fig.2", "fig.2.svg"), ("FIG.SVG", "FIG.SVG")])
def test_a_name_gets_the_ending_that_it_lacks(parent, dialogs, tmp_path, typed, got):
    dialogs.names = [str(tmp_path / typed)]
    assert ask_save_path(parent, "Save", "picture", ".svg", "Drawing") == tmp_path / got


def test_what_the_dialog_itself_asked_is_not_asked_again(parent, dialogs, tmp_path):
    (tmp_path / "fig.svg").write_text("old")
    dialogs.names = [str(tmp_path / "fig.svg")]
    assert ask_save_path(parent, "Save", "picture", ".svg", "Drawing") == tmp_path / "fig.svg"
    assert dialogs.questions == []


def test_the_name_of_a_folder_gets_no_ending(parent, dialogs, tmp_path):
    dialogs.names = [str(tmp_path / "preset")]
    assert ask_save_path(parent, "Export", "fnet", "", "Folder") == tmp_path / "preset"


@pytest.mark.parametrize("name", ["IMDb 1/2", "/etc/data", r"a\b", 'what: "all"?', "two\nlines"])
def test_the_name_of_a_run_suggests_one_file_in_the_folder(parent, dialogs, tmp_path, name):
    dialogs.names = ["", ""]
    assert ask_save_path(parent, "Save", name, ".png", "Picture", tmp_path) is None
    assert ask_save_path(parent, "Save", name, ".png", "Picture") is None
    assert [path.parent for path in dialogs.suggested] == [tmp_path, Path.home()]
    for path in dialogs.suggested:
        assert path.suffix == ".png"
        assert not set('\\:*?"<>|\n') & set(path.name)
