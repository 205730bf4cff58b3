import collections

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError
from fnet_studio.core.protocol import Done, Failed
from fnet_studio.link.exit import ProcessExit
from fnet_studio.link.session import Closed, Replied, Session, Told

LOADED = protocol.Loaded("p", 1, 1, 1, 1, 1, "none")
WELCOME = protocol.Welcome(protocol.VERSION, "told", 7)
KILLED = ProcessExit(None, 9)


@pytest.fixture
def peer():
    """Writes what a worker would."""
    return protocol.Writer()


@pytest.fixture
def session(peer):
    it = Session()
    it.receive(peer.frame(Done(WELCOME), reply_to=1))
    it.take_outgoing()
    return it


def test_the_first_command_out_is_hello():
    ((envelope, _),) = protocol.Reader().feed(Session("window").take_outgoing())
    assert envelope.id == 1
    assert envelope.body == protocol.Hello(protocol.VERSION, "window")


def test_a_reply_comes_with_the_command_it_answers(session, peer):
    command = protocol.Load("p")
    id = session.send(command)
    ((envelope, _),) = _sent(session)
    assert (envelope.id, envelope.body) == (id, command)
    (replied,) = session.receive(peer.frame(Done(LOADED), reply_to=id, blob=b"xy"))
    assert isinstance(replied, Replied)
    assert (replied.id, replied.command, replied.reply, replied.blob) == (id, command, Done(LOADED), b"xy")
    assert not session.pending


def _sent(session):
    reader = protocol.Reader()
    reader._seq = 1  # hello went out before
    return list(reader.feed(session.take_outgoing()))


def test_events_come_with_the_number_of_their_command(session, peer):
    id = session.send(protocol.Train({}))
    told = session.receive(peer.frame(protocol.Phase("reading"), reply_to=id) + peer.frame(protocol.Heartbeat(1)))
    assert [(it.id, it.event) for it in told] == [(id, protocol.Phase("reading")), (0, protocol.Heartbeat(1))]


def test_welcome_and_ready_are_remembered(session, peer):
    ready = protocol.Ready((), {"jax": "0"}, 1.0)
    session.receive(peer.frame(ready))
    assert session.welcome == WELCOME
    assert session.ready == ready


def test_a_credit_waits_for_no_reply(session):
    assert session.send(protocol.Credit("maps")) == 0
    assert not session.pending
    assert session.take_outgoing()


def test_a_lost_worker_settles_all_that_waits_exactly_once(session):
    ids = [session.send(protocol.Load("p")), session.send(protocol.Train({}))]
    *settled, closed = session.end(KILLED)
    assert [(it.id, it.reply.kind) for it in settled] == [(id, "worker.lost") for id in ids]
    assert isinstance(closed, Closed)
    assert "memory" in closed.failure.message
    assert session.end(KILLED) == []
    assert session.receive(b"anything") == []


def test_a_closed_session_takes_no_commands(session):
    session.end(KILLED)
    with pytest.raises(UserError, match="not running"):
        session.send(protocol.Load("p"))


@pytest.mark.parametrize(
    "frame",
    [
        lambda peer: b"printed by a library\n",
        lambda peer: peer.frame(Done(LOADED), reply_to=99),
        lambda peer: peer.frame(Done(LOADED), reply_to=1),
        lambda peer: peer.frame(Done(WELCOME), reply_to=2),
        lambda peer: peer.frame(protocol.Phase("x"), reply_to=99),
        lambda peer: peer.frame(protocol.Load("p")),
    ],
    ids=["text", "reply to nothing", "second reply", "wrong result", "event of nothing", "a command"],
)
def test_a_violation_settles_what_waits_and_closes_the_link(session, peer, frame):
    id = session.send(protocol.Load("p"))
    good = peer.frame(protocol.Heartbeat(1))
    beat, settled, closed = session.receive(good + frame(peer) + peer.frame(protocol.Heartbeat(2)))
    assert isinstance(beat, Told), "what came before the violation still counts"
    assert (settled.id, settled.reply.kind) == (id, "link.violation")
    assert closed == Closed(settled.reply)
    assert session.end(KILLED) == []


def test_a_worker_of_another_major_version_is_refused_in_words(peer):
    session = Session()
    other = protocol.Welcome((protocol.VERSION[0] + 1, 0), "told", 7)
    greeting, closed = session.receive(peer.frame(Done(other), reply_to=1))
    assert greeting.id == 1
    assert closed.failure.kind == "protocol.version"


def test_a_refusal_by_the_worker_closes_the_link_with_its_words(peer):
    session = Session()
    load = session.send(protocol.Load("p"))
    refusal = Failed("protocol.version", "Too old.", "Update.")
    greeting, settled, closed = session.receive(peer.frame(refusal, reply_to=1))
    assert (greeting.id, settled.id) == (1, load)
    assert closed == Closed(refusal)


def test_a_command_that_could_not_be_read_is_not_sent(session):
    with pytest.raises(Exception, match=r"int|str"):
        session.send(protocol.Load(3))  # type: ignore[arg-type]
    assert not session.pending
    assert session.take_outgoing() == b""


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["send", "reply", "fail", "stop", "event"]), max_size=20),
    st.sampled_from(["killed", "garbage", "garbage then killed"]),
    st.integers(1, 50),
)
def test_every_command_is_settled_exactly_once_however_it_ends(todo, ending, chunk):
    session, peer, sent, stream = Session(), protocol.Writer(), [1], b""
    answered = []
    stream += peer.frame(Done(WELCOME), reply_to=1)
    for what in todo:
        open_ids = [id for id in sent if id not in answered and id != 1]
        if what == "send":
            sent.append(session.send(protocol.Load("p")))
        elif what == "event":
            stream += peer.frame(protocol.Heartbeat(1), reply_to=sent[-1])
        elif open_ids:
            reply = {"reply": Done(LOADED), "fail": Failed("a.b", "c"), "stop": protocol.Stopped()}[what]
            answered.append(open_ids[0])
            stream += peer.frame(reply, reply_to=open_ids[0])
    if "garbage" in ending:
        stream += b"garbage here"
    happenings = []
    for place in range(0, len(stream), chunk):
        happenings += session.receive(stream[place : place + chunk])
    if "killed" in ending:
        happenings += session.end(KILLED)
    settled = collections.Counter(it.id for it in happenings if isinstance(it, Replied))
    assert settled == dict.fromkeys(sent, 1)
    assert [it for it in happenings if isinstance(it, Closed)] == happenings[-1:]
