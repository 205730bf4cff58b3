"""The pane of one preset."""

import msgspec
import pytest
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QTest

from fnet_studio.core.catalogue import Entry
from fnet_studio.core.presets import PresetCard
from fnet_studio.link.command import local
from fnet_studio.ui.presets.details import PresetDetails
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.widgets.breaking_label import BreakingLabel

LONG = "a_preset_with_a_very_long_name_that_says_everything_about_how_it_was_trained_and_on_what"
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
PANE_PX = 412


@pytest.fixture
def details(qtbot, qapp, themes):
    it = PresetDetails(Supervisor(local("scripted"), qapp), themes)
    qtbot.addWidget(it)
    return it


@pytest.mark.parametrize("name", [LONG, UNBROKEN])
def test_a_long_name_without_spaces_keeps_the_pane_as_narrow_as_it_is(details, name):
    card = PresetCard(name, f"/home/me/presets/{name}", False, 4, 256, 1024, 8192, 128, 4_369_408, head="pretrained")
    entry = Entry(name, name, "yours", "ready", card, source=f"/home/me/{name}.zip", parent=f"run:{name}")
    other = msgspec.structs.replace(entry, key="other")
    details.show_entry(entry, None, None, current=False, checking=False, fitting=[other])
    details.show()
    details.buttons["average"].click()
    assert details.average.isVisible()
    assert details.minimumSizeHint().width() <= PANE_PX
    assert details.average.boxes["other"].toolTip() == f"{name} (other)"


def test_the_names_of_the_classes_are_told_in_one_line(details):
    names = ("Grün", "a <b>", "two\nlines", "", *map(str, range(18)))
    card = PresetCard("sorts", "/presets/sorts", False, head="fine-tuned", class_names=names)
    entry = Entry("sorts", "sorts", "yours", "ready", card)
    details.show_entry(entry, None, None, current=False, checking=False, fitting=[])
    (line,) = [it for it in details.sheet.findChildren(BreakingLabel) if it.accessibleName().startswith("Classes")]
    told = ", ".join(map(str, range(16)))
    assert line.accessibleName() == f"Classes: Grün, a <b>, two lines, (empty), {told} and 2 more"


@pytest.mark.parametrize("text", [f"Folder: C:\\presets\\{LONG}", f"Came from: /home/me/{UNBROKEN}", "two words"])
def test_what_is_copied_of_a_name_is_the_name(qtbot, themes, text):
    it = BreakingLabel(text)
    qtbot.addWidget(it)
    it.setSelection(0, len(it.text()))
    QTest.keySequence(it, QKeySequence(QKeySequence.StandardKey.Copy))
    assert QGuiApplication.clipboard().text() == text
    assert it.accessibleName() == text
