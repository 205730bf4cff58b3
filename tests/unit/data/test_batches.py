import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.data.batches import batch_rows, batches, steps_per_epoch

counts = st.integers(1, 200)
sizes = st.integers(1, 64)
seeds = st.integers(0, 2**31 - 1)
epochs = st.integers(0, 1000)


@given(count=counts, size=sizes, seed=seeds, epoch=epochs, shuffle=st.booleans())
def test_every_text_comes_exactly_once_and_every_batch_is_full(count, size, seed, epoch, shuffle):
    token_ids = np.arange(count * 3, dtype=np.uint16).reshape(count, 3)
    found = list(batches(token_ids, np.arange(count, dtype=np.int32), size, seed, epoch, shuffle=shuffle))
    assert len(found) == steps_per_epoch(count, size)
    assert {batch.token_ids.shape for batch in found} == {(size, 3)}
    labels = np.concatenate([batch.labels for batch in found])
    weights = np.concatenate([batch.weights for batch in found])
    assert sorted(labels[weights == 1].tolist()) == list(range(count))
    assert weights.sum() == count
    for batch in found:
        assert np.array_equal(batch.token_ids, token_ids[batch.labels])
        assert (batch.token_ids.dtype, batch.labels.dtype, batch.weights.dtype) == (np.int32, np.int32, np.float32)


@given(count=counts, size=sizes, seed=seeds, epoch=epochs)
def test_the_order_depends_on_seed_and_epoch_alone(count, size, seed, epoch):
    rows, weights = batch_rows(count, size, seed, epoch)
    again, same = batch_rows(count, size, seed, epoch)
    assert np.array_equal(rows, again)
    assert np.array_equal(weights, same)


def test_two_epochs_and_two_seeds_differ():
    orders = {batch_rows(100, 10, seed, epoch)[0].tobytes() for seed in range(4) for epoch in range(4)}
    assert len(orders) == 16


@given(count=counts, size=sizes, seed=seeds, data=st.data())
def test_a_resumed_epoch_goes_on_where_it_stopped(count, size, seed, data):
    token_ids = np.arange(count, dtype=np.uint16)[:, None]
    labels = np.zeros(count, np.int32)
    whole = list(batches(token_ids, labels, size, seed, 3))
    first = data.draw(st.integers(0, len(whole)))
    rest = list(batches(token_ids, labels, size, seed, 3, first_step=first))
    assert [batch.token_ids.tolist() for batch in rest] == [batch.token_ids.tolist() for batch in whole[first:]]


def test_unshuffled_batches_keep_the_order():
    rows, weights = batch_rows(5, 2, shuffle=False)
    assert rows.tolist() == [[0, 1], [2, 3], [4, 0]]
    assert weights.tolist() == [[1, 1], [1, 1], [1, 0]]
