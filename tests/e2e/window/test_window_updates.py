"""Updates through the window and the command line, against a feed on this machine."""

import hashlib

import pytest
from local_hubs import LocalHub
from PySide6.QtWidgets import QApplication

from fnet_studio.cli.main import main
from fnet_studio.core import settings, signatures, updates
from fnet_studio.core.settings import Settings
from fnet_studio.ui.app import make_window
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.updates_card import UpdatesCard

SECRET = bytes(range(32))
PACKAGE = b"a wheel" * 1000


class Publisher(LocalHub):
    def answer(self, request, path, body):
        request.send_file(path.strip("/"))


@pytest.fixture
def publisher(tmp_path, monkeypatch):
    monkeypatch.delenv("FNET_STUDIO_OFFLINE", raising=False)
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "new.whl").write_bytes(PACKAGE)
    file = updates.File("new.whl", hashlib.sha256(PACKAGE).hexdigest(), len(PACKAGE), "whl")
    feed = updates.Feed(1, (updates.Release("99.0", "2026-12-01", "Faster maps.", (file,)),))
    (folder / "feed.json").write_bytes(updates.signed(feed, SECRET))
    with Publisher(folder) as it:
        yield it


@pytest.fixture
def choices(publisher):
    return Settings(update_feed=f"{publisher.address}/feed.json", update_key=signatures.public_key(SECRET).hex())


@pytest.fixture
def card(qtbot, choices, qapp):
    it = UpdatesCard(ThemeSource(qapp, "light"), choices)
    qtbot.addWidget(it)
    it.show()
    return it


def test_nothing_is_asked_before_the_button(card, publisher, qtbot):
    assert "Nobody is asked" in card.words.text()
    assert not card.at_start.isChecked()
    assert publisher.requests == []
    card.check.click()
    qtbot.waitUntil(lambda: not card.busy)
    assert publisher.requests == ["GET /feed.json"]


def test_an_update_is_shown_fetched_and_left_to_the_user(card, qtbot):
    card.check.click()
    qtbot.waitUntil(lambda: not card.busy)
    assert "99.0" in card.words.text()
    assert card.notes.text() == "Faster maps."
    card.download.click()
    qtbot.waitUntil(lambda: not card.busy)
    (path,) = updates.folder().iterdir()
    assert path.read_bytes() == PACKAGE
    assert str(path) in card.words.text()
    assert card.show_file.isVisible()
    assert not card.download.isVisible()


def test_a_tampered_feed_is_told_and_offers_nothing(card, publisher, qtbot):
    card.check.click()
    qtbot.waitUntil(card.download.isVisible)
    path = publisher.folder / "feed.json"
    path.write_bytes(path.read_bytes().replace(b"99.0", b"99.9"))
    with qtbot.waitSignal(card.failed) as told:
        card.check.click()
    assert told.args[0].kind == "update.signature"
    assert "did not work" in card.words.text()
    assert not card.notes.isVisible(), "what an earlier answer said is no longer offered"
    assert not card.download.isVisible()
    assert card.check.isVisible()


def test_a_question_can_be_stopped_and_asked_again(card, publisher, qtbot):
    publisher.wait_after = 5
    card.check.click()
    assert card.stop.isVisible()
    card.stop.click()
    qtbot.waitUntil(lambda: not card.busy)
    assert card.words.text() == "Stopped."
    publisher.wait_after = None
    publisher.go_on.set()
    card.check.click()
    qtbot.waitUntil(lambda: not card.busy)
    assert card.download.isVisible()


@pytest.mark.parametrize("wanted", [True, False])
def test_the_start_asks_only_where_that_was_chosen(qtbot, qapp, publisher, choices, wanted):
    choices.update_check = wanted
    settings.save(choices)
    assert isinstance(qapp, QApplication)
    window = make_window(qapp, "scripted")
    window.show()
    qtbot.waitUntil(lambda: window.supervisor.state.name == "ready", timeout=30_000)
    try:
        if wanted:
            qtbot.waitUntil(lambda: window.notices.find("update") is not None)
            window.notices.find("update").action.click()
            assert window.current == "settings"
            assert window.page("settings").updates.download.isVisibleTo(window)
        assert publisher.requests == ["GET /feed.json"] * wanted
    finally:
        window.close()
        window.deleteLater()


def test_the_command_line_says_and_fetches_the_same(publisher, choices, capsys):
    assert main(["update", "--feed", choices.update_feed, "--key", choices.update_key]) == 0
    assert "99.0" in capsys.readouterr().out
    settings.save(choices)
    assert main(["update", "--download"]) == 0
    path = capsys.readouterr().out.splitlines()[-1]
    assert path.startswith(str(updates.folder()))
    assert main(["update", "--key", "00" * 32]) == 1
    assert "not signed" in capsys.readouterr().err
