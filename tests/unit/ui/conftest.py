import pytest
from PySide6.QtCore import QCoreApplication, QEvent

from fnet_studio.ui.theme import ThemeSource


@pytest.fixture
def themes(qapp):
    # the widgets of earlier tests wait to be deleted until an event loop runs, and a new stylesheet polishes them all
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return ThemeSource(qapp, "light")


@pytest.fixture
def colours(themes):
    """What widgets call the themes: they read `current` and `changed` alone."""
    return themes
