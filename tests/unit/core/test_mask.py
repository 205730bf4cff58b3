import pytest

from fnet_studio.core.mask import meant_as_mask


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A [mask] here.", "[mask]"),
        ("A [Mask] here.", "[Mask]"),
        ("A <mask> here.", "<mask>"),
        ("A <MASK> here.", "<MASK>"),
        ("A __ and a ___.", "__"),
        ("A [MASK] and a [mask].", ""),
        ("Behind a mask, snake_case and a_b.", ""),
        ("", ""),
    ],
)
def test_what_looks_like_a_mask_is_found_only_where_there_is_none(text, found):
    assert meant_as_mask(text) == found
