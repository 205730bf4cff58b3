import gzip
import json
import unicodedata
import zipfile

import pytest
from review_archives import REVIEWS, pack, unpack
from workbooks import xlsx

from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.data.dataset import load_dataset
from fnet_studio.data.files import DataFiles, find_parts, read_files
from fnet_studio.data.plain import read_imdb_unlabelled, read_plain, read_texts
from fnet_studio.tables.mapping import Columns


def write(path, text, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return str(path)


def refused(files: DataFiles) -> UserError:
    with pytest.raises(UserError) as caught:
        read_files(files)
    assert caught.value.advice
    return caught.value


def test_columns_are_found_by_their_names_in_each_file(tmp_path):
    train = write(tmp_path / "train.tsv", "label\tsentence\n0\tdull\n1\tlovely\n")
    test = write(tmp_path / "dev.tsv", "label\tcontent\n1\tfine\n")
    corpus = read_files(DataFiles(train, test=test))
    assert corpus.class_names == ("0", "1")
    assert (corpus.train.texts, corpus.train.labels.tolist()) == (["dull", "lovely"], [0, 1])
    assert (corpus.test.texts, corpus.test.labels.tolist()) == (["fine"], [1])
    assert corpus.validation is None


def test_columns_without_a_header_are_found_by_their_content(tmp_path):
    train = write(tmp_path / "a.csv", "1,a long and lovely text\n0,a short one\n1,yet another\n")
    assert read_files(DataFiles(train)).train.texts[0] == "a long and lovely text"


def test_columns_may_be_named_and_labels_renamed_and_merged(tmp_path):
    rows = "id,stars,words,other\n1,5,good,x\n2,1,bad,y\n3,4,nice,z\n"
    columns = Columns(text="words", label="stars", classes={"5": "pos", "4": "pos", "1": "neg"})
    corpus = read_files(DataFiles(write(tmp_path / "a.csv", rows), columns=columns))
    assert corpus.class_names == ("neg", "pos")
    assert corpus.train.labels.tolist() == [1, 0, 1]


@pytest.mark.parametrize("train_form", ["NFC", "NFD"])
def test_a_label_is_the_same_however_its_accents_are_written(tmp_path, train_form):
    rows, other = "text,label\ngood,beauté\nbad,café\n", {"NFC": "NFD", "NFD": "NFC"}[train_form]
    train = write(tmp_path / "train.csv", unicodedata.normalize(train_form, rows + "fine,beauté\n"))
    test = write(tmp_path / "test.csv", unicodedata.normalize(other, rows))
    meaning = {unicodedata.normalize(other, "café"): unicodedata.normalize(other, "Chicorée")}
    corpus = read_files(DataFiles(train, test=test))
    assert corpus.class_names == ("beauté", "café")
    assert corpus.test.labels.tolist() == [0, 1]
    renamed = read_files(DataFiles(train, test=test, columns=Columns(classes=meaning)))
    assert renamed.class_names == ("Chicorée", "beauté")
    assert renamed.notes == ()


def test_both_ways_to_write_an_accent_in_one_file_are_one_class(tmp_path):
    both = [unicodedata.normalize(form, "café") for form in ("NFC", "NFD")]
    table = write(tmp_path / "a.csv", f"text,label\ngood,{both[0]}\nfine,{both[1]}\nbad,tea\n")
    for name in (*both, "tea"):
        write(tmp_path / "folders" / name / f"{len(name)}.txt", name)
    for corpus in (read_files(DataFiles(table)), read_files(DataFiles(str(tmp_path / "folders")))):
        assert corpus.class_names == ("café", "tea")
        assert sorted(corpus.train.labels.tolist()) == [0, 0, 1]


def test_classes_keep_the_order_that_runs_of_before_learnt(tmp_path):
    rows = "text,label\ngood,école\nbad,fort\n"
    orders = [
        read_files(DataFiles(write(tmp_path / form, unicodedata.normalize(form[:3], rows)))).class_names
        for form in ("NFC.csv", "NFD.csv")
    ]
    assert orders == [("fort", "école"), ("école", "fort")]


def test_a_column_that_is_not_there_lists_those_that_are(tmp_path):
    train = write(tmp_path / "a.csv", "label,text\n1,good\n0,bad\n")
    error = refused(DataFiles(train, columns=Columns(text="review")))
    assert error.kind == "data.columns"
    assert "'review'" in error.message
    assert "label, text" in error.advice


def test_any_number_of_classes_is_sorted_numbers_by_value(tmp_path):
    train = write(
        tmp_path / "a.csv", "label,text\n" + "".join(f"{n},text {n} {k}\n" for k in range(2) for n in range(12))
    )
    corpus = read_files(DataFiles(train))
    assert corpus.class_names == tuple(str(n) for n in range(12))
    data = load_dataset("files", train, vocabulary_size=100, sequence_length=4)
    assert len(data.train) + len(data.validation) == 24
    assert len(data.test) == 0
    assert data.report.splits[2].lengths.longest == 0
    assert len(data.report.splits[0].class_counts) == 12


def test_a_label_that_is_no_number_stands_behind_the_numbers(tmp_path):
    for first in range(20):
        numbers = [str(first + place) for place in range(4)]
        rows = "".join(f"text {label},{label}\n" for label in ["nan", *reversed(numbers), "-inf"])
        write(tmp_path / "train.csv", "text,label\n" + rows)
        assert read_files(DataFiles(str(tmp_path / "train.csv"))).class_names == (*numbers, "-inf", "nan")


def test_sentence_pairs_are_packed_with_a_separator_and_the_longer_cut_first(tmp_path):
    rows = [{"premise": "a " * 9, "hypothesis": "b c", "label": n % 2} for n in range(6)]
    train = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)))
    corpus = read_files(DataFiles(train))
    assert corpus.train.pairs == ["b c"] * 6
    data = load_dataset("files", train, vocabulary_size=100, sequence_length=8)
    assert data.vocabulary[:3] == ("[PAD]", "[UNK]", "[SEP]")
    words = [data.vocabulary[i] for i in data.train.token_ids[0]]
    assert words == ["a", "a", "a", "a", "a", "[SEP]", "b", "c"]
    assert data.report.splits[0].lengths.longest == 12
    again = load_dataset("files", train, vocabulary_size=100, sequence_length=8)
    assert again.vocabulary == data.vocabulary


