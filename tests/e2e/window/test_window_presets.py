import json
import shutil
import zipfile
from pathlib import Path

import pytest
from local_hubs import HuggingFace
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest

from fnet_studio.core import places, preset_downloads, preset_import, presets
from fnet_studio.core.run_store import RunWriter
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.runs.told_card import ToldCard

GOLDEN = Path(__file__).resolve().parents[2] / "golden"


def make_preset(folder, **config):
    """As small as what says of itself that it is a preset."""
    (folder / "assets/tokenizer").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"config": {"num_layers": 2, "hidden_dim": 8, **config}}))
    (folder / "model.weights.h5").write_bytes(bytes(100_000))
    (folder / "assets/tokenizer/vocabulary.spm").write_bytes(b"pieces")
    (folder / "README.md").write_text(f"# {folder.name}\n\nLicence: MIT.\n")
    return folder


@pytest.fixture
def open_page(open_window):
    def open_(engine="scripted"):
        driver = open_window(page="presets", engine=engine)
        driver.wait_ready(60_000)
        page = driver.window.page("presets")
        driver.wait(lambda: page.library.loaded)
        return page

    return open_


@pytest.fixture
def page(open_page):
    return open_page()


def keys(page):
    return [entry.key for entry in page.list.model.shown()]


def choose(page, qtbot, key):
    page.select(key)
    qtbot.waitUntil(lambda: page.selected is not None and page.selected.key == key)
    return page.selected


def press(page, name):
    button = page.details.buttons[name]
    assert button.isEnabled()
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)


def test_what_came_with_the_program_is_listed_with_what_can_be_downloaded(page, qtbot):
    assert keys(page) == ["fnet_small_en", "fnet_mini_en", "f_net_base_en", "f_net_large_en"]
    entry = choose(page, qtbot, "fnet_mini_en")
    assert (entry.card.head, entry.licence, entry.usable) == ("pretrained", "Apache-2.0 for the weights", True)
    assert 0 < entry.use_bytes < entry.training_bytes
    assert "delete" not in page.details.buttons
    entry = choose(page, qtbot, "f_net_base_en")
    assert (entry.card.parameters, entry.state) == (82_861_056, "remote")
    assert set(page.details.buttons) == {"download", "download-head"}


def test_every_row_tells_itself_to_a_screen_reader(page):
    model = page.list.model
    told = [model.data(model.index_of(key), Qt.ItemDataRole.AccessibleTextRole) for key in keys(page)]
    assert "fnet_small_en, Came with the program, Predicts words" in told[0]
    assert "To download" in told[2]


def test_arrows_and_enter_lead_to_explore(page, qtbot):
    page.list.view.setFocus()
    QTest.keyClick(page.list.view, Qt.Key.Key_Home)
    choose(page, qtbot, "fnet_mini_en")
    with qtbot.waitSignal(page.chosen) as chosen:
        QTest.keyClick(page.list.view, Qt.Key.Key_Return)
    assert chosen.args == ["fnet_mini_en"]
    assert page.window().current == "explore"


def test_a_preset_is_put_into_a_recipe_for_fine_tuning(page, qtbot):
    choose(page, qtbot, "fnet_mini_en")
    press(page, "fine-tune")
    window = page.window()
    assert window.current == "train"
    assert window.page("train").form.rows["model.preset"].text == "fnet_mini_en"


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_dropped_is_imported(page, qtbot, tmp_path, packed):
    source = make_preset(tmp_path / "my_model")
    if packed:
        with zipfile.ZipFile(tmp_path / "my_model.zip", "w") as archive:
            for path in source.rglob("*"):
                archive.write(path, path.relative_to(source))
        source = tmp_path / "my_model.zip"
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(source))])
    actions, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    page.dropEvent(QDropEvent(QPointF(QPoint(9, 9)), actions, data, left, Qt.KeyboardModifier.NoModifier))
    qtbot.waitUntil(lambda: "my_model" in keys(page), timeout=20_000)
    qtbot.waitUntil(lambda: page.selected.key == "my_model")
    assert isinstance(page.notices.find("import"), ToldCard)
    assert page.importing.button.isEnabled()
    assert (places.presets() / "my_model" / "model.weights.h5").is_file()
    assert page.selected.licence == "MIT"


