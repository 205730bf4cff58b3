"""The model of a stored run, to be looked into: what it kept, or one of its checkpoints."""

from pathlib import Path
from typing import Any

import numpy as np

from fnet_studio.core import presets, protocol, run_models, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import Recipe, from_mapping
from fnet_studio.data.wordpiece import PAD_ID, SEPARATOR, SEPARATOR_ID, UNKNOWN, UNKNOWN_ID, WordPieceTokenizer
from fnet_studio.engine import checkpoint, classifier, finetune, masked_lm
from fnet_studio.engine.datasets import require_same_preset
from fnet_studio.engine.explored import Explored, texts_of, tokenized
from fnet_studio.engine.fill_mask import LoadedPreset
from fnet_studio.engine.first_calls import NOBODY, Heeds
from fnet_studio.engine.kept_preset import with_kept_preset
from fnet_studio.engine.packed import own_length
from fnet_studio.engine.step import Weights
from fnet_studio.engine.text_cutter import Pieces
from fnet_studio.models.masked_lm import FNetMaskedLM
from fnet_studio.models.mixers import layer_mixings
from fnet_studio.models.preprocessor import FNetMaskedLMPreprocessor
from fnet_studio.models.tokenizer import MASK


def load_run(name: str, job: Heeds = NOBODY) -> Explored:
    """name: see `core.run_models`. UserError `run.missing`, `run.no-model`, `run.no-checkpoint`, `run.unreadable`,
    `run.preset-changed`, or `run.not-explored` for a model whose positions are not tokens."""
    run, step = run_models.parse(name)
    recipe, folder = from_mapping(run_store.read(run).recipe), run_store.folder(run)
    if recipe.task == "classify":
        return LoadedRun(name, recipe, folder, step)
    if step is None:
        return LoadedPreset(name, job=job)
    weights = checkpoint.read_weights(run_models.checkpoint_path(run, step))
    if recipe.task == "finetune":
        class_names = tuple(run_store.read(run).data.get("class_names", ()))
        return LoadedPreset(name, _fine_tuned(recipe, folder, weights, len(class_names)), job, class_names)
    if recipe.task == "masked-lm":
        first = presets.folder(with_kept_preset(recipe, folder).model.preset)
        model = masked_lm.build(recipe, first, preprocessor=_preprocessor(recipe, first))
        _require_same_vocabulary(model, folder)
        _put(model, weights, folder)
        model.head_state = "fine-tuned"
        return LoadedPreset(name, model, job)
    raise UserError(
        "run.not-explored",
        f"Checkpoints of the task {recipe.task} cannot be looked into.",
        "Choose the model that the run kept, or a step of its kept maps.",
    )


def _fine_tuned(recipe: Recipe, folder: Path, weights: Weights, classes: int) -> FNetMaskedLM:
    """The encoder alone: a head that was trained on another one would make noise."""
    first = presets.folder(with_kept_preset(recipe, folder).model.preset)
    classified = finetune.build(recipe, first, max(classes, 2))
    model = FNetMaskedLM.from_preset(first, preprocessor=_preprocessor(recipe, first))
    _require_same_vocabulary(model, folder)
    _put(classified, weights, folder)
    for own, trained in zip(model.backbone.weights, classified.backbone.weights, strict=True):
        own.assign(trained.value)
    model.head_state = "none"
    return model


def _preprocessor(recipe: Recipe, first: Path) -> FNetMaskedLMPreprocessor:
    """At the length that the run trained with."""
    return FNetMaskedLMPreprocessor.from_preset(first, **own_length(recipe, first))


def _require_same_vocabulary(model: FNetMaskedLM, folder: Path) -> None:
    """UserError `run.preset-changed`."""
    found = {"vocabulary_hash": model.preprocessor.tokenizer.vocabulary_hash}
    require_same_preset(run_store.read(folder.name), found)


def _put(model: Any, weights: Weights, folder: Path) -> None:
    """Weights of a checkpoint, in the order of the model's own lists."""
    for own, stored in zip((model.trainable_variables, model.non_trainable_variables), weights, strict=True):
        if [tuple(it.shape) for it in own] != [it.shape for it in stored]:
            raise UserError(
                "run.unreadable",
                f"The checkpoint of run {folder.name} does not fit the model of its recipe.",
                "It comes from another version, or its preset was replaced: choose the model that the run kept.",
            )
        for variable, value in zip(own, stored, strict=True):
            variable.assign(value)


