import typing

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnet_studio.core import protocol
from fnet_studio.core.protocol import Body, Envelope, ProtocolError, Reader, Writer, encode, frames

BODIES = typing.get_args(Body)
_floats = st.floats(allow_nan=False)
_texts = st.text(max_size=20)
_ints = st.integers(-(2**63), 2**63 - 1)


def _strategy(kind: object) -> st.SearchStrategy:
    """Values of a field's type, nested structs included."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return st.deferred(lambda: _structs(kind))
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple and args[-1] is Ellipsis:
        return st.lists(_strategy(args[0]), max_size=4).map(tuple)
    if origin is tuple:
        return st.tuples(*map(_strategy, args))
    if origin is typing.Literal:
        return st.sampled_from(args)
    if origin is dict:
        return st.dictionaries(_strategy(args[0]), _strategy(args[1]), max_size=3)
    if args:  # a union
        return st.one_of(*map(_strategy, args))
    return {
        int: _ints,
        float: _floats,
        str: _texts,
        bool: st.booleans(),
        type(None): st.none(),
        dict: st.dictionaries(_texts, _ints | _floats | _texts | st.none(), max_size=3),
    }[kind]  # type: ignore[index]


def _structs(kind: type[msgspec.Struct]) -> st.SearchStrategy:
    fields = {field.name: _strategy(field.type) for field in msgspec.structs.fields(kind)}
    return st.builds(kind, **fields)


bodies = st.one_of(*map(_structs, BODIES))
messages = st.lists(st.tuples(bodies, st.integers(0, 9), st.binary(max_size=200)), max_size=6)


def _bytes_of(parts: list) -> tuple[bytes, list]:
    writer = Writer()
    frames = [writer.frame(body, reply_to=reply_to, blob=blob) for body, reply_to, blob in parts]
    return b"".join(frames), frames


@settings(deadline=None)
@given(messages, st.data())
def test_messages_survive_any_cutting_of_the_stream(parts, data):
    stream, _ = _bytes_of(parts)
    reader, heard, place = Reader(), [], 0
    while place < len(stream):
        size = data.draw(st.integers(1, max(1, len(stream) // 3)))
        heard += reader.feed(stream[place : place + size])
        place += size
    assert [(e.body, e.reply_to, blob) for e, blob in heard] == parts
    assert [e.seq for e, _ in heard] == list(range(1, len(parts) + 1))
    reader.finish()


@settings(deadline=None)
@given(messages.filter(bool), st.data())
def test_a_flipped_bit_closes_the_link_or_is_read_but_never_breaks_the_reader(parts, data):
    stream = bytearray(_bytes_of(parts)[0])
    bit = data.draw(st.integers(0, len(stream) * 8 - 1))
    stream[bit // 8] ^= 1 << bit % 8
    reader = Reader()
    try:
        for envelope, blob in reader.feed(bytes(stream)):
            assert isinstance(envelope, Envelope)
            assert isinstance(blob, bytes)
        reader.finish()
    except ProtocolError:
        assert len(parts) >= 1
    if reader.closed:
        with pytest.raises(ProtocolError, match="earlier violation"):
            list(reader.feed(b""))


@settings(deadline=None)
@given(st.binary(min_size=4, max_size=64).filter(lambda data: data[:4] != protocol.MAGIC))
def test_anything_but_a_frame_is_a_violation(data):
    with pytest.raises(ProtocolError):
        list(Reader().feed(data + bytes(12)))


def test_text_printed_into_the_stream_is_named_in_the_violation():
    reader = Reader()
    with pytest.raises(ProtocolError, match="Downloading"):
        list(reader.feed(b"Downloading model: 12%"))


def test_a_lost_frame_is_noticed_by_its_number():
    writer = Writer()
    sent = [writer.frame(protocol.Done(), reply_to=1) for _ in range(3)]
    with pytest.raises(ProtocolError, match="frame 3 where 2 was due"):
        list(Reader().feed(sent[0] + sent[2]))


@pytest.mark.parametrize("lengths", [(protocol.HEADER_LIMIT + 1, 0), (10, protocol.BLOB_LIMIT + 1)])
def test_a_frame_over_the_limit_is_refused_before_it_is_stored(lengths):
    prefix = frames.PREFIX.pack(protocol.MAGIC, *lengths)
    with pytest.raises(ProtocolError, match="over the limit"):
        list(Reader().feed(prefix))


def test_a_stream_that_ends_inside_a_frame_is_noticed():
    reader = Reader()
    assert list(reader.feed(Writer().frame(protocol.Done(), reply_to=1)[:-1])) == []
    with pytest.raises(ProtocolError, match="ended inside a frame"):
        reader.finish()


def test_what_cannot_be_encoded_uses_up_no_number(monkeypatch):
    writer, reader = Writer(), Reader()
    with pytest.raises(TypeError):
        writer.frame(protocol.Progress(np.int64(3)))
    monkeypatch.setattr(frames, "BLOB_LIMIT", 10)
    with pytest.raises(ValueError, match="over the limit"):
        writer.frame(protocol.Done(), blob=bytes(11))
    assert len(list(reader.feed(writer.frame(protocol.Done(), reply_to=1)))) == 1


@pytest.mark.parametrize(
    "body",
    [
        protocol.Progress(np.float64(1.5)),  # type: ignore[arg-type]
        protocol.Log("loud", "text"),  # type: ignore[arg-type]
        protocol.Done({"not": "a result"}),  # type: ignore[arg-type]
        protocol.Evaluated("test", 1, 1, None, 0.5, 10),  # type: ignore[arg-type]
    ],
)
def test_a_message_with_a_wrong_type_is_noticed_by_its_maker(body):
    with pytest.raises((TypeError, msgspec.ValidationError)):
        protocol.check(body)


def test_every_command_but_credit_has_a_promised_result():
    commands = {kind for kind in BODIES if issubclass(kind, protocol.Command)}
    assert commands - set(protocol.RESULTS) == {protocol.Credit}


def test_a_recipe_travels_unchanged():
    train = protocol.Train({"data": {"source": "imdb", "path": "/tmp/ä"}, "training": {"learning_rate": 1e-3}})
    ((envelope, _),) = Reader().feed(encode(Envelope(1, 7, train)))
    assert envelope.body == train
    assert envelope.id == 7


@pytest.mark.parametrize(
    ("examples", "confusion", "words"),
    [(1, ((1,),), "text"), (2, ((2,),), "texts"), (1, (), "masked word"), (0, (), "masked words")],
)
def test_an_evaluation_says_what_it_counted(examples, confusion, words):
    assert protocol.Evaluation("test", 0.1, 0.5, examples, 1.0, confusion).counted == words
