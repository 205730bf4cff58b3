import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core import answer_tables, protocol
from fnet_studio.core.classified_texts import AT_A_TIME, ClassifiedTexts

NAMES = ("bad", "good")


def answered(texts: ClassifiedTexts) -> list[int]:
    """Asked to its end; a text's length decides. How many texts each question had."""
    sizes = []
    while (command := texts.next_part()) is not None:
        sizes.append(len(command.texts))
        shares = [len(text) % 10 / 10 for text in command.texts]
        texts.add(protocol.Classified(NAMES, tuple((1 - share, share) for share in shares)))
    return sizes


@given(st.lists(st.sampled_from(["", "  ", "one", "a longer one", "sixteen letters."]), max_size=3 * AT_A_TIME))
def test_each_text_is_asked_once_in_parts_and_one_without_a_letter_never(words):
    texts = ClassifiedTexts("run", words)
    sizes = answered(texts)
    assert texts.complete
    assert sum(sizes) == sum(bool(word.strip()) for word in words)
    assert all(0 < size <= AT_A_TIME for size in sizes)
    for row, word in enumerate(words):
        expected = "" if not word.strip() else NAMES[len(word) % 10 / 10 > 0.5]
        assert texts.predicted(row) == expected


def test_labels_are_compared_where_they_are_classes_and_the_others_are_named():
    texts = ClassifiedTexts("run", ["a" * 9] * 4 + ["a", ""], labels=["good", "bad", "", "splendid", "bad", "good"])
    answered(texts)
    assert (texts.right.right, texts.right.texts) == (2, 3)
    assert "2 of 3 labels right: 66.7 %" in texts.words()
    assert "none of its classes, not compared: splendid" in texts.words()
    assert "1 without a letter" in texts.words()
    assert "4 good, 1 bad" in texts.words()


def test_a_model_that_was_kept_meanwhile_is_told():
    texts = ClassifiedTexts("run", ["", *["one"] * (3 * AT_A_TIME)])
    for model in ("a", "a", "b"):
        command = texts.next_part()
        texts.add(protocol.Classified(NAMES, ((0.4, 0.6),) * len(command.texts), model))
        assert ("newer model" in texts.words()) == (model == "b")
    assert f"the first {2 * AT_A_TIME + 1} were" in texts.words()


def test_many_classes_are_counted_by_the_most_frequent_ones():
    names = tuple(f"class {number}" for number in range(9))
    texts = ClassifiedTexts("run", ["x"] * 9)
    texts.next_part()
    texts.add(protocol.Classified(names, tuple(tuple(float(at == row) for at in range(9)) for row in range(9))))
    assert texts.words().endswith("1 class 5, 3 other classes")


def test_a_table_has_every_answered_text_with_what_was_given_and_what_was_found():
    texts = ClassifiedTexts("run", ["a,b", ""], ["second", ""], ["good", ""])
    command = texts.next_part()
    assert (command.texts, command.pairs) == (("a,b",), ("second",))
    texts.add(protocol.Classified(NAMES, ((0.25, 0.75),)))
    written = answer_tables.as_csv(texts.head(), texts.rows())
    rows = list(csv.DictReader(io.StringIO(written)))
    full, empty = rows
    assert list(full.values()) == ["0", "a,b", "second", "good", "good", "0.25", "0.75"]
    assert list(full) == ["row", "text", "second_text", "label", "predicted", "p(bad)", "p(good)"]
    assert (empty["predicted"], empty["p(bad)"]) == ("", "")
    (first, last) = texts.as_objects()
    assert first["p(good)"] == pytest.approx(0.75)
    assert last["p(good)"] is None


def test_other_columns_of_the_file_come_along_under_names_of_their_own():
    """Also those of answers that are classified again."""
    others = {"id": [7, 8], "predicted": ["bad", "good"], "predicted (file)": ["x", "y"]}
    texts = ClassifiedTexts("run", ["One.", "Two."], others=others)
    texts.next_part()
    texts.add(protocol.Classified(NAMES, ((0.25, 0.75), (0.75, 0.25))))
    assert texts.head()[-3:] == ["id", "predicted (file)", "predicted (file) (file)"]
    last = list(texts.as_objects())[-1]
    assert (last["id"], last["predicted"], last["predicted (file)"]) == (8, "bad", "good")
    assert len(last) == len(texts.head())