class LoadedRun(Explored):
    """A classifier from scratch: WordPiece tokens without marks around them, `[UNK]` in the place of a hidden word."""

    head = "none"
    hidden_token = protocol.Token(UNKNOWN_ID, UNKNOWN, -1, -1, -1, True)
    pad_id = PAD_ID
    edges = 0

    def __init__(self, name: str, recipe: Recipe, folder: Path, step: int | None) -> None:
        super().__init__()
        if recipe.model.merge > 1:
            raise UserError(
                "run.not-explored",
                f"The model of {folder.name} joins {recipe.model.merge} neighbouring tokens into one position, so its "
                "pictures could not be read by words.",
                "Its mixing maps over the run are on the Runs page.",
            )
        self.name, self.length = name, recipe.data.sequence_length
        self.mixings = tuple(layer_mixings(recipe.model.mixer, recipe.model.num_layers))
        vocabulary, class_names = classifier.words_and_classes(folder)
        self.class_names = tuple(class_names)
        self.tokenizer = WordPieceTokenizer(vocabulary)
        if step is None:
            self.model = classifier.bring_back(recipe, folder).model
        else:
            self.model = classifier.build(recipe, len(vocabulary), len(class_names))
            _put(self.model, checkpoint.read_weights(run_models.checkpoint_path(folder.name, step)), folder)
        self._recipe = recipe

    def loaded(self) -> protocol.Loaded:
        return protocol.Loaded(
            preset=self.name,
            parameters=self.model.count_params(),
            num_layers=len(self.mixings),
            hidden_dim=self._recipe.model.hidden_dim,
            vocabulary_size=len(self.tokenizer.vocabulary),
            sequence_length=self.length,
            head=self.head,
            mixings=self.mixings,
            heads=self._recipe.model.num_heads if "attention" in self.mixings else 0,
            task="classify",
            # the Transformer masks its pads, but a hybrid's attention does not
            mixes_pads=self._recipe.model.mixer not in ("attention", "identity"),
            class_names=self.class_names,
        )

    def tokenize(self, text: str, transformers_compatible: bool = False) -> protocol.Tokenized:
        """A typed `[MASK]` hides a word as a click does, and `[SEP]` parts the two texts of a pair. UserError
        `text.too-many`, also for two texts where the run learnt single ones."""
        parts = texts_of(text)
        if len(parts) > 1 and not self.tokenizer.paired:
            raise UserError(
                "text.too-many",
                f"{self.name} learnt to sort single texts.",
                f"Leave {SEPARATOR} and the second text out.",
            )
        found = Pieces([], [], [], [])
        for segment, (begin, part) in enumerate(parts):
            tokens = self._tokens(begin, part, max((token.word for token in found.tokens), default=-1))
            found.take(segment, tokens, self.length + 1 - len(found.tokens) - len(parts[segment:]), "end")
            if segment < len(parts) - 1:
                found.put(segment, protocol.Token(SEPARATOR_ID, SEPARATOR, -1, -1, -1, True))
        return tokenized(found, self.length)

    def _tokens(self, begin: int, text: str, word: int) -> list[protocol.Token]:
        """Of a text that begins at a character of the prompt, behind so many words."""
        tokens: list[protocol.Token] = []
        for number, part in enumerate(text.split(MASK)):
            if number:
                word += 1
                hidden = self.hidden_token
                tokens.append(protocol.Token(hidden.id, hidden.piece, begin - len(MASK), begin, word, True))
            found = self.tokenizer.encode(part, max(len(part), 1))  # never more tokens than characters
            for piece, id, (first, last) in zip(found.tokens, found.token_ids.tolist(), found.spans):
                word += not piece.startswith("##")
                tokens.append(protocol.Token(id, piece, begin + first, begin + last, word))
            begin += len(part) + len(MASK)
        return tokens

    def piece(self, token_id: int) -> str:
        return self.tokenizer.vocabulary[token_id]

    def features(self, tokenized: protocol.Tokenized) -> dict[str, np.ndarray]:
        return {"token_ids": self.padded([token.id for token in tokenized.tokens])[None]}
