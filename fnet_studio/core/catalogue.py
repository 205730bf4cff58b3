"""All presets that there are to choose from: bundled, the user's own, built-in ones to download, and what runs kept."""

from pathlib import Path
from typing import Literal, NamedTuple

from msgspec import Struct

from fnet_studio.core import files, model_files, places, preset_downloads, preset_records, presets, run_notes, run_store
from fnet_studio.core.builtin_presets import BUILTIN, Builtin
from fnet_studio.core.errors import UserError
from fnet_studio.core.presets import PresetCard
from fnet_studio.core.recipe_sections import DEFAULT_PRESET

Origin = Literal["bundled", "yours", "linked", "built-in", "run"]
"""linked: the user's, used where it lies. built-in: known by name, not on this machine. run: kept by a training run."""
State = Literal["ready", "damaged", "missing", "remote", "paused"]
"""missing: its folder has gone. remote: to be downloaded. paused: its download was begun."""
ORIGINS: tuple[Origin, ...] = ("bundled", "yours", "linked", "run", "built-in")

BATCH = 8
"""That the memory for training is told for."""


class Entry(Struct, frozen=True):
    key: str
    """What the preset is asked for by: a name, or `run:` and the run's id."""
    title: str
    origin: Origin
    state: State
    card: PresetCard
    licence: str = ""
    """As the model card has it; empty where it does not say."""
    source: str = ""
    """What it was copied or downloaded from."""
    asked_for: str = ""
    """What its download is asked for by: a built-in name or a handle."""
    download_bytes: int = 0
    """What a download brings, about."""
    arrived_bytes: int = 0
    """Of a download that was begun."""
    head_wanted: bool = False
    """That download is one with the authors' head."""
    run: str = ""
    """The run that kept it."""
    parent: str = ""
    """The preset or run that this run began from."""
    added: float = 0.0
    version: str = ""
    """Another one when another model has this key by now; empty where its files are not here."""

    @property
    def usable(self) -> bool:
        return self.state == "ready"

    @property
    def use_bytes(self) -> int:
        """Memory for answering one sentence of full length in float32, about; 0 where the sizes are not known."""
        card = self.card
        if not card.parameters:
            return 0
        width = 8 * card.hidden_dim + 2 * card.intermediate_dim
        return 4 * (card.parameters + card.sequence_length * width + card.vocabulary_size)

    @property
    def training_bytes(self) -> int:
        """Memory for fine-tuning all of it with AdamW in float32, `BATCH` texts of full length at a time, about:
        weights, gradients and two moments, and what each layer keeps for its gradient."""
        card = self.card
        if not card.parameters:
            return 0
        kept = card.num_layers * (8 * card.hidden_dim + 3 * card.intermediate_dim) + 6 * card.hidden_dim
        return 16 * card.parameters + 4 * BATCH * card.sequence_length * kept


def _place(entry: Entry) -> tuple:
    return ORIGINS.index(entry.origin), entry.key != DEFAULT_PRESET, entry.title.casefold()


class _Known(NamedTuple):
    stamp: tuple[object, ...]
    entry: Entry


