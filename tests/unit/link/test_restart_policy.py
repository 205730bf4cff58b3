from fnet_studio.link.restart import RestartPolicy


def test_an_idle_worker_is_restarted_three_times_and_then_the_user_is_asked():
    policy = RestartPolicy()
    assert [policy.decide(now, was_busy=False) for now in (0, 10, 20, 30)] == ["restart"] * 3 + ["ask"]


def test_old_restarts_are_forgotten_after_five_minutes():
    policy = RestartPolicy()
    for now in (0, 10, 20):
        policy.decide(now, was_busy=False)
    assert policy.decide(299.0, was_busy=False) == "ask"
    assert policy.decide(300.0, was_busy=False) == "restart"
    assert policy.decide(301.0, was_busy=False) == "ask"


def test_a_worker_that_was_at_work_is_never_restarted_by_itself():
    assert RestartPolicy().decide(0.0, was_busy=True) == "ask"


def test_an_exit_that_was_wanted_needs_nothing():
    assert RestartPolicy().decide(0.0, was_busy=True, asked=True) == "nothing"


def test_a_restart_by_hand_counts_anew():
    policy = RestartPolicy(limit=1)
    policy.decide(0.0, was_busy=False)
    policy.reset()
    assert policy.decide(1.0, was_busy=False) == "restart"
