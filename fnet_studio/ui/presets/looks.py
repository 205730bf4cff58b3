"""How the state of a preset is told: its words, its icon and its colour."""

from typing import NamedTuple

from fnet_studio.core.catalogue import Entry
from fnet_studio.core.files import size as size_words
from fnet_studio.ui.presets.downloads import Download
from fnet_studio.ui.widgets.figures import counted, percent, short_count


class Look(NamedTuple):
    words: str
    icon: str
    tone: str
    tip: str = ""


HEADS = {
    "pretrained": Look("Predicts words", "badge-check", "success", "It has a pretrained masked-language head."),
    "fine-tuned": Look("Classifies texts", "badge-check", "accent", "It has a fine-tuned classification head."),
    "none": Look(
        "No head",
        "badge-alert",
        "warning",
        "It was saved without a head: it shows mixing maps, and predicts no words, because a random head makes noise.",
    ),
}
STATES = {
    "damaged": Look("Cannot be used", "triangle-alert", "warning"),
    "missing": Look("Folder missing", "triangle-alert", "warning"),
    "remote": Look("To download", "download", "muted"),
    "paused": Look("Download paused", "pause", "warning"),
}
ORIGINS = {
    "bundled": "Came with the program",
    "yours": "Yours",
    "linked": "Yours, where it lies",
    "run": "Kept by runs",
    "built-in": "To download",
}


def state_of(entry: Entry, download: Download | None) -> Look:
    """What matters most about it: how its download goes, what is wrong, or what its head can do."""
    if download is not None:
        share = f" {percent(download.done / download.total, 0)}" if download.total else ""
        return Look(f"Downloading{share}", "download", "accent")
    if entry.state == "paused" and entry.download_bytes:
        share = percent(min(1.0, entry.arrived_bytes / entry.download_bytes), 0)
        return STATES["paused"]._replace(words=f"Paused at {share}")
    return STATES.get(entry.state) or HEADS[entry.card.head]


def figures_of(entry: Entry) -> str:
    """Such as `3.50 M parameters · 4 layers · 17.9 MB`."""
    card = entry.card
    parts = []
    if card.parameters:
        parts.append(f"{short_count(card.parameters)} parameters")
    if card.num_layers:
        parts.append(counted(card.num_layers, "layer"))
    if card.size_bytes:
        parts.append(size_words(card.size_bytes))
    elif entry.download_bytes:
        parts.append(f"about {size_words(entry.download_bytes)}")
    return " · ".join(parts)
