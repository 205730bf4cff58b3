import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.patterns import compile_pattern
from fnet_studio.data import browse
from fnet_studio.data.browse import OpenedParts
from fnet_studio.data.corpus import LabelledTexts
from fnet_studio.data.dataset import load_dataset
from fnet_studio.data.files import DataFiles, read_files
from fnet_studio.tables.mapping import Columns


def opened(train, validation=(), test=(), labels=None):
    def part(texts, these=None):
        return LabelledTexts(list(texts), np.array(these if these is not None else [0] * len(texts), np.int32))

    return OpenedParts(
        {"train": part(train, labels), "validation": part(validation), "test": part(test)}, ("no", "yes"), ""
    )


few = st.lists(st.sampled_from(["a joy", "dull", "again", " "]), max_size=12)


@given(few, few, few)
def test_twins_are_every_text_that_stood_before_in_its_part_or_in_an_earlier_one(train, validation, test):
    parts = {"train": train, "validation": validation, "test": test}
    within = browse.twins(opened(train, validation, test), across=False)
    for name, texts in parts.items():
        later = [row for row, text in enumerate(texts) if text.strip() and text in texts[:row]]
        assert [other[1] for _, other in within if other[0] == name] == later
    across = browse.twins(opened(train, validation, test), across=True)
    seen = set(train)
    for name in ("validation", "test"):
        later = [row for row, text in enumerate(parts[name]) if text.strip() and text in seen]
        assert [other[1] for _, other in across if other[0] == name] == later
        seen |= set(parts[name])
    for one, other in within + across:
        assert parts[one[0]][one[1]] == parts[other[0]][other[1]]


def test_loosely_equal_texts_are_twins_only_when_asked_for():
    data = opened(["A joy!", "a  JOY", "dull"])
    assert browse.twins(data, across=False) == []
    assert browse.twins(data, across=False, loosely=True) == [(("train", 0), ("train", 1))]


def test_rows_are_found_by_part_label_and_pattern():
    data = opened(["A joy.", "Dull.", "No joy", " "], test=["joy"], labels=[1, 0, 0, 1])
    joy = compile_pattern("joy")
    assert [list(rows) for rows in browse.fitting(data, pattern=joy).values()] == [[0, 2], [], [0]]
    assert list(browse.fitting(data, split="train", label=0, pattern=joy)["train"]) == [2]
    assert list(browse.fitting(data, empty=True)["train"]) == [3]
    assert browse.counts(data.parts["train"], 2) == ((2, 2), 1)


def test_a_pattern_is_looked_for_in_both_texts_of_a_pair():
    part = LabelledTexts(["a joy", "dull", "dull"], np.zeros(3, np.int32), ["dull", "no joy", "dull"])
    data = OpenedParts({"train": part}, ("no", "yes"), "")
    assert list(browse.fitting(data, pattern=compile_pattern("joy"))["train"]) == [0, 1]


def test_a_search_can_be_stopped():
    with pytest.raises(Stopped):
        browse.fitting(opened(["a"]), pattern=compile_pattern("a"), stopped=lambda: True)


def test_a_table_that_is_said_to_have_no_labels_is_plain_text(tmp_path):
    for name in ("all", "train", "test"):
        (tmp_path / f"{name}.csv").write_text("id,words\n" + "".join(f"{n},{name} text {n}\n" for n in range(10)))
    columns = Columns(text="words", label="none")
    test = str(tmp_path / "test.csv")
    found = browse.open_parts("files", tmp_path / "all.csv", DataFiles("", test=test, columns=columns), 0.2, 42)
    assert {name: len(part) for name, part in found.parts.items()} == {"train": 8, "validation": 2, "test": 10}
    assert found.class_names == ()
    assert (found.parts["train"].labels == -1).all()
    assert found.parts["test"].texts[3] == "test text 3"
    folder = browse.open_parts("files", tmp_path, DataFiles("", columns=columns), 0.2, 42)
    assert all(text.startswith("train") for text in folder.parts["train"].texts)


def test_a_classifier_is_not_trained_on_what_is_said_to_have_no_labels(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\nGood,1\nBad,0\n")
    with pytest.raises(UserError, match="no labels"):
        read_files(DataFiles(str(tmp_path / "a.csv"), columns=Columns(label="none")))
    (tmp_path / "a.txt").write_text("Good.\nBad.\n")
    with pytest.raises(UserError, match="no labels"):
        read_files(DataFiles(str(tmp_path / "a.txt")))
    (tmp_path / "b.csv").write_text("text,none\nGood,1\nBad,0\n")
    assert read_files(DataFiles(str(tmp_path / "b.csv"), columns=Columns(label="none"))).class_names == ("0", "1")


def test_plain_text_is_split_and_has_no_labels(tmp_path):
    (tmp_path / "a.txt").write_text("\n".join(f"line {number}" for number in range(10)))
    for path in (tmp_path / "a.txt", tmp_path):
        assert browse.is_plain(path)
        found = browse.open_parts("files", path, DataFiles(str(path)), 0.2, 1)
        assert found.class_names == ()
        assert {name: len(part) for name, part in found.parts.items()} == {"train": 8, "validation": 2, "test": 0}
        assert set(found.parts["train"].labels) == {-1}
    (tmp_path / "neg").mkdir()
    assert not browse.is_plain(tmp_path)


def table(rows):
    return "\n".join([",".join(row) for row in rows]) + "\n"


@pytest.mark.parametrize("paired", [False, True])
def test_a_training_s_report_counts_empty_texts_twins_and_leaks_as_a_look_at_them_does(tmp_path, paired):
    """A pair with one text is not empty, and texts without a letter are no twins."""
    texts = {"train": ["a film", "a film", " ", " "], "validation": ["new", " "], "test": ["a film", " ", "  ", "old"]}
    for name, words in texts.items():
        rows = [(text, str(row % 2)) for row, text in enumerate(words)]
        head = ("text", "label")
        if paired:
            rows, head = [(text, " ", label) for text, label in rows] + [(" ", "b", "1")], ("text1", "text2", "label")
        (tmp_path / f"{name}.csv").write_text(table([head, *rows]))
    files = DataFiles(str(tmp_path))
    report = load_dataset("files", tmp_path, files=files, sequence_length=8, vocabulary_size=100).report
    seen = browse.open_parts("files", tmp_path, files, 0.2, 42)
    within, across = (browse.per_part(browse.twins(seen, across)) for across in (False, True))
    for part in report.splits:
        assert part.empty == browse.counts(seen.parts[part.name], 2)[1] > 0
        assert part.duplicates == within[part.name]
    assert (report.validation_overlap, report.test_overlap) == (across["validation"], across["test"])
    assert [part.empty for part in report.splits] == [2, 1, 2]
    assert (report.test_overlap, report.duplicates) == ((2, 4) if paired else (1, 2))
