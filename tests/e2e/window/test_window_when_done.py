"""The window after a queue that it worked off."""


def test_the_window_closes_after_the_queue_if_that_was_chosen_and_nobody_says_no(open_window):
    driver = open_window("rate=400,steps=40", "train")
    driver.wait_ready()
    page = driver.window.page("train")
    page.enqueue()
    choice = page.queue_panel.when_done
    choice.setCurrentIndex(choice.findData("close"))
    page.queue_panel.run.click()
    driver.wait(lambda: driver.window.notices.find("when-done") is not None)
    assert driver.window.isVisible()
    driver.window.notices.find("when-done").answer("now")
    driver.wait(lambda: not driver.window.isVisible())
    driver.wait(lambda: not driver.supervisor.state.alive)
