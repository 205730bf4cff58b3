import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core.errors import UserError
from fnet_studio.data.split import split_rows


@given(count=st.integers(2, 400), share=st.floats(0.05, 0.95), seed=st.integers(0, 2**32 - 1))
def test_rows_are_those_that_keras_takes_for_both_subsets(count, share, seed):
    """Re-derived from what the function of Keras does with a list of paths and an array of labels."""
    paths = [f"{number}.txt" for number in range(count)]
    labels = np.arange(count, dtype="int32")
    np.random.RandomState(seed).shuffle(paths)
    np.random.RandomState(seed).shuffle(labels)
    held_out = int(share * count)
    if not 0 < held_out < count:
        with pytest.raises(UserError):
            split_rows(count, share, seed)
        return
    train, validation = split_rows(count, share, seed)
    assert [f"{row}.txt" for row in train] == paths[:-held_out]
    assert [f"{row}.txt" for row in validation] == paths[-held_out:]
    assert np.concatenate([train, validation]).tolist() == labels.tolist()


def test_rows_agree_with_keras_itself_on_a_folder(tmp_path):
    dataset_utils = pytest.importorskip("keras.src.utils.dataset_utils")
    for label in ("pos", "neg"):
        (tmp_path / label).mkdir()
        for number in range(13):
            (tmp_path / label / f"{number}.txt").write_text(label)
    ordered = sorted(path for path in tmp_path.rglob("*.txt"))
    paths, labels, names = dataset_utils.index_directory(
        str(tmp_path), "inferred", formats=(".txt",), shuffle=True, seed=42, verbose=False
    )
    assert names == ["neg", "pos"]
    parts = split_rows(len(ordered), 0.2, 42)
    for rows, subset in zip(parts, ("training", "validation"), strict=True):
        samples, wanted = dataset_utils.get_training_or_validation_split(paths, labels, 0.2, subset)
        assert [str(ordered[row]) for row in rows] == samples
        assert [int(ordered[row].parent.name == "pos") for row in rows] == list(wanted)


def test_a_share_that_leaves_a_side_empty_is_refused():
    for share in (0.01, 1.0):
        with pytest.raises(UserError) as caught:
            split_rows(10, share, 0)
        assert caught.value.kind == "data.split"