def test_an_imported_preset_takes_the_place_of_the_bundled_one_of_its_name_at_once(page, qtbot, tmp_path):
    assert choose(page, qtbot, "fnet_mini_en").origin == "bundled"
    page.importing.bring(make_preset(tmp_path / "fnet_mini_en"))
    qtbot.waitUntil(lambda: page.selected.origin == "yours", timeout=20_000)
    assert page.selected.key == "fnet_mini_en"
    assert "delete" in page.details.buttons
    assert "in place of the one that came with the program" in page.notices.find("import").words.text()


def test_a_folder_that_is_no_preset_is_refused_and_nothing_is_copied(page, qtbot, tmp_path):
    page.importing.bring(tmp_path)
    qtbot.waitUntil(lambda: isinstance(page.notices.find("import"), ErrorCard))
    assert "config.json" in page.notices.find("import").message.text()
    assert page.importing.button.isEnabled()
    assert not places.presets().exists() or list(places.presets().iterdir()) == []


def test_a_preset_with_a_missing_weight_file_is_shown_with_its_problem(page, qtbot):
    (make_preset(places.presets() / "broken") / "model.weights.h5").unlink()
    page.refresh()
    entry = choose(page, qtbot, "broken")
    assert (entry.state, "use" in page.details.buttons) == ("damaged", False)
    assert "model.weights.h5" in entry.card.problem


def test_a_folder_that_has_gone_stays_in_the_list_and_is_found_elsewhere(page, qtbot, tmp_path):
    source = make_preset(tmp_path / "outside")
    preset_import.link(source)
    moved = source.rename(tmp_path / "moved")
    page.refresh()
    entry = choose(page, qtbot, "outside")
    assert entry.state == "missing"
    assert set(page.details.buttons) == {"locate", "delete"}
    page.relocate(entry, tmp_path)
    assert isinstance(page.notices.find("error"), ErrorCard)
    page.relocate(entry, moved)
    qtbot.waitUntil(lambda: page.selected.state == "ready")
    assert presets.folder("outside") == moved


def test_a_deleted_preset_comes_back_with_undo(page, qtbot):
    make_preset(places.presets() / "mine")
    page.refresh()
    choose(page, qtbot, "mine")
    page.list.view.setFocus()
    QTest.keyClick(page.list.view, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: "mine" not in keys(page))
    assert not (places.presets() / "mine").exists()
    page.notices.find("trash").action.click()
    qtbot.waitUntil(lambda: "mine" in keys(page))
    assert (places.presets() / "mine/model.weights.h5").is_file()


def test_what_a_run_kept_is_listed_with_its_run(page, qtbot):
    writer = RunWriter.create("My reviews", {"task": "finetune", "model": {"preset": "fnet_mini_en"}})
    make_preset(writer.folder / "preset")
    writer.finish("finished")
    page.refresh()
    entry = choose(page, qtbot, f"run:{writer.record.id}")
    assert (entry.title, entry.parent) == ("My reviews", "fnet_mini_en")
    press(page, "run")
    assert page.window().current == "runs"


def test_the_self_test_says_what_it_compared(page, qtbot):
    choose(page, qtbot, "fnet_mini_en")
    press(page, "check")
    qtbot.waitUntil(lambda: page.details.checks.isVisible())
    assert "All as it should be" in page.details.checks.verdict.text()


