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
        ("A [MASK] and a [mask].", "[mask]"),
        ("A [ MASK ] here.", "[ MASK ]"),
        ("A [MASK] and a [MASK ].", "[MASK ]"),
        ("A (MASK) here.", "(MASK)"),
        ("A MASK here.", "MASK"),
        ("A ［MASK］ here.", "［MASK］"),
        ("A < mask > here.", "< mask >"),
        ("A [MASK], a ([MASK]) and [MASK][MASK].", ""),
        ("UNMASKED, MASKS and [masks].", ""),
        ("Behind a mask, snake_case and a_b.", ""),
        ("", ""),
    ],
)
def test_what_looks_like_a_mask_is_found_and_named_as_it_was_typed(text, found):
    assert meant_as_mask(text) == found
