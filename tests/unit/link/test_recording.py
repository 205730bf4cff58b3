import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fnet_studio.core import measurements, protocol
from fnet_studio.core.errors import UserError
from fnet_studio.core.protocol import Done
from fnet_studio.link.exit import ProcessExit
from fnet_studio.link.recording import Recorder, replay
from fnet_studio.link.session import Replied, Session

WELCOME = protocol.Welcome(protocol.VERSION, "told", 7)
MEASURED = protocol.Measured((measurements.Array("share", (1, 1)),))


def record(path, chunk: int = 1000, garbage: bytes = b"") -> list:
    """A short session, recorded as it goes; returns what it yielded."""
    recorder, session, peer = Recorder(path), Session(), protocol.Writer()
    happenings = []

    def hear(data: bytes) -> None:
        for place in range(0, len(data), chunk):
            piece = data[place : place + chunk]
            recorder.received(piece)
            happenings.extend(session.receive(piece))

    recorder.sent(session.take_outgoing())
    hear(peer.frame(Done(WELCOME), reply_to=1))
    measure = session.send(protocol.Measure("p", "text", measurements.MixingShare()))
    session.send(protocol.Credit("maps"))
    train = session.send(protocol.Train({"name": "x"}))
    recorder.sent(session.take_outgoing())
    hear(peer.frame(Done(MEASURED), reply_to=measure, blob=b"abcd"))
    hear(peer.frame(protocol.Metrics((1,), (0.5,), (0.5,), (9.0,), (0.1,)), reply_to=train) + garbage)
    exit = ProcessExit(None, 9, "last words")
    recorder.ended(exit)
    happenings.extend(session.end(exit))
    recorder.close()
    return happenings


def without_time(happening):
    """A settled reply is stamped when it is settled, which a replay does later."""
    if isinstance(happening, Replied) and happening.envelope.seq == 0:
        return (happening.id, happening.command, happening.reply)
    return happening


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chunk=st.integers(1, 200), garbage=st.sampled_from([b"", b"printed into the stream"]))
def test_a_replay_yields_what_the_session_yielded(tmp_path, chunk, garbage):
    path = tmp_path / "session.fnsr"
    live = record(path, chunk, garbage)
    again = [happening for _, happening in replay(path)]
    assert list(map(without_time, again)) == list(map(without_time, live))
    assert len(live) >= 5


def test_a_replay_tells_when_things_happened(tmp_path):
    record(tmp_path / "s.fnsr")
    times = [at for at, _ in replay(tmp_path / "s.fnsr")]
    assert times == sorted(times)
    assert times[0] > 1e9


def test_a_torn_end_loses_only_itself(tmp_path):
    path = tmp_path / "s.fnsr"
    live = record(path)
    path.write_bytes(path.read_bytes()[:-3])
    again = [happening for _, happening in replay(path)]
    assert again == live[: len(again)]
    assert len(again) == 3, "all but the exit and the reply that it settled"


@pytest.mark.parametrize("content", [b"", b"PNG", b"FNSR\x02rest", b"FNSR\x01?" + bytes(20)])
def test_another_file_is_refused_in_words(tmp_path, content):
    path = tmp_path / "other"
    path.write_bytes(content)
    if content == b"":
        path.unlink()
    with pytest.raises(UserError) as caught:
        list(replay(path))
    assert caught.value.kind == "recording.unreadable"
