from pathlib import Path

import pytest

from fnet_studio.ui.theme import ThemeSource

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """The offscreen platform says of every window that it cannot hint at sizes."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore("propagateSizeHints"))


@pytest.fixture
def themes(qapp):
    return ThemeSource(qapp, "light")
