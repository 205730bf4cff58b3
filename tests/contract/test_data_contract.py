"""What every engine owes of data sets, asked of each through a real worker process."""

import numpy as np
import pytest
from local_hubs import LocalHub

from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_state import PHASES

PRESET = "fnet_mini_en"


def test_the_head_of_a_table_shows_its_columns_and_labels(worker, tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text("stars,review\n1,A joy.\n0,Dull from start to end.\n1,Again!\n")
    preview, _ = worker.call(protocol.PreviewData(str(path)))
    assert [column.name for column in preview.columns] == ["stars", "review"]
    assert (preview.text, preview.label, preview.rows) == ("review", "stars", 3)
    assert preview.columns[0].labels == (("0", 1), ("1", 2))
    assert preview.samples[0] == ("1", "A joy.")


def test_data_that_cannot_be_read_is_named(worker, tmp_path):
    with pytest.raises(UserError, match=r"nothing\.csv") as caught:
        worker.call(protocol.PreviewData(str(tmp_path / "nothing.csv")))
    assert caught.value.kind == "data.missing"
    assert caught.value.advice


def test_a_data_set_is_looked_at_before_any_training(worker):
    phases = []

    def listen(envelope, blob):
        if isinstance(envelope.body, protocol.Phase):
            phases.append(envelope.body.name)

    inspected, _ = worker.call(protocol.Inspect({"source": "sample", "sequence_length": 16}), listen)
    assert (inspected.data["train"], inspected.data["validation"], inspected.data["test"]) == (128, 32, 80)
    assert inspected.data["report"]["splits"][0]["cut_share"] > 0.5
    assert set(phases) <= set(PHASES)
    with pytest.raises(UserError, match="There is no file"):
        worker.call(protocol.Inspect({"source": "files", "path": "/no/such/table.csv"}))


def test_an_archive_is_downloaded_once_and_what_is_wrong_with_it_has_words(worker, tmp_path):
    served = tmp_path / "served"
    served.mkdir()
    (served / "a.tar.gz").write_bytes(b"x" * 100_000)
    with Plain(served) as hub:
        downloaded, _ = worker.call(protocol.Download(f"{hub.address}/a.tar.gz"))
        assert downloaded.size_bytes == 100_000
        again, _ = worker.call(protocol.Download(f"{hub.address}/a.tar.gz"))
        assert again == downloaded
        assert len(hub.requests) == 1
        with pytest.raises(UserError) as caught:
            worker.call(protocol.Download(f"{hub.address}/a.tar.gz#md5={'0' * 32}"))
    assert caught.value.kind == "download.checksum"


@pytest.fixture
def table(tmp_path):
    """Five texts to train on, one of them twice and one empty, and a test text that is among them."""
    path = tmp_path / "mine"
    path.mkdir()
    train = [("A joy from start to end.", "good"), ("Dull.", "bad"), ("Dull.", "bad"), ("Again!", "good"), (" ", "bad")]
    lines = [f"{text}\t{label}" for text, label in train]
    (path / "train.tsv").write_text("\n".join(["text\tlabel", *lines, *(f"Text {i}\tgood" for i in range(20))]))
    (path / "test.tsv").write_text("text\tlabel\nAgain!\tgood\nNot seen before.\tbad\n")
    return {"source": "files", "path": str(path), "validation_split": 0.2, "sequence_length": 8}


def test_a_data_set_that_is_opened_tells_what_is_in_it(worker, table):
    opened, _ = worker.call(protocol.OpenData(table))
    assert opened.class_names == ("bad", "good")
    assert {split.name: split.texts for split in opened.splits} == {"train": 20, "validation": 5, "test": 2}
    assert sum(split.empty for split in opened.splits) == 1
    assert sum(split.class_counts[0] for split in opened.splits) == 4
    assert opened.test_overlap == 1
    assert sum(split.duplicates for split in opened.splits) + opened.validation_overlap == 1


def test_rows_come_in_pages_and_by_what_is_asked_of_them(worker, table):
    everything, _ = worker.call(protocol.DataRows(table, count=3))
    assert everything.total == 27
    assert len(everything.rows) == 3
    last, _ = worker.call(protocol.DataRows(table, first=25, count=10))
    assert [row.split for row in last.rows] == ["test", "test"]
    dull, _ = worker.call(protocol.DataRows(table, pattern="^dull.$", regex=True))
    assert {row.text for row in dull.rows} == {"Dull."}
    assert dull.total == 2
    assert worker.call(protocol.DataRows(table, pattern="^dull.$"))[0].total == 0
    assert worker.call(protocol.DataRows(table, split="test", label="bad"))[0].rows[0].text == "Not seen before."
    with pytest.raises(UserError, match="at letter 1"):
        worker.call(protocol.DataRows(table, pattern="[", regex=True))
    with pytest.raises(UserError, match="bad, good"):
        worker.call(protocol.DataRows(table, label="worse"))


def test_twins_come_as_pairs(worker, table):
    leaks, _ = worker.call(protocol.DataTwins(table, "leaks"))
    assert ("Again!", "Again!") in [(one.text, other.text) for one, other in leaks.pairs]
    assert leaks.pairs[-1][1].split == "test"
    within, _ = worker.call(protocol.DataTwins(table, "duplicates"))
    assert within.total + leaks.total == 2


def test_lengths_are_counted_by_a_preset_and_by_a_vocabulary_of_their_own(worker, table):
    for preset in (PRESET, ""):
        counted, blob = worker.call(protocol.DataLengths(table, preset))
        counts = np.frombuffer(blob, "<u4").reshape(len(counted.splits), counted.bins)
        assert counts.sum(axis=1).tolist() == [20, 5, 2]
        assert counts[:, -1].sum() > 0
        assert not counted.sampled
    drawn, blob = worker.call(protocol.DataLengths(table, PRESET, most=10))
    assert drawn.sampled
    assert np.frombuffer(blob, "<u4").sum() == sum(drawn.texts) <= 11


def test_a_text_is_packed_as_the_model_gets_it(worker, table):
    text = "A joy from start to end."
    packed, _ = worker.call(protocol.PackText(table, text, preset=PRESET, length=6))
    assert [packed.tokens[0].piece, packed.tokens[-1].piece] == ["[CLS]", "[SEP]"]
    assert len(packed.tokens) == packed.length == 6
    assert packed.cut_tokens == len(packed.cut) > 0
    whole, _ = worker.call(protocol.PackText(table, text, preset=PRESET, length=64))
    assert whole.padding == 64 - len(whole.tokens) > 0
    assert not whole.cut
    assert [token.id for token in packed.tokens[1:-1]] == [token.id for token in whole.tokens[1:5]]
    pair, _ = worker.call(protocol.PackText(table, text, "Again!", preset=PRESET, length=32))
    assert set(pair.segments) == {0, 1}
    scratch, _ = worker.call(protocol.PackText(table, text))
    assert scratch.length == 8
    assert all(text[token.begin : token.end].lower() in token.piece for token in scratch.tokens if token.id > 1)


class Plain(LocalHub):
    def answer(self, request, path, body):
        request.send_file(path.strip("/"))