def test_two_examples_with_one_text_in_common_are_no_duplicates(tmp_path):
    rows = "sentence1,sentence2,label\n" + "".join(f"same,other {n},{n % 2}\n" for n in range(10))
    report = load_dataset("files", write(tmp_path / "a.csv", rows), vocabulary_size=100, sequence_length=8).report
    assert report.duplicates == 0


@pytest.mark.parametrize("columns", [Columns("text", "text"), Columns("text", "label", "text")])
def test_one_column_cannot_stand_for_two(tmp_path, columns):
    train = write(tmp_path / "a.csv", "text,label\ngood,1\nbad,0\n")
    with pytest.raises(UserError, match="different columns"):
        read_files(DataFiles(train, columns=columns))


def test_rows_without_a_label_are_left_out_and_counted(tmp_path):
    train = write(tmp_path / "a.csv", "label,text\n1,good\n,what\n0,bad\n")
    corpus = read_files(DataFiles(train))
    assert corpus.train.texts == ["good", "bad"]
    assert "1 row without a label was" in corpus.notes[0]


def test_a_meaning_of_what_is_no_label_is_noted_with_the_labels_there_are(tmp_path):
    train = write(tmp_path / "a.csv", "label,text\nSport,goal\nWetter,rain\n")
    corpus = read_files(DataFiles(train, columns=Columns(classes={"0": "a", "Sport": "sports"})))
    (note,) = corpus.notes
    assert "'0'" in note
    assert "Sport, Wetter" in note
    assert "'Sport'" not in note


def test_a_label_of_the_test_part_alone_is_one_that_there_is(tmp_path):
    train = write(tmp_path / "a.csv", "label,text\nSport,goal\nWetter,rain\n")
    test = write(tmp_path / "b.csv", "label,text\nwetter,snow\n")
    assert read_files(DataFiles(train, test=test, columns=Columns(classes={"wetter": "Wetter"}))).notes == ()


PARTS = {
    "train": [["good", "pos"], ["bad", "neg"]],
    "dev": [["fine", "pos"]],
    "test": [["dull", "neg"], ["lovely", "pos"]],
}
HEAD = ["text", "label"]


def together(path):
    """All parts in one file, beside something else."""
    csvs = {f"{name}.csv": "\n".join(map(",".join, [HEAD, *rows])) for name, rows in PARTS.items()}
    if path.suffix == ".xlsx":
        xlsx(path, {"About": [["words"]], **{name.title(): [HEAD, *rows] for name, rows in PARTS.items()}})
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in {"data/more.csv": "a,b\n1,2\n", **csvs}.items():
                archive.writestr(name, content)
    elif path.suffix == ".json":
        lists = {name: [dict(zip(HEAD, row, strict=True)) for row in rows] for name, rows in PARTS.items()}
        path.write_text(json.dumps({"version": 1, **lists}))
    else:
        for name, content in csvs.items():
            path.mkdir(exist_ok=True)
            (path / f"{name}.gz").write_bytes(gzip.compress(content.encode()))
    return path


