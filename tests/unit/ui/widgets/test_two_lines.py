from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from fnet_studio.ui.widgets.two_lines import LINE, TwoLines

RED = QColor("#ff0000")


def drawn(qtbot, icon):
    shown = QListWidget()
    qtbot.addWidget(shown)
    shown.setItemDelegate(TwoLines(300, shown))
    shown.setIconSize(QSize(18, 18))
    item = QListWidgetItem(icon, "A name", shown)
    item.setData(LINE, "what it is")
    shown.resize(320, 80)
    shown.show()
    return shown.visualItemRect(item), shown.viewport().grab().toImage()


def test_an_icon_stands_once_at_the_left_in_the_middle_of_its_row(qtbot, themes):
    picture = QPixmap(18, 18)
    picture.fill(RED)
    row, image = drawn(qtbot, QIcon(picture))
    places = [(x, y) for x in range(image.width()) for y in range(image.height()) if image.pixelColor(x, y) == RED]
    assert len(places) == 18 * 18
    left, right = min(x for x, _ in places), max(x for x, _ in places)
    assert left == TwoLines.PAD_X
    assert right - left == 17
    middle = sum(y for _, y in places) / len(places)
    assert abs(middle - row.center().y()) <= 1


def test_without_an_icon_the_words_begin_at_the_edge(qtbot, themes):
    _, image = drawn(qtbot, QIcon())
    ground = image.pixelColor(300, 4)
    inked = [x for x in range(image.width()) for y in range(image.height()) if image.pixelColor(x, y) != ground]
    assert TwoLines.PAD_X <= min(inked) <= TwoLines.PAD_X + 3
