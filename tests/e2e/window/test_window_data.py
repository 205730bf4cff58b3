"""The Data page with the real worker: every kind of file comes in, and IMDb's archive from a server on this machine."""

import hashlib
import json

import pytest
from local_hubs import LocalHub
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from review_archives import REVIEWS, pack, unpack

from fnet_studio.core import data_sets, places
from fnet_studio.ui.cards import ErrorCard

WAIT_MS = 60_000
ARCHIVE = "aclImdb_v1.tar.gz"
PAIRS = [{"premise": "A man sleeps.", "hypothesis": "He is awake.", "label": "no"}] * 3
PAIRS += [{"premise": "Two dogs run.", "hypothesis": "Dogs move.", "label": "yes"}] * 3


@pytest.fixture
def open_data(open_window):
    def open_(engine):
        driver = open_window(page="data", engine=engine)
        driver.wait_ready(WAIT_MS)
        page = driver.window.page("data")
        driver.wait(lambda: page.library.loaded and page.opened is not None, WAIT_MS)
        return driver, page

    return open_


def drop(page, path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    actions, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    page.dropEvent(QDropEvent(QPointF(QPoint(9, 9)), actions, data, left, Qt.KeyboardModifier.NoModifier))


def put(path, text, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def test_every_kind_of_file_is_dropped_read_and_listed_by_the_real_worker(open_data, tmp_path):
    driver, page = open_data("jax")
    wizard = page.importing

    def bring(path, change=lambda: None):
        drop(page, path)
        driver.wait(lambda: wizard.preview is not None or wizard.source == "imdb", WAIT_MS)
        driver.wait(lambda: bool(wizard.facts.text()), WAIT_MS)
        told = wizard.facts.text()
        change()
        wizard.add.click()
        driver.wait(lambda: page.opened is not None and page.entry.one.data.path == str(path), WAIT_MS)
        return told, {one.name: one.texts for one in page.opened.splits}

    rows = [f"{row % 3};Café number {row}" for row in range(30)]
    told, parts = bring(
        put(tmp_path / "stars.csv", "\n".join(["stars;review", *rows]), "cp1252"),
        lambda: (wizard.label_names.edits["0"].setText("bad"), wizard.label_names.edits["0"].textEdited.emit("bad")),
    )
    assert "Windows-1252" in told
    assert "semicolons" in told
    assert page.opened.class_names == ("1", "2", "bad")
    assert sum(parts.values()) == 30
    told, parts = bring(put(tmp_path / "wide.tsv", "label\ttext\n" + "no\tnon\nyes\toui\n" * 9, "utf-16"))
    assert "UTF-16" in told
    assert "tabs" in told
    assert (page.opened.class_names, sum(parts.values())) == (("no", "yes"), 18)
    told, _ = bring(put(tmp_path / "pairs.jsonl", "\n".join(map(json.dumps, PAIRS))))
    assert "JSON lines" in told
    assert page.opened.paired
    for number in range(6):
        put(tmp_path / f"classes/train/{'dull' if number % 2 else 'good'}/{number}.txt", f"A film, {number}")
        put(tmp_path / f"classes/test/{'dull' if number % 2 else 'good'}/{number}.txt", f"Another film, {number}")
    told, parts = bring(tmp_path / "classes")
    assert "folder for each class" in told
    assert parts["test"] == 6
    told, parts = bring(put(tmp_path / "words.txt", "\n\n".join(f"A plain line, {row}." for row in range(20))))
    assert "plain text" in told
    assert page.opened.class_names == ()
    folder = unpack(tmp_path / "unpacked", REVIEWS)
    for path in (pack(tmp_path / "aclImdb.tar.gz", REVIEWS), folder):
        told, parts = bring(path)
        assert "IMDb" in told
        assert (page.opened.class_names, parts["test"]) == (("neg", "pos"), 8)
    assert [one.format.split(",")[0] for one in data_sets.list_all()[0]] == [
        *("JSON lines", "CSV", "TSV", "JSON lines", "a folder for each class", "plain text", "IMDb", "IMDb")
    ]
    drop(page, put(tmp_path / "table.parquet", "PAR1 and nothing more"))
    driver.wait(lambda: isinstance(wizard.messages.card, ErrorCard), WAIT_MS)
    assert "pyarrow" in wizard.messages.card.message.text() + wizard.messages.card.advice.text()


class Server(LocalHub):
    """IMDb's home: the archive with a tag, so that a download goes on."""

    def answer(self, request, path, body):
        if self.refused:
            request.send(self.refused[0])
        else:
            request.send_file(path.strip("/"), ETag='"one"')


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("FNET_STUDIO_OFFLINE", "0")
    folder = tmp_path / "served"
    folder.mkdir()
    # random bytes, so that the archive is long enough to be held up in its middle
    reviews = {name: f"{text} {hashlib.sha512(name.encode()).hexdigest() * 900}" for name, text in REVIEWS.items()}
    pack(folder / ARCHIVE, {**reviews, "aclImdb/noise.bin": hashlib.shake_256(b"").digest(3_000_000)})
    with Server(folder) as it:
        yield it
        it.go_on.set()


def test_imdb_is_fetched_at_one_click_stopped_gone_on_with_and_checked(open_data, server):
    driver, page = open_data("scripted")
    page.begin_import()
    card = page.importing.imdb
    digest = hashlib.md5((server.folder / ARCHIVE).read_bytes()).hexdigest()

    def trouble():
        driver.wait(lambda: isinstance(card.messages.card, ErrorCard), WAIT_MS)
        return card.messages.card.message.text()

    server.refused = (503, "")
    card.url = f"{server.address}/{ARCHIVE}#md5={digest}"
    card.download.click()
    assert "error 503" in trouble()
    server.refused, server.wait_after = None, 2_000_000
    card.messages.card.action.click()
    driver.wait(lambda: "of 3." in card.working.detail.text(), WAIT_MS)
    driver.wait(lambda: sum(part.stat().st_size for part in places.data().rglob("*.part")) > 1_000_000, WAIT_MS)
    card.working.stop.click()
    driver.wait(lambda: card.download.isEnabled(), WAIT_MS)
    assert "goes on from there" in card.words.text()
    server.wait_after = None
    card.download.click()
    driver.wait(lambda: page.opened is not None and page.entry.one.name == "IMDb reviews", WAIT_MS)
    assert server.ranges
    assert sum(one.texts for one in page.opened.splits) == 16
    page.begin_import()
    card.url = f"{server.address}/{ARCHIVE}#md5={'0' * 32}"
    card.download.click()
    assert digest in trouble()
    server.__exit__()
    card.messages.card.action.click()
    driver.wait(lambda: "could not be downloaded" in trouble(), WAIT_MS)


def test_in_the_smallest_window_only_what_is_on_the_page_scrolls(open_data):
    driver, page = open_data("scripted")
    window = driver.window
    window.resize(window.minimumSize())
    frame = window._frames["data"]
    driver.wait(lambda: page.width() <= frame.viewport().width())
    for place in range(page.tabs.count()):
        page.tabs.setCurrentIndex(place)
        driver.wait(lambda: frame.verticalScrollBar().maximum() == 0)