@pytest.mark.parametrize("name", ["a.xlsx", "a.zip", "a.json", "folder"])
def test_the_parts_of_a_data_set_are_found_by_their_names_in_one_file_as_in_a_folder(tmp_path, name):
    corpus = read_files(DataFiles(str(together(tmp_path / name))))
    assert corpus.class_names == ("neg", "pos")
    assert corpus.train.texts == ["good", "bad"]
    assert corpus.validation is not None
    assert corpus.validation.texts == ["fine"]
    assert (corpus.test.texts, corpus.test.labels.tolist()) == (["dull", "lovely"], [0, 1])
    assert corpus.notes == ()
    assert read_texts(tmp_path / name).texts == ["good", "bad"], "the test's texts are not trained on"


def test_a_part_that_is_chosen_takes_the_place_of_the_one_that_was_found(tmp_path):
    other = write(tmp_path / "other.csv", "text,label\nwell,pos\n")
    corpus = read_files(DataFiles(str(together(tmp_path / "a.json")), test=other))
    assert corpus.test.texts == ["well"]
    assert corpus.validation is not None


def test_a_file_without_a_part_to_train_on_is_one_table(tmp_path):
    xlsx(tmp_path / "a.xlsx", {"All": [HEAD, *PARTS["train"]], "Test": [HEAD, *PARTS["test"]]})
    assert find_parts(tmp_path / "a.xlsx").keys() == {"training"}
    corpus = read_files(DataFiles(str(tmp_path / "a.xlsx")))
    assert corpus.train.texts == ["good", "bad"]
    assert len(corpus.test) == 0
    assert "and not: Test" in corpus.notes[0]


def test_a_label_of_one_part_alone_is_named_with_its_part(tmp_path):
    xlsx(tmp_path / "a.xlsx", {"train": [HEAD, *PARTS["train"]], "test": [HEAD, ["hm", "maybe"]]})
    assert (
        "a.xlsx, test, column 'label', holds the label 'maybe'" in refused(DataFiles(str(tmp_path / "a.xlsx"))).message
    )


def test_a_label_unknown_to_the_training_part_is_named(tmp_path):
    train = write(tmp_path / "a.csv", "label,text\n1,good\n0,bad\n")
    test = write(tmp_path / "b.csv", "label,text\n1,good\nmaybe,hm\n")
    error = refused(DataFiles(train, test=test))
    assert error.kind == "data.labels"
    assert "'maybe'" in error.message
    assert "b.csv" in error.message


@pytest.mark.parametrize(
    "rows", ["label,text\n1,good\n1,bad\n", "label,text\n" + "".join(f"label {n},a text\n" for n in range(50))]
)
def test_a_column_that_cannot_be_the_label_is_refused(tmp_path, rows):
    assert refused(DataFiles(write(tmp_path / "a.csv", rows))).kind == "data.labels"


def test_a_folder_for_each_class_is_read_in_order(tmp_path):
    for name, text in {"b/2.txt": "b two", "b/1.txt": "b one", "a/x/1.txt": "a one", "c/1.txt": "c"}.items():
        write(tmp_path / "texts" / name, text)
    corpus = read_files(DataFiles(str(tmp_path / "texts")))
    assert corpus.class_names == ("a", "b", "c")
    assert corpus.train.texts == ["a one", "b one", "b two", "c"]


def test_a_folder_of_parts_gives_each_its_place(tmp_path):
    root = unpack(tmp_path / "imdb", REVIEWS | {"aclImdb/train/unsup/0_0.txt": "no class"}) / "aclImdb"
    corpus = read_files(DataFiles(str(root)))
    assert corpus.class_names == ("neg", "pos")
    assert (len(corpus.train), len(corpus.test)) == (8, 8)
    tables = tmp_path / "tables"
    for name in ("train", "dev", "test"):
        write(tables / f"{name}.csv", f"label,text\n1,{name}\n0,other {name}\n")
    corpus = read_files(DataFiles(str(tables)))
    assert corpus.validation is not None
    assert (corpus.train.texts[0], corpus.validation.texts[0], corpus.test.texts[0]) == ("train", "dev", "test")


def test_a_given_validation_part_is_kept_as_it_is(tmp_path):
    train = write(tmp_path / "a.csv", "label,text\n1,good\n0,bad\n")
    other = write(tmp_path / "b.csv", "label,text\n1,fine\n")
    data = load_dataset("files", files=DataFiles(train, validation=other), vocabulary_size=100, sequence_length=4)
    assert (len(data.train), len(data.validation), len(data.test)) == (2, 1, 0)
    swapped = load_dataset(
        "files", files=DataFiles(train, test=other), vocabulary_size=100, sequence_length=4, validation_split=0.5
    )
    assert swapped.content_hash != data.content_hash


