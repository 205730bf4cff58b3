import jax
import numpy as np

from fnet_studio.engine.atlas import atlas_of
from fnet_studio.models.imdb_classifier import build_imdb_classifier
from fnet_studio.models.trace import MixingTrace


def test_a_live_picture_is_the_mixing_within_half_a_grey_level_and_knows_its_frequencies():
    model = build_imdb_classifier(vocabulary_size=50, sequence_length=16, hidden_dim=8, intermediate_dim=8)
    trace = MixingTrace(model)
    ids = jax.random.randint(jax.random.key(0), (1, 16), 0, 50)
    maps, atlas = atlas_of(trace, trace.maps(ids, 4096, 4096), 16, True, 0.0)
    shown = np.frombuffer(atlas, np.uint8).reshape(maps.layers, maps.rows, maps.columns)
    values = maps.low + shown / 255 * (maps.high - maps.low)
    for layer in range(3):
        exact = np.log1p(np.abs(np.fft.fftshift(trace.exact(ids, layer))))
        assert np.abs(values[layer] - exact).max() <= 0.51 * (maps.high - maps.low) / 255
    assert maps.row_span == (-8, 7)
    assert maps.column_span == (-4, 3)
