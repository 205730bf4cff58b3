"""Both runs of the published example: put into the queue, and shown beside what was published as they go."""

from typing import Any

from PySide6.QtCore import QObject

from fnet_studio.core import queue, run_store
from fnet_studio.core import recipe as recipes
from fnet_studio.core.errors import UserError
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.train.form_rows import archive_problem
from fnet_studio.ui.train.live_run import LiveRun
from fnet_studio.ui.train.reproduction import (
    OURS,
    RECIPES,
    Figures,
    ReproductionCard,
    newest,
    of_record,
    of_state,
    reproduces,
)


class Reproducer(QObject):
    """Owns the table, and knows which runs belong into it: finished ones of before too."""

    def __init__(self, themes: ThemeSource, run: LiveRun, on_start: Any) -> None:
        super().__init__()
        self._run = run
        self.card = ReproductionCard(themes, on_start)

    def open(self) -> None:
        self.card.show()
        self.refresh()

    def add_to_queue(self, path: str) -> int:
        """Those of the two that have not finished here and do not wait already. Returns how many there are to work
        off. UserError `recipe.no-data` when IMDb is not at hand, or what the queue says."""
        problem = archive_problem(path)
        if problem:
            raise UserError(
                "recipe.no-data",
                f"The example is trained on IMDb, and its archive is not known yet. {problem}",
                "Name aclImdb.tar.gz, or the folder made from it, in the form; then press “Train both” again.",
            )
        records = run_store.list_runs()[0]
        waiting = [entry for entry in queue.entries() if entry.state in ("waiting", "running")]
        number = 0
        for name in RECIPES:
            done = newest(name, records)
            if done is not None and done.status == "finished":
                continue
            number += 1
            if not any(reproduces(name, entry.recipe) for entry in waiting):
                recipe = recipes.load(recipes.bundled(name), {"data.path": path})
                queue.add(recipes.to_mapping(recipe), name)
        self.refresh()
        return number

    def refresh(self) -> None:
        if not self.card.isVisible():
            return
        state = self._run.state
        live = state.started.recipe if self._run.running and state.started is not None else None
        records = run_store.list_runs()[0]
        finished = 0
        for name in RECIPES:
            if live is not None and reproduces(name, live):
                self.card.show_ours(name, of_state(name, state))
                continue
            record = newest(name, records)
            finished += record is not None and record.status == "finished"
            self.card.show_ours(name, of_record(name, record) if record else Figures(OURS[name], state="not run yet"))
        self.card.start.setVisible(finished < len(RECIPES) and not self._run.running)
