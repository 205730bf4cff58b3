import shutil

import pytest

from fnet_studio.core import places, presets
from fnet_studio.ui.cards import ErrorCard

BUNDLED = places.bundled_presets() / "fnet_mini_en"


@pytest.fixture
def page(open_window):
    driver = open_window(page="presets")
    driver.wait_ready()
    return driver.window.page("presets")


def test_the_bundled_preset_has_a_card_that_cannot_be_deleted(page):
    view = page.views["fnet_mini_en"]
    assert view.card.head == "pretrained"
    assert view.use.isEnabled()
    assert "Delete" not in [item.text() for item in view.findChildren(type(view.use))]


def test_an_imported_folder_becomes_a_preset_of_the_user(page, qtbot, tmp_path):
    source = tmp_path / "my_model"
    shutil.copytree(BUNDLED, source)
    page.import_folder(source)
    qtbot.waitUntil(lambda: "my_model" in page.views, timeout=20_000)
    assert page.notices.find("import") is None
    assert page.import_button.isEnabled()
    assert (places.presets() / "my_model" / "model.weights.h5").is_file()
    assert not presets.read_card(places.presets() / "my_model").bundled


def test_a_folder_that_is_no_preset_is_refused_and_nothing_is_copied(page, qtbot, tmp_path):
    page.import_folder(tmp_path)
    qtbot.waitUntil(lambda: page.notices.find("import") is not None)
    card = page.notices.find("import")
    assert isinstance(card, ErrorCard)
    assert "config.json" in card.message.text()
    assert page.import_button.isEnabled()
    assert not places.presets().exists() or list(places.presets().iterdir()) == []


def test_a_preset_with_a_missing_weight_file_is_shown_with_its_problem(page, tmp_path):
    broken = places.presets() / "broken"
    shutil.copytree(BUNDLED, broken)
    (broken / "model.weights.h5").unlink()
    page.refresh()
    view = page.views["broken"]
    assert not view.use.isEnabled()
    assert "model.weights.h5" in view.card.problem


def test_a_card_leads_to_explore(page, qtbot):
    with qtbot.waitSignal(page.chosen) as chosen:
        page.views["fnet_mini_en"].use.click()
    assert chosen.args == ["fnet_mini_en"]
    assert page.window().current == "explore"
