import math

from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core import protocol
from fnet_studio.core.run_state import RunState


def message(body, *, to=5, at=100.0, seq=1):
    return protocol.Envelope(seq, 0, body, to, at)


def running():
    state = RunState()
    state.begin(5, 100.0)
    return state


def test_messages_of_another_command_change_nothing():
    state = running()
    assert state.apply(message(protocol.Phase("training", 10), to=6)) == set()
    assert state.phase == ""


def test_metric_columns_are_appended_in_order():
    state = running()
    for first in (1, 3):
        steps = (first, first + 1)
        changed = state.apply(message(protocol.Metrics(steps, (0.5, 0.4), (0.5, 0.6), (10.0, 11.0), (1.0, 2.0))))
        assert changed == {"metrics"}
    assert list(state.step) == [1, 2, 3, 4]
    assert list(state.loss) == [0.5, 0.4, 0.5, 0.4]


def test_a_phase_that_is_visited_twice_adds_up_its_time():
    state = running()
    for at, name in ((100, "training"), (110, "validating"), (113, "training"), (120, "testing")):
        state.apply(message(protocol.Phase(name), at=float(at)))
    assert state.phase_times == {"training": 17.0, "validating": 3.0}


def test_training_goes_on_counting_where_a_validation_interrupted_it():
    state = running()
    state.apply(message(protocol.Phase("training", 480, "steps")))
    assert state.apply(message(protocol.Metrics((1, 2), (0.5, 0.4), (0.5, 0.6), (9.0, 9.0), (1.0, 2.0)))) == {
        "metrics",
        "progress",
    }
    state.apply(message(protocol.Progress(20, 4.0, 115.0)))
    state.apply(message(protocol.Phase("validating", 100, "texts")))
    assert state.progress.done == 0
    state.apply(message(protocol.Metrics((21,), (0.5,), (0.5,), (9.0,), (3.0,))))  # of the steps before, a moment late
    assert state.progress.done == 0
    state.apply(message(protocol.Phase("training", 480, "steps")))
    assert (state.progress.done, state.progress.left_s) == (21, 115.0)
    state.apply(message(protocol.Progress(22)))
    assert (state.progress.done, state.progress.left_s) == (22, 115.0)


def test_a_resumed_run_counts_on_from_the_step_it_was_resumed_at():
    state = running()
    state.apply(message(protocol.RunStarted("r", "f", {}, 1, protocol.Device("cpu", "c"), 2, 40, resumed_at=12)))
    state.apply(message(protocol.Phase("training", 40, "steps")))
    assert state.progress.done == 12


def test_after_its_terminal_reply_a_run_no_longer_changes():
    state = running()
    assert "status" in state.apply(message(protocol.Done(protocol.RunFinished("r", 0.3, 0.9, 12.0)), at=112.0))
    assert state.status == "finished"
    assert state.result is not None
    assert state.elapsed_s(500.0) == 12.0
    assert state.apply(message(protocol.Phase("training"))) == set()


def test_a_failure_keeps_what_was_measured():
    state = running()
    state.apply(message(protocol.Metrics((1,), (math.nan,), (0.5,), (10.0,), (1.0,))))
    state.apply(message(protocol.Failed("train.not-finite", "The loss is no longer a number.")))
    assert state.status == "failed"
    assert state.failure is not None
    assert len(state.step) == 1


def test_beginning_again_forgets_the_run_before():
    state = running()
    state.apply(message(protocol.Evaluated("validation", 10, 1, 0.5, 0.7, 100)))
    state.begin(6, 200.0)
    assert state.evaluations == []
    assert state.command == 6


@given(
    st.lists(
        st.sampled_from(["metrics", "metrics of protocol 1.0", "phase", "evaluated", "progress", "done", "failed"]),
        max_size=30,
    )
)
def test_columns_stay_equally_long_whatever_arrives(names):
    bodies = {
        "metrics": protocol.Metrics(
            (1, 2), (0.1, 0.2), (0.5, 0.5), (1.0, 1.0), (0.0, 0.1), (1e-3, 1e-3), (2.0, 1.5), (9, 9), (0, 0)
        ),
        "metrics of protocol 1.0": protocol.Metrics((1, 2), (0.1, 0.2), (0.5, 0.5), (1.0, 1.0), (0.0, 0.1)),
        "phase": protocol.Phase("training", 10),
        "evaluated": protocol.Evaluated("test", 1, 1, 0.5, 0.5, 10),
        "progress": protocol.Progress(3),
        "done": protocol.Done(protocol.RunFinished("r", 0.1, 0.9, 1.0)),
        "failed": protocol.Failed("crash", "boom"),
    }
    state = running()
    for name in names:
        state.apply(message(bodies[name]))
    lengths = {len(getattr(state, column)) for column in protocol.METRIC_COLUMNS}
    assert len(lengths) == 1


def test_a_resumed_run_remembers_what_it_measured_before_and_no_more():
    state = running()
    state.apply(message(protocol.RunStarted("r", "f", {}, 1, protocol.Device("cpu", "c"), 2, 4, resumed_at=2)))
    evaluation = {"split": "validation", "epoch": 1, "loss": 0.4, "accuracy": 0.8, "examples": 9, "time_s": 2.0}
    rows = [{"step": n, "loss": 1 / n, "accuracy": 0.5, "tokens_per_s": 9.0, "time_s": float(n)} for n in (1, 2, 3)]
    resumed = {"note": "resumed", "step": 2, "time_s": 2.5, "text": ""}
    state.apply(message(protocol.Annotation("resumed", 2, 2.5)))
    notes = [{"note": "checkpoint", "step": step, "time_s": 2.0, "text": ""} for step in (2, 3)]
    older = evaluation | {"step": 1}
    newer = evaluation | {"step": 2, "macro_f1": 0.7}
    changed = state.remember([*rows, older, newer, evaluation | {"step": 4}, *notes, resumed])
    assert changed == {"metrics", "evaluations", "annotations"}
    assert sorted((note.kind, note.step) for note in state.annotations) == [("checkpoint", 2), ("resumed", 2)]
    state.apply(message(protocol.Metrics((3,), (0.2,), (0.6,), (9.0,), (3.5,))))
    assert list(state.step) == [1, 2, 3]
    assert [(item.step, item.macro_f1) for item in state.evaluations] == [(1, None), (2, 0.7)]


def test_a_log_of_an_older_version_leaves_the_newer_columns_unknown():
    state = running()
    state.apply(message(protocol.RunStarted("r", "f", {}, 1, protocol.Device("cpu", "c"), 2, 4, resumed_at=2)))
    old = {"step": 1, "loss": 0.5, "accuracy": 0.5, "tokens_per_s": 9.0, "time_s": 1.0}
    newer = old | {"step": 2, "learning_rate": 1e-3, "gradient_norm": 2.0, "memory_bytes": 7, "device_memory_bytes": 3}
    state.remember([old, newer])
    assert math.isnan(state.learning_rate[0])
    assert math.isnan(state.gradient_norm[0])
    assert (state.learning_rate[1], state.gradient_norm[1]) == (1e-3, 2.0)
    assert (list(state.memory_bytes), list(state.device_memory_bytes)) == ([0, 7], [0, 3])
