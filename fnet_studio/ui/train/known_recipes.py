"""The recipes to begin with: the bundled ones, and those that the user saved."""

from dataclasses import dataclass
from pathlib import Path

from fnet_studio.core import places
from fnet_studio.core import recipe as recipes
from fnet_studio.core.recipe import Recipe

_WORDS = {
    "sample-quick": ("Quick sample", "A small FNet on the bundled reviews: half a minute"),
    "finetune": ("Fine-tune a preset", "A new classifier on a pretrained FNet, on any labelled texts"),
    "masked-lm": ("Go on with pretraining", "Masked-LM training of a preset on plain text"),
    "adapt-then-finetune": ("Adapt, then fine-tune", "Masked-LM on the texts of the field first, then a classifier"),
    "imdb-fnet": ("The example: FNet", "The published one: IMDb, three FNet blocks from scratch"),
    "imdb-transformer": ("The example: Transformer", "The published comparison: IMDb, three blocks of attention"),
    "imdb-best": ("Best on IMDb", "The strongest that this program knows from IMDb alone"),
    "imdb-mixers": ("The paper's mixers", "IMDb once for each way of mixing"),
}
"""Title and line of the bundled ones, in the order of the list. Others speak for themselves in their first comment."""


@dataclass(frozen=True)
class KnownRecipe:
    key: str
    """The name of a bundled one; else its path, or its run."""
    title: str
    line: str
    source: Path | Recipe
    """Its file; that of a run has none, and is the recipe itself."""

    def read(self) -> Recipe:
        """UserError as of `core.recipe.load`."""
        return self.source if isinstance(self.source, Recipe) else recipes.load(self.source, template=True)


def known_recipes() -> list[KnownRecipe]:
    bundled = recipes.bundled_names()
    ordered = [name for name in _WORDS if name in bundled] + [name for name in bundled if name not in _WORDS]
    found = [_bundled(name) for name in ordered]
    own = sorted(places.recipes().glob("*.toml")) if places.recipes().is_dir() else []
    return found + [own_recipe(path) for path in own]


def _bundled(name: str) -> KnownRecipe:
    path = recipes.bundled(name)
    title, line = _WORDS.get(name, (_spelled(name), _first_sentence(recipes.described(path))))
    return KnownRecipe(name, title, line, path)


def own_recipe(path: Path) -> KnownRecipe:
    return KnownRecipe(str(path), path.stem, _first_sentence(recipes.described(path)) or f"From {path.parent}", path)


def of_run(run: str, name: str, recipe: Recipe) -> KnownRecipe:
    """A recipe that was made from a run's."""
    return KnownRecipe(f"run:{run}", name, f"From the run {run}", recipe)


def _spelled(name: str) -> str:
    return name.replace("-", " ").capitalize().replace("Imdb", "IMDb")


def _first_sentence(text: str) -> str:
    return text.split(". ")[0].rstrip(".")