def test_presets_are_measured_on_a_text_and_stand_beside_each_other(page, qtbot, tmp_path):
    text = tmp_path / "held-out.txt"
    text.write_text("A text that nobody was trained on.")
    choose(page, qtbot, "fnet_mini_en")
    press(page, "measure")
    card = page.details.measure
    assert card.path.edit.hasFocus()
    assert not card.start.isEnabled()
    QTest.keyClicks(card.path.edit, str(tmp_path / "nowhere.txt"))
    assert not card.start.isEnabled()
    card.path.set_text(str(text))
    QTest.keyClick(card.path.edit, Qt.Key.Key_Return)
    assert card.which.text() == "Measuring fnet_mini_en"
    choose(page, qtbot, "fnet_small_en")
    qtbot.waitUntil(lambda: card.table.rowCount() == 1)
    assert [card.table.item(0, at).text() for at in range(3)] == ["fnet_mini_en", "30.00 %", "90.0"]
    assert card.which.text() == "fnet_small_en"
    card.start.click()
    qtbot.waitUntil(lambda: card.table.rowCount() == 2)
    card.path.set_text(str(tmp_path))
    assert not card.table.isVisible()
    card.path.set_text(str(text))
    assert [card.table.item(at, 0).text() for at in range(2)] == ["fnet_mini_en", "fnet_small_en"]
    text.unlink()
    card.start.click()
    qtbot.waitUntil(lambda: card.messages.card is not None)
    assert card.table.rowCount() == 2
    text.write_text("Another text under the same name.")
    page.window().go("explore")
    page.window().go("presets")
    qtbot.waitUntil(lambda: card.table.rowCount() == 0)
    card.start.click()
    qtbot.waitUntil(lambda: card.table.rowCount() == 1)
    assert card.table.item(0, 0).text() == "fnet_small_en"
    card.close_button.click()
    assert not card.isVisible()
    assert page.details.buttons["measure"].hasFocus()
    choose(page, qtbot, "f_net_base_en")
    assert "measure" not in page.details.buttons


def test_what_was_found_of_a_preset_is_not_shown_of_another_that_has_its_name_now(page, qtbot, tmp_path, golden):
    text = tmp_path / "held-out.txt"
    text.write_text("A text.")
    own = places.presets() / "mine"
    shutil.copytree(golden, own)
    page.refresh()
    choose(page, qtbot, "mine")
    press(page, "check")
    qtbot.waitUntil(lambda: page.details.checks.isVisible())
    press(page, "measure")
    card = page.details.measure
    card.path.set_text(str(text))
    card.start.click()
    qtbot.waitUntil(lambda: card.table.rowCount() == 1)
    page.refresh()
    qtbot.waitUntil(lambda: not page.library._reading)
    assert page.details.checks.isVisible()
    page.remove(page.selected)
    qtbot.waitUntil(lambda: "mine" not in keys(page))
    shutil.copytree(golden, own)
    choose(page, qtbot, "mine")
    assert not page.details.checks.isVisible()
    assert card.table.rowCount() == 0


def test_explore_offers_what_is_there_when_it_is_seen_again(page, qtbot, golden):
    window, explore = page.window(), page.window().page("explore")

    def offered():
        return [explore.sentence.preset.itemData(at) for at in range(explore.sentence.preset.count())]

    window.go("explore")
    qtbot.waitUntil(lambda: explore._loaded is not None)
    window.go("presets")
    shutil.copytree(golden, places.presets() / "a-first-one")
    window.go("explore")
    qtbot.waitUntil(lambda: "a-first-one" in offered())
    assert explore.preset == "fnet_small_en"
    explore.choose_preset("a-first-one")
    qtbot.waitUntil(lambda: explore._loaded is not None and explore._loaded.preset == "a-first-one")
    window.go("presets")
    window.go("explore")
    qtbot.waitUntil(lambda: explore._there_is.preset == "a-first-one")
    window.go("presets")
    shutil.rmtree(places.presets() / "a-first-one")
    window.go("explore")
    qtbot.waitUntil(lambda: isinstance(explore.messages.card, ErrorCard))
    assert "no preset 'a-first-one'" in explore.messages.card.message.text()
    explore.sentence.list_presets("a-first-one")
    assert explore.preset == "fnet_small_en"


