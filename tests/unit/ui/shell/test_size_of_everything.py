"""How large everything is: what the Settings page offers."""

import pytest

from fnet_studio.ui import scaling


@pytest.mark.parametrize(
    ("screen", "chosen", "offered"),
    [
        ((1280, 800), 100, [100, 110, 125]),
        ((1920, 1080), 100, [100, 110, 125, 150]),
        ((3840, 2160), 125, [100, 110, 125, 150, 175, 200]),
        ((1280, 800), 200, [100, 110, 125, 200]),
        ((800, 600), 100, [100]),
    ],
)
def test_sizes_at_which_the_smallest_window_fits_the_screen_are_offered_and_the_chosen_one(screen, chosen, offered):
    assert scaling.fitting(*screen, chosen) == offered