def test_parts_of_one_and_of_two_texts_are_not_mixed(tmp_path):
    train = write(tmp_path / "a.csv", "sentence1,sentence2,label\na,b,1\nc,d,0\n")
    test = write(tmp_path / "b.csv", "text,label\na,1\n")
    assert refused(DataFiles(train, test=test)).kind == "data.columns"


def test_an_odd_file_in_a_class_folder_is_reported(tmp_path):
    write(tmp_path / "t/a/1.txt", "très bien", "cp1252")
    write(tmp_path / "t/b/1.txt", "bon")
    corpus = read_files(DataFiles(str(tmp_path / "t")))
    assert corpus.train.texts[0] == "très bien"
    assert "a/1.txt" in corpus.notes[0]


def test_an_empty_folder_is_refused(tmp_path):
    assert refused(DataFiles(str(tmp_path))).kind == "data.layout"


def test_a_stop_ends_the_reading_of_folders(tmp_path):
    for number in range(200):
        write(tmp_path / "t" / "ab"[number % 2] / f"{number}.txt", "text")
    asked = []
    with pytest.raises(Stopped):
        read_files(DataFiles(str(tmp_path / "t")), stopped=lambda: asked.append(1) or len(asked) > 1)
    assert len(asked) == 2


def test_plain_text_is_cut_into_lines_or_paragraphs(tmp_path):
    path = tmp_path / "a.txt"
    write(path, "one\r\ntwo\r\n\r\nthree\n")
    assert read_plain(path).texts == ["one two", "three"]
    assert read_plain(path, "line").texts == ["one", "two", "three"]
    assert read_plain(path, "file").texts == ["one\ntwo\n\nthree"]
    write(tmp_path / "b.txt", "four\nfive\n", "utf-16")
    assert read_plain(tmp_path).texts == ["one two", "three", "four", "five"]


def test_plain_text_that_is_none_is_refused(tmp_path):
    write(tmp_path / "a.txt", " \n\n")
    for path, kind in ((tmp_path / "a.txt", "data.empty"), (tmp_path / "b.txt", "data.missing")):
        with pytest.raises(UserError) as caught:
            read_plain(path)
        assert caught.value.kind == kind


def test_the_unlabelled_reviews_are_read_apart(tmp_path):
    files = REVIEWS | {f"aclImdb/train/unsup/{n}_0.txt": f"unlabelled {n}" for n in (1, 0)}
    for path in (pack(tmp_path / "a.tar.gz", files), unpack(tmp_path / "a", files)):
        assert read_imdb_unlabelled(path).texts == ["unlabelled 0", "unlabelled 1"]
    with pytest.raises(UserError) as caught:
        read_imdb_unlabelled(pack(tmp_path / "b.tar.gz", REVIEWS))
    assert "train/unsup" in caught.value.message


def test_sst2_is_read_with_its_known_counts(shared):
    folder = shared / "data" / "eval" / "sst2"
    if not folder.is_dir():
        pytest.skip("SST-2 is not in ../shared")
    corpus = read_files(DataFiles(str(folder)))
    assert corpus.validation is not None
    assert (len(corpus.train), len(corpus.validation), len(corpus.test)) == (67_349, 872, 0)
    assert corpus.class_names == ("0", "1")
    assert corpus.train.texts[0] == "hide new secretions from the parental units"
    assert corpus.notes == ()


def test_a_part_uses_the_columns_of_the_training_part_whatever_its_own_content_suggests(tmp_path):
    rows = [f"{number},a long and happy film,{'neg' if number % 2 else 'pos'}\n" for number in range(6)]
    write(tmp_path / "train.csv", "name,story,kind\n" + "".join(rows))
    write(tmp_path / "test.csv", "name,story,kind\na headline longer than its text,fine,pos\nanother one,bad,neg\n")
    assert read_files(DataFiles(str(tmp_path))).test.texts == ["fine", "bad"]


def test_a_part_without_the_training_part_s_labels_is_told_so(tmp_path):
    rows = [f"{number},a long and happy film,{'neg' if number % 2 else 'pos'}\n" for number in range(6)]
    write(tmp_path / "train.csv", "id,headline,kind\n" + "".join(rows))
    write(tmp_path / "test.csv", "id,headline\n0,a long film\n1,another long film\n2,one more\n")
    error = refused(DataFiles(str(tmp_path)))
    assert "test.csv has no column that could be the label" in error.message
    assert "id, headline" in error.advice