def test_a_measurement_is_stopped_and_can_be_begun_again(page, qtbot, tmp_path):
    (tmp_path / "held-out.txt").write_text("A text.")
    choose(page, qtbot, "fnet_mini_en")
    press(page, "measure")
    card = page.details.measure
    card.path.set_text(str(tmp_path / "held-out.txt"))
    card.start.click()
    card.working.stop_wanted.emit()
    assert card.start.isEnabled()
    assert card.table.rowCount() == 0
    card.start.click()
    qtbot.waitUntil(lambda: card.table.rowCount() == 1)


def test_presets_of_one_shape_are_averaged_by_the_real_worker(golden, open_page, qtbot):
    for name in ("one", "other", "third"):
        shutil.copytree(golden, places.presets() / name)
    make_preset(places.presets() / "smaller")
    page = open_page("jax")
    choose(page, qtbot, "fnet_mini_en")
    assert "average" not in page.details.buttons
    choose(page, qtbot, "one")
    press(page, "average")
    card = page.details.average
    assert list(card.boxes) == ["other", "third"]
    assert card.boxes["other"].hasFocus()
    assert not card.go.isEnabled()
    QTest.keyClick(card.boxes["other"], Qt.Key.Key_Space)
    card.go.click()
    assert not card.isVisible()
    qtbot.waitUntil(lambda: page.selected.key == "one-mean", timeout=60_000)
    assert "one-mean is the mean of one and other." in page.notices.find("export").words.text()
    assert "- one\n- other" in page.selected.card.model_card
    choose(page, qtbot, "third")
    press(page, "average")
    assert list(card.boxes) == ["one", "one-mean", "other"]
    choose(page, qtbot, "other")
    assert not card.isVisible()


def test_two_averages_at_once_get_a_name_and_a_message_each(golden, open_page, qtbot):
    for name in ("one", "other", "third"):
        shutil.copytree(golden, places.presets() / name)
    page = open_page("jax")
    choose(page, qtbot, "one")
    one, other, third = (page.library.find(name) for name in ("one", "other", "third"))
    page.average([one, other])
    page.average([one, third])
    qtbot.waitUntil(lambda: page.selected.key == "one-mean-2", timeout=60_000)
    told = [page.notices.find(place).words.text() for place in ("export", "export 1")]
    assert told[0].startswith("one-mean is the mean of one and other.")
    assert told[1].startswith("one-mean-2 is the mean of one and third.")


