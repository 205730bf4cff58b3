import pytest

from fnet_studio.ui.theme import ThemeSource


@pytest.fixture
def themes(qapp):
    return ThemeSource(qapp, "light")


@pytest.fixture
def colours(themes):
    """What widgets call the themes: they read `current` and `changed` alone."""
    return themes
