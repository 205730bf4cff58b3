"""Every picture is explained, and every worked example leads to one."""

import pytest

from fnet_studio.ui.explore.pictures.explanations import explanation, lessons
from fnet_studio.ui.explore.pictures.kinds import ATTENTION, KINDS, MIXER


@pytest.mark.parametrize("kind", [*KINDS, ATTENTION, MIXER], ids=lambda kind: kind.key)
def test_a_pictures_text_says_its_formula_what_to_look_for_what_it_is_not_and_where_to_read_on(kind):
    text = explanation(kind.key)
    for part in ("**Formula.**", "**What to look for.**", "**What it is not.**", "arXiv 2105.03824"):
        assert part in text


def test_the_worked_examples_lead_to_pictures_and_have_something_to_predict():
    keys = {kind.key for kind in KINDS}
    assert {lesson.title for lesson in lessons()} >= {
        "Why padding matters", "Which layer decides", "What the zero frequency does"
    }  # fmt: skip
    for lesson in lessons():
        assert lesson.picture in keys
        assert "[MASK]" in lesson.sentence
        assert lesson.look.strip()
