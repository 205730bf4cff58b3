import pytest

from fnet_studio.ui.theme import ThemeSource


@pytest.fixture
def colours(qapp):
    return ThemeSource("light")
