"""The models in memory, by name."""

import threading

from fnet_studio.core import model_files, run_models
from fnet_studio.engine.explored import Explored
from fnet_studio.engine.explored_run import load_run
from fnet_studio.engine.fill_mask import LoadedPreset
from fnet_studio.engine.first_calls import NOBODY, Heeds


class InMemory:
    """Owns the presets and models of runs that are loaded: the one in use and the one before it. Any thread may ask."""

    KEPT = 2

    def __init__(self) -> None:
        self._loaded: dict[str, tuple[model_files.Stamp, Explored]] = {}
        self._lock = threading.Lock()

    def get(self, name: str, job: Heeds = NOBODY) -> Explored:
        """Loads at the first call, and anew where another model has this name by now. UserError when it is missing or
        damaged. Raises Stopped."""
        with self._lock:
            stamp = model_files.stamp(name)
            known, loaded = self._loaded.pop(name, ((), None))
            if not stamp:
                stamp = known  # a checkpoint that was deleted since: it never changes
            if loaded is None or known != stamp:
                del loaded  # two at once are not needed
                job.phase("building")
                loaded = load_run(name, job) if run_models.is_run(name) else LoadedPreset(name, job=job)
            self._loaded[name] = stamp, loaded
            while len(self._loaded) > self.KEPT:
                self._loaded.pop(next(iter(self._loaded)))
        return loaded

    def preset(self, name: str, job: Heeds = NOBODY) -> LoadedPreset:
        """One that may have a head for words. UserError `fill-mask.no-head` for a classifier."""
        found = self.get(name, job)
        if not isinstance(found, LoadedPreset):
            raise found.only_classes()
        return found
