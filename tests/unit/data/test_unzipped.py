import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.data import unzipped
from fnet_studio.data.unzipped import Unzipped

MOST = 1000


@given(
    members=st.lists(st.tuples(st.binary(max_size=300), st.integers(0, 40)), max_size=4),
    block=st.integers(1, 400),
    moves=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), max_size=8),
)
def test_any_reads_and_skips_give_the_bytes_that_were_packed(members, block, moves):
    """Several gzip files in a row, with zeros between them."""
    packed = gzip.compress(b"head") + b"".join(gzip.compress(content) + bytes(zeros) for content, zeros in members)
    expected = io.BytesIO(b"head" + b"".join(content for content, _ in members))
    with pytest.MonkeyPatch.context() as patched, Unzipped(io.BytesIO(packed), MOST) as found:
        patched.setattr(unzipped, "BLOCK_BYTES", block)
        for skip, size in [*moves, (0, MOST)]:
            expected.seek(min(expected.tell() + skip, len(expected.getvalue())))
            found.seek(found.tell() + skip)
            assert found.tell() == expected.tell()
            assert found.read(size) == expected.read(size)


@pytest.mark.parametrize("size", [-1, MOST + 1])
def test_a_read_of_everything_or_of_too_much_is_refused(size):
    with Unzipped(io.BytesIO(gzip.compress(b"text")), MOST) as found, pytest.raises(tarfile.ReadError):
        found.read(size)


def test_it_only_goes_forwards():
    with Unzipped(io.BytesIO(gzip.compress(b"text")), MOST) as found:
        assert found.read(3) == b"tex"
        with pytest.raises(tarfile.ReadError):
            found.seek(1)
