import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core.errors import UserError
from fnet_studio.data.split import split_rows, stratified_rows


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


LABELS = st.lists(st.integers(1, 12), min_size=1, max_size=8).map(
    lambda counts: np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts)).astype(np.int32)
)


@given(labels=LABELS, share=st.floats(0.01, 0.95), seed=st.integers(0, 2**32 - 1))
def test_a_stratified_split_parts_all_rows_by_the_share_and_each_class_with_two_is_in_both(labels, share, seed):
    counts = np.bincount(labels)
    if counts.max() < 2:
        with pytest.raises(UserError, match="No class has two texts"):
            stratified_rows(labels, share, seed)
        return
    train, validation = stratified_rows(labels, share, seed)
    assert sorted([*train, *validation]) == list(range(len(labels)))
    assert abs(len(validation) - int(share * len(labels))) <= len(counts)
    trained, held_out = (np.bincount(labels[rows], minlength=len(counts)) for rows in (train, validation))
    assert (trained > 0).all()
    assert ((held_out > 0) == (counts > 1)).all()
    many = (share * counts >= 1) & ((1 - share) * counts >= 1)
    assert (np.abs(held_out - share * counts)[many] <= 1 + 1e-9).all()
    assert all(map(np.array_equal, stratified_rows(labels, share, seed), (train, validation)))


@pytest.mark.parametrize("counts", [[90, 10], [36, 4], [37, 3], [12] * 5, [20] * 10, [50, 45, 5]])
def test_a_stratified_split_gives_each_class_the_same_share_and_its_seed_decides_which_texts(counts):
    labels = np.repeat(np.arange(len(counts)), counts)
    drawn = [stratified_rows(labels, 0.2, seed)[1] for seed in range(20)]
    assert all(len(rows) == sum(counts) // 5 for rows in drawn)
    for rows in drawn:
        held_out = np.bincount(labels[rows], minlength=len(counts))
        assert (np.abs(held_out - 0.2 * np.array(counts)) < 1).all()
    assert len({tuple(sorted(rows)) for rows in drawn}) == len(drawn)
    assert any((np.diff(rows) < 0).any() for rows in drawn)  # in no order of classes
