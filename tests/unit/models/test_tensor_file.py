import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors import safe_open
from safetensors.numpy import load

from fnet_studio.models import tensor_file

KINDS = st.sampled_from([np.float32, np.float64, np.float16, np.int32, np.int64, np.uint32, np.uint8, np.bool_])
TENSORS = st.dictionaries(
    st.text(min_size=1, max_size=12).filter(lambda name: name != "__metadata__"),
    KINDS.flatmap(
        lambda kind: arrays.arrays(kind, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    ),
    max_size=5,
)


@given(TENSORS)
def test_what_is_written_is_what_the_library_reads(tensors):
    read = load(b"".join(tensor_file.parts(tensors)))
    assert set(read) == set(tensors)
    for name, value in tensors.items():
        assert read[name].dtype == value.dtype
        np.testing.assert_array_equal(read[name], value)


def test_the_metadata_is_the_librarys_too(tmp_path):
    path = tmp_path / "one.safetensors"
    path.write_bytes(b"".join(tensor_file.parts({"a": np.ones((2, 3), np.float32)}, {"format": "1"})))
    with safe_open(path, framework="numpy") as opened:
        assert opened.metadata() == {"format": "1"}