def test_a_search_leaves_what_matches(page):
    page.list.search.setText("large")
    assert keys(page) == ["f_net_large_en"]
    assert page.selected.key == "f_net_large_en"
    page.list.search.setText("no such")
    assert page.list.counted.text() == "None matches"
    assert not page.details.isVisible()
    page.list.search.clear()
    assert len(keys(page)) == 4


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A large download that the server holds up in the middle until `go_on`."""
    pytest.importorskip("huggingface_hub", reason="huggingface_hub, of the extra hub, is not installed")
    folder = shutil.copytree(GOLDEN / "transformers_masked_lm", tmp_path / "model")
    shutil.copy(GOLDEN / "vocabulary.spm", folder / "spiece.model")
    (folder / "model.safetensors").write_bytes(bytes(range(250)) * 80_000)
    with HuggingFace(folder) as server:
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hf"))
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        monkeypatch.setenv("FNET_STUDIO_OFFLINE", "0")
        server.wait_after = 8_000_000
        yield server
        server.go_on.set()


def test_a_download_is_paused_shown_after_a_restart_and_gone_on_with(hub, open_page, qtbot):
    page = open_page()
    page.downloads.start("hf://local/tiny")
    download = page.downloads.running["tiny"]
    qtbot.waitUntil(lambda: download.done > 5_000_000, timeout=30_000)
    choose(page, qtbot, "tiny")
    qtbot.waitUntil(lambda: "of 20" in page.details.progress.text())
    assert "a second" in page.details.progress.text()
    press(page, "pause")
    qtbot.waitUntil(lambda: not page.downloads.running, timeout=20_000)
    qtbot.waitUntil(lambda: page.selected.state == "paused")
    page.window().close()
    again = open_page()
    entry = choose(again, qtbot, "tiny")
    assert entry.arrived_bytes > 5_000_000
    hub.wait_after = None
    press(again, "resume")
    qtbot.waitUntil(lambda: again.selected.state == "ready", timeout=30_000)
    assert hub.ranges
    assert preset_downloads.begun() == {}


def test_a_cancelled_download_is_taken_off_the_list(hub, page, qtbot):
    page.downloads.start("hf://local/tiny")
    download = page.downloads.running["tiny"]
    qtbot.waitUntil(lambda: download.done > 5_000_000, timeout=30_000)
    choose(page, qtbot, "tiny")
    press(page, "cancel")
    qtbot.waitUntil(lambda: "tiny" not in keys(page), timeout=20_000)
    assert not list(places.data().parent.parent.rglob("*.part"))


@pytest.mark.parametrize(
    ("handle", "name"),
    [("kaggle://me/nets/keras/my_fnet/2", "my_fnet"), ("kaggle://me/nets/keras/f_net_base_en/2", "f_net_base_en")],
)
def test_a_paused_download_from_elsewhere_is_asked_for_by_its_handle(page, qtbot, monkeypatch, handle, name):
    preset_downloads.write(preset_downloads.Begun(name, handle, False, 5, 9))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(places.data() / "kaggle"))
    page.refresh()
    qtbot.waitUntil(lambda: any(entry.key == name and entry.state == "paused" for entry in page.library.entries))
    choose(page, qtbot, name)
    asked = []
    with monkeypatch.context() as patched:
        patched.setattr(page.downloads, "start", lambda preset, head=False: asked.append(preset))
        press(page, "resume")
    assert asked == [handle]
    press(page, "cancel")
    qtbot.waitUntil(lambda: all(entry.state != "paused" for entry in page.library.entries))
    assert preset_downloads.begun() == {}


def test_while_downloads_are_switched_off_a_download_says_so(open_page, qtbot, monkeypatch):
    monkeypatch.setenv("FNET_STUDIO_OFFLINE", "1")
    page = open_page()
    choose(page, qtbot, "f_net_base_en")
    press(page, "download")
    qtbot.waitUntil(lambda: isinstance(page.notices.find("download"), ErrorCard), timeout=20_000)
    assert "FNET_STUDIO_OFFLINE" in page.notices.find("download").message.text()
    assert page.selected.state == "remote"


@pytest.fixture(scope="module")
def golden(tmp_path_factory):
    folder = shutil.copytree(GOLDEN / "kerashub_masked_lm", tmp_path_factory.mktemp("golden") / "tiny_model")
    (folder / "assets/tokenizer").mkdir(parents=True)
    shutil.copy(GOLDEN / "vocabulary.spm", folder / "assets/tokenizer/vocabulary.spm")
    return folder


def test_the_real_worker_imports_checks_and_exports(open_page, qtbot, golden, tmp_path):
    page = open_page("jax")
    page.importing.bring(golden)
    qtbot.waitUntil(lambda: "tiny_model" in keys(page), timeout=60_000)
    entry = choose(page, qtbot, "tiny_model")
    press(page, "check")
    qtbot.waitUntil(lambda: page.details.checks.isVisible(), timeout=120_000)
    checked = page._checked["tiny_model", page.selected.version]
    assert checked.passed
    assert len(checked.comparisons) == 7
    page.export(entry, "transformers", tmp_path / "made")
    qtbot.waitUntil(lambda: "reads back equal" in _words(page.notices.find("export")), timeout=120_000)
    assert (tmp_path / "made/model.safetensors").is_file()
    damaged = shutil.copytree(golden, tmp_path / "damaged")
    (damaged / "model.weights.h5").write_bytes(b"nothing of it")
    page.importing.bring(damaged)
    qtbot.waitUntil(lambda: isinstance(page.notices.find("import"), ErrorCard), timeout=60_000)
    qtbot.waitUntil(lambda: not list(places.presets().glob(".*")))
    assert "damaged" not in keys(page)


def _words(card):
    return card.words.text() if isinstance(card, ToldCard) else ""
