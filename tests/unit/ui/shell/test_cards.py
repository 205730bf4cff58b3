import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QVBoxLayout, QWidget

from fnet_studio.core.errors import UserError
from fnet_studio.core.protocol import Failed
from fnet_studio.ui.cards import ConfirmCard, EmptyState, ErrorCard
from fnet_studio.ui.notices import SHOWN, Notices
from fnet_studio.ui.parts import Card

FAILED = Failed("a.kind", "It broke.", "Mend it.", "Traceback: line 1\nline 2")


def shown(qtbot, widget):
    qtbot.addWidget(widget)
    widget.show()
    return widget


def test_an_error_card_says_what_happened_and_what_to_do(qtbot, themes):
    card = shown(qtbot, ErrorCard(themes, UserError("a.kind", "It broke.", "Mend it.")))
    assert card.message.text() == "It broke."
    assert card.advice.text() == "Mend it."
    assert not card.fold.isVisible()


def test_nothing_of_a_card_outlives_it(qtbot, qapp, themes):
    before = set(qapp.topLevelWidgets())
    card = ErrorCard(themes, UserError("a.kind", "It broke.", "Mend it."))
    card.show()
    card.dismiss()
    qtbot.waitUntil(lambda: not shiboken6.isValid(card))
    assert not [one for one in set(qapp.topLevelWidgets()) - before if shiboken6.isValid(one)]


def test_a_traceback_is_folded_until_it_is_asked_for(qtbot, themes):
    card = shown(qtbot, ErrorCard(themes, FAILED))
    assert not card.details.isVisible()
    card.fold.click()
    assert card.details.isVisible()
    assert "line 2" in card.details.toPlainText()
    card.fold.click()
    assert not card.details.isVisible()


def test_copying_an_error_takes_everything_along(qtbot, themes):
    card = shown(qtbot, ErrorCard(themes, FAILED))
    card.copy.click()
    text = QGuiApplication.clipboard().text()
    assert all(part in text for part in ("It broke.", "Mend it.", "a.kind", "line 2"))


def test_the_button_of_an_error_does_what_is_advised(qtbot, themes):
    done = []
    card = shown(qtbot, ErrorCard(themes, FAILED, "Try again", lambda: done.append(1)))
    card.action.click()
    assert done == [1]


def test_words_from_outside_are_never_taken_for_markup(qtbot, themes):
    card = shown(qtbot, ErrorCard(themes, Failed("a.kind", "<b>bold</b>", "<img src=x>")))
    assert card.message.textFormat() is Qt.TextFormat.PlainText
    assert card.advice.textFormat() is Qt.TextFormat.PlainText


def test_escape_answers_a_question_with_what_changes_nothing(qtbot, themes):
    answers = []
    card = shown(qtbot, ConfirmCard(themes, "Really?", "", [("yes", "Yes", "danger"), ("no", "No", "")]))
    card.answered.connect(answers.append)
    QTest.keyClick(card, Qt.Key.Key_Escape)
    assert answers == ["no"]


def test_a_question_gives_its_focus_to_what_changes_nothing(qtbot, themes):
    card = ConfirmCard(themes, "Really?", "", [("yes", "Yes", "danger"), ("no", "No", "")])
    assert card.focusProxy() is card.buttons["no"]
    qtbot.addWidget(card)


def test_all_lines_of_an_empty_page_can_be_read(qtbot, themes):
    words = "Every training run is kept here with its recipe, its curves and its results, " * 2
    state = shown(qtbot, EmptyState(themes, "history", "Nothing yet", words))
    state.resize(800, 600)
    qtbot.wait(1)
    assert state.words.height() >= state.words.heightForWidth(state.words.width())


def test_an_empty_page_asks_for_little_room(qtbot, themes):
    state = shown(qtbot, EmptyState(themes, "history", "Nothing yet", "What will be here, and how to begin. " * 4))
    assert state.minimumSizeHint().width() <= 400


def test_a_notice_replaces_an_earlier_one_of_its_kind(qtbot, themes):
    notices = shown(qtbot, Notices())
    first, second = ErrorCard(themes, FAILED), ErrorCard(themes, FAILED)
    notices.put("worker", first)
    notices.put("worker", second)
    assert notices.find("worker") is second
    assert not first.isVisible()
    second.dismiss()
    assert notices.find("worker") is None
    assert not notices.isVisible()


def test_closing_a_replaced_notice_leaves_the_new_one(qtbot, themes):
    notices = shown(qtbot, Notices())
    old, new = ErrorCard(themes, FAILED), ErrorCard(themes, FAILED)
    notices.put("error", old)
    notices.put("error", new)
    old.closed.emit()
    assert notices.find("error") is new


def test_notices_never_fill_the_window(qtbot, themes):
    host = QWidget()
    notices = Notices()
    QVBoxLayout(host).addWidget(notices)
    shown(qtbot, host)
    for number in range(10):
        notices.put(f"kind {number}", ErrorCard(themes, FAILED))
    qtbot.wait(1)
    assert sum(card.isVisible() for card in notices.findChildren(Card)) == SHOWN
    assert notices.find("kind 9") is not None
