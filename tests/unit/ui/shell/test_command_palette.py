import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.ui.command_palette.commands import Command, matching


def commands(*names):
    return [Command(words, line, "square", lambda: None) for words, line in names]


KNOWN = commands(
    ("Open folder", "Button · where the runs are"),
    ("Fine-tune a preset", "Recipe · a classifier on any texts"),
    ("Adapt, then fine-tune", "Recipe · masked-LM first"),
    ("Refinery notes", "Run · Finished"),
)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("fine", ["Fine-tune a preset", "Adapt, then fine-tune", "Refinery notes"]),
        ("tune preset", ["Fine-tune a preset"]),
        ("PRESET fine", ["Fine-tune a preset"]),
        ("masked", ["Adapt, then fine-tune"]),
        ("finished", ["Refinery notes"]),
        ("runs folder", ["Open folder"]),
        ("", [command.words for command in KNOWN]),
        ("   ", [command.words for command in KNOWN]),
        ("nothing of the kind", []),
    ],
)
def test_each_typed_word_is_found_somewhere_and_the_nearest_name_comes_first(typed, found):
    assert [command.words for command in matching(KNOWN, typed)] == found


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=8), st.text(max_size=4))
def test_what_is_found_was_there_and_holds_what_was_typed(names, typed):
    known = commands(*names)
    found = matching(known, typed)
    assert all(command in known for command in found)
    for command in known:
        text = f"{command.words.casefold()}\0{command.line.casefold()}"
        assert (command in found) == all(word in text for word in typed.casefold().split())