class Catalogue:
    """Reads the list, and again only what has changed since. Not for two threads at a time."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def read(self) -> list[Entry]:
        """By origin, then by name; what runs kept newest first. Never raises."""
        before, self._known = self._known, {}
        records, begun = preset_records.read(), preset_downloads.begun()
        found: dict[str, Entry] = {}
        for root, origin in ((places.bundled_presets(), "bundled"), (places.presets(), "yours")):
            for path in _folders(root):
                record = records.get(path.name) if origin == "yours" else None
                source, added = (record.source, record.added) if record else ("", 0.0)
                found[path.name] = self._local(before, path.name, path, origin, source, added)
        for name, record in records.items():
            if name in found:  # as `presets.folder` has it
                continue
            folder = Path(record.folder)
            if folder.is_dir():
                found[name] = self._local(before, name, folder, "linked", record.source, record.added)
            else:
                card = PresetCard(name, record.folder, False, problem=f"Its folder has gone: {record.folder}.")
                origin = "yours" if folder.parent == places.presets() else "linked"
                found[name] = Entry(name, name, origin, "missing", card, source=record.source, added=record.added)
        for name, builtin in BUILTIN.items():
            if name not in found:
                found[name] = _remote(builtin, begun.get(name))
        for name, one in begun.items():
            if name not in found:
                card = PresetCard(name, "", False)
                found[name] = Entry(
                    name,
                    name,
                    "built-in",
                    "paused",
                    card,
                    source=one.preset,
                    asked_for=one.preset,
                    download_bytes=one.total_bytes,
                    arrived_bytes=one.done_bytes,
                    head_wanted=one.head,
                )
        entries = sorted(found.values(), key=_place)
        at = next((n for n, it in enumerate(entries) if it.origin == "built-in"), len(entries))
        return [*entries[:at], *self._of_runs(before), *entries[at:]]

    def find(self, key: str) -> Entry:
        """UserError `preset.missing`."""
        entries = self.read()
        for entry in entries:
            if entry.key == key or (entry.run and key.removeprefix(run_store.RUN) in (entry.run, entry.title)):
                return entry
        known = ", ".join(entry.key for entry in entries)
        raise UserError("preset.missing", f"There is no preset {key!r}.", f"Known ones: {known}.")

    def _local(
        self, before: dict[str, _Known], name: str, folder: Path, origin: Origin, source: str, added: float
    ) -> Entry:
        version = _version(folder)
        stamp = (*_stamp(folder), hash((origin, source, added, version)))
        known = before.get(str(folder))
        if known is None or known.stamp != stamp or known.entry.key != name:
            card = presets.read_card(folder, bundled=origin == "bundled", name=name)
            entry = Entry(
                name,
                name,
                origin,
                "damaged" if card.problem else "ready",
                card,
                licence=licence_of(card.model_card) or (BUILTIN[name].licence if name in BUILTIN else ""),
                source=source,
                run=source.removeprefix(run_store.RUN) if source.startswith(run_store.RUN) else "",
                added=added,
                version=version,
            )
            known = _Known(stamp, entry)
        self._known[str(folder)] = known
        return known.entry

    def _of_runs(self, before: dict[str, _Known]) -> list[Entry]:
        entries = []
        for path in _folders(places.runs()):
            folder = path / run_store.KEPT_PRESET
            stamp = _stamp(folder, path / "run.json", path / "notes.json")
            if stamp[0] == files.NOTHING:
                continue
            version = _version(folder)
            stamp += (hash(version),)
            known = before.get(str(folder))
            if known is None or known.stamp != stamp:
                try:
                    record = run_store.read(path.name)
                except UserError:
                    continue
                name = run_notes.name_of(record)
                card = presets.read_card(folder, name=name)
                model = record.recipe.get("model", {})
                entry = Entry(
                    run_store.RUN + path.name,
                    name,
                    "run",
                    "damaged" if card.problem else "ready",
                    card,
                    licence=licence_of(card.model_card),
                    run=path.name,
                    parent=str(model.get("preset", "")) if isinstance(model, dict) else "",
                    added=record.began,
                    version=version,
                )
                known = _Known(stamp, entry)
            self._known[str(folder)] = known
            entries.append(known.entry)
        return sorted(entries, key=lambda it: -it.added)


def licence_of(model_card: str) -> str:
    """`license:` of the card's front matter, or what follows the word `Licence:` in its text."""
    for line in model_card.splitlines()[:400]:
        bare = line.strip().lstrip("-*# ").replace("**", "")
        word, colon, rest = bare.partition(":")
        if colon and word.strip().lower() in ("license", "licence", "license_name") and rest.strip():
            return rest.strip().strip("'\"").rstrip(".")[:60]
    return ""


def _remote(builtin: Builtin, begun: preset_downloads.Begun | None) -> Entry:
    card = PresetCard(
        builtin.name,
        "",
        False,
        num_layers=builtin.num_layers,
        hidden_dim=builtin.hidden_dim,
        intermediate_dim=builtin.intermediate_dim,
        vocabulary_size=builtin.vocabulary_size,
        sequence_length=builtin.sequence_length,
        positions=builtin.sequence_length,
        parameters=builtin.parameters,
        model_card=builtin.description,
    )
    return Entry(
        builtin.name,
        builtin.name,
        "built-in",
        "paused" if begun else "remote",
        card,
        licence=builtin.licence,
        source=builtin.kaggle_handle,
        asked_for=begun.preset if begun else builtin.name,
        download_bytes=(begun.total_bytes if begun else 0) or builtin.download_bytes,
        arrived_bytes=begun.done_bytes if begun else 0,
        head_wanted=bool(begun and begun.head),
    )


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []


def _version(folder: Path) -> str:
    return model_files.version(model_files.stamp_of(folder))


def _stamp(folder: Path, *others: Path) -> tuple[tuple[int, int], ...]:
    """By which a change of what a card is made of is seen."""
    names = ("config.json", "task.json", "README.md", "metadata.json", presets.OWN_FILE)
    return tuple(files.stamp(path) for path in (*(folder / name for name in names), folder, *others))
