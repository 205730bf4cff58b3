"""`fnet-studio fill-mask`, over the scripted engine."""

import pytest

from fnet_studio.cli.main import main


def fill_mask(*words):
    return main(["fill-mask", "--engine", "scripted", *map(str, words)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["--joint"], ["--left-to-right"]),
        (["--transformers"], ["--against-preset", "fnet_small_en"]),
        (["--transformers"], ["--candidates", "sea,day"]),
        (["--transformers"], ["--surprise"]),
        (["--joint"], ["--against-preset", "fnet_small_en"]),
        (["--left-to-right"], ["--candidates", "sea,day"]),
        (["--surprise"], ["--candidates", "sea,day"]),
        (["--candidates", "sea,day"], ["--against", "The [MASK]."]),
        (["--mask", "day"], ["--surprise"]),
    ],
)
def test_options_that_would_be_dropped_are_refused(one, other, capsys):
    assert fill_mask("A [MASK] day.", *other, *one) == 1
    assert f"{one[0]} and {other[0]} exclude each other" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["--transformers", "--joint"],
        ["--mask", "day", "--left-to-right"],
        ["--against", "The [MASK].", "--against-preset", "fnet_small_en"],
    ],
)
def test_options_that_work_together_are_taken(options, capsys):
    assert fill_mask("A [MASK] day.", *options) == 0
    assert "[MASK] day." in capsys.readouterr().out
