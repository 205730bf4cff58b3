"""What is dragged from another program and dropped, through Qt's own way: who declines it hands it to its parent."""

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

HOW = (Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)


def files(*paths):
    """As file managers send them: with their names as text."""
    data = QMimeData()
    urls = [QUrl.fromLocalFile(str(path)) for path in paths]
    data.setUrls(urls)
    data.setText("\n".join(url.toString() for url in urls))
    return data


def words(text, link=""):
    data = QMimeData()
    data.setText(text)
    data.setHtml(f"<b>{text}</b>")
    if link:
        data.setUrls([QUrl(link)])
    return data


def drop(widget, data):
    """Whether anything took it."""
    action, *pressed = HOW
    entering = QDragEnterEvent(QPoint(5, 5), action, data, *pressed)
    entering.ignore()
    QApplication.sendEvent(widget, entering)
    if entering.isAccepted():
        QApplication.sendEvent(widget, QDropEvent(QPointF(5, 5), action, data, *pressed))
    return entering.isAccepted()
