"""The sections of a recipe: every setting with its bounds, its title and its words."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from fnet_studio.core.cutting import Cut

Source = Literal["sample", "imdb", "files"]
Mixer = Literal["fourier", "attention", "linear", "random", "identity", "hybrid"]

DEFAULT_PRESET = "fnet_small_en"
"""The bundled one that is taken where nothing is said, and shown first."""
DOWNLOAD = "download"
"""As the path of IMDb: get the archive from its address, once."""
NO_LABEL = "none"
"""As the name of the label's column: the texts have none."""
IMDB_URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz#md5=7c2ac02c03563afcf9b574c7e56c153a"
"""The data set's home page."""


class DataRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    source: Annotated[
        Source, Meta(title="Data set", description="The bundled sample, IMDb reviews, or files of one's own.")
    ] = "sample"
    path: Annotated[
        str,
        Meta(
            title="Archive, file or folder",
            description="IMDb: aclImdb.tar.gz, the folder made from it, or the word download. Files: a table (CSV, "
            "TSV, JSON, Excel, OpenDocument, Parquet; packed ones too), or a folder with one folder for each class.",
        ),
    ] = ""
    url: Annotated[
        str,
        Meta(
            title="Download from",
            description="Where the word download gets IMDb's archive, with its checksum after #md5= or #sha256=.",
        ),
    ] = IMDB_URL
    validation_path: Annotated[
        str, Meta(title="Validation file", description="Of files; none: a share of the training texts.")
    ] = "none"
    test_path: Annotated[str, Meta(title="Test file", description="Of files; none: there is no test.")] = "none"
    text_column: Annotated[str, Meta(title="Text column", description="Of files; auto: looked for.")] = "auto"
    pair_column: Annotated[
        str, Meta(title="Second text", description="Column of the second text of a pair; auto: looked for.")
    ] = "auto"
    label_column: Annotated[
        str,
        Meta(
            title="Label column",
            description="Of files; auto: looked for; none: there is none, the texts are for masked-LM training.",
        ),
    ] = "auto"
    labels: Annotated[
        str,
        Meta(
            title="Meaning of labels",
            description="Of files, such as 0=negative, 1=positive; auto: the labels are the names of the classes.",
        ),
    ] = "auto"
    vocabulary_size: Annotated[
        int,
        Meta(ge=100, le=100_000, title="Vocabulary", description="WordPiece pieces, special ones included."),
    ] = 15_000
    sequence_length: Annotated[
        int,
        Meta(
            ge=0,
            le=4096,
            title="Length",
            description="Every text is cut or padded to this many tokens, at least 8. Padding is mixed in too, unless "
            "the mixing is attention or identity: the length is part of the model. 0: the preset's own.",
        ),
    ] = 512
    cut: Annotated[
        Cut,
        Meta(
            title="Cut long texts",
            description="What goes of a text that is longer: its end, its start, or its middle, which leaves a quarter "
            "of the length for the beginning and the rest for the end. A review often says at its end what it means.",
        ),
    ] = "end"
    validation_split: Annotated[
        float, Meta(ge=0.01, le=0.5, title="Validation share", description="Taken from the training texts.")
    ] = 0.2
    split_seed: Annotated[
        int, Meta(ge=0, le=2**31 - 1, title="Split seed", description="Decides which texts validate.")
    ] = 42
    split: Annotated[
        Literal["random", "stratified"],
        Meta(
            title="Split",
            description="stratified: each class has the same share in training and validation, and each with two texts "
            "or more is in both. random: by chance, as in Keras' example; a rare class may be missing in one.",
        ),
    ] = "random"

    @property
    def stratified(self) -> bool:
        """IMDb's reviews are always split as in the published example."""
        return self.split == "stratified" and self.source != "imdb"


class ModelRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    """Of a model from scratch; for the tasks on a preset only the first two and the dropout count."""

    preset: Annotated[
        str,
        Meta(
            min_length=1,
            title="Preset",
            description="For fine-tuning and masked-LM: a name, a folder, or run: and the id or name of a run that "
            "kept one. For pretraining: what it starts from, or none.",
        ),
    ] = DEFAULT_PRESET
    backbone: Annotated[
        Literal["trained", "frozen"],
        Meta(title="Backbone", description="For fine-tuning: train the whole model, or the new head alone."),
    ] = "trained"
    pooling: Annotated[
        Literal["cls", "mean"],
        Meta(
            title="Pooling",
            description="For fine-tuning: classify by the first position (cls), or by the average over the tokens "
            "(mean), for presets that were never trained on the first. KerasHub and Transformers know cls alone.",
        ),
    ] = "cls"
    mixer: Annotated[
        Mixer,
        Meta(
            title="Mixing",
            description="FNet: Fourier. Transformer: attention. The others are the paper's; hybrid: attention in the "
            "top two layers.",
        ),
    ] = "fourier"
    num_layers: Annotated[int, Meta(ge=1, le=48, title="Layers", description="Encoder blocks.")] = 3
    hidden_dim: Annotated[int, Meta(ge=8, le=4096, title="Hidden size", description="Width of a token's vector.")] = 128
    intermediate_dim: Annotated[
        int,
        Meta(ge=8, le=16384, title="Intermediate size", description="Width inside the feed-forward part."),
    ] = 512
    num_heads: Annotated[int, Meta(ge=1, le=64, title="Heads", description="Attention heads; unused by FNet.")] = 2
    dropout: Annotated[
        float, Meta(ge=0.0, le=0.9, title="Dropout", description="Share dropped before the output layer.")
    ] = 0.1
    average: Annotated[
        Literal["all", "tokens"],
        Meta(
            title="Average over",
            description="What the blocks' output is averaged over: all positions, as in the published FNet, or those "
            "that hold tokens.",
        ),
    ] = "all"
    ngrams: Annotated[
        int,
        Meta(
            ge=1, le=3, title="N-grams", description="2: pairs of tokens get vectors too; 3: triples as well; 1: off."
        ),
    ] = 1
    ngram_buckets: Annotated[
        int,
        Meta(
            ge=1024,
            le=2**22,
            title="N-gram buckets",
            description="Vectors that all n-grams share by hashing; unused when those are off.",
        ),
    ] = 2**18
    embedding_dim: Annotated[
        int,
        Meta(
            ge=0,
            le=4096,
            title="Embedding size",
            description="Width of the vectors of tokens and n-grams, projected to the hidden size; 0: that size.",
        ),
    ] = 0
    token_dropout: Annotated[
        float,
        Meta(ge=0.0, le=0.9, title="Token dropout", description="Share of tokens and n-grams left out in training."),
    ] = 0.0
    merge: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            title="Tokens a position",
            description="Neighbours summed into one position of the blocks. It has to divide the length.",
        ),
    ] = 1
    bag: Annotated[
        bool,
        Meta(
            title="Bag of words",
            description="The sum of all vectors reaches the output layer directly too, beside what the blocks make; it "
            "alone trains them.",
        ),
    ] = False


class TrainingRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    epochs: Annotated[int, Meta(ge=1, le=1000, title="Epochs", description="Passes over the training texts.")] = 3
    batch_size: Annotated[int, Meta(ge=1, le=4096, title="Batch", description="Texts a step.")] = 64
    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0, title="Learning rate", description="Adam's step size.")] = 1e-3
    seed: Annotated[
        int,
        Meta(ge=0, le=2**31 - 1, title="Seed", description="Decides the first weights, dropout and order."),
    ] = 0
    accumulation: Annotated[
        int,
        Meta(
            ge=1,
            le=4096,
            title="Accumulation",
            description="Parts that each batch is worked through in, one after the other: less memory, the same step. "
            "It has to divide the batch.",
        ),
    ] = 1
    auto_batch: Annotated[
        bool,
        Meta(title="Retry with less memory", description="When memory runs out: twice the accumulation, and go on."),
    ] = False
    precision: Annotated[
        Literal["float32", "mixed_bfloat16", "auto"],
        Meta(
            title="Precision",
            description="mixed_bfloat16: computes in bfloat16, keeps the weights in float32. auto: that on an "
            "accelerator, float32 on a CPU.",
        ),
    ] = "float32"
    steps_per_call: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            title="Steps a call",
            description="Steps that the device does in one go, without waiting for this program; a stop is heeded "
            "between calls. 0: 1 on a CPU, 32 on an accelerator.",
        ),
    ] = 1


class PretrainingRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    """Of the task `pretrain` alone."""

    steps_per_epoch: Annotated[
        int,
        Meta(ge=1, le=1_000_000, title="Steps an epoch", description="After so many steps it is measured and saved."),
    ] = 1000
    short_share: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            title="Short texts",
            description="Share of rows that hold one to three sentences and pads; the others are full of text.",
        ),
    ] = 0.33
    openings: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            title="Openings",
            description="Share of the short texts that are the first sentences of a document: they stand by themselves "
            "and say what a thing is, as what is typed does. 0: all sentences alike.",
        ),
    ] = 0.0
    masked: Annotated[
        float, Meta(gt=0.0, le=0.9, title="Masked", description="Share of the tokens of a row that are to be guessed.")
    ] = 0.15
    subsampling: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            title="Subsampling",
            description="In short texts, pieces more frequent than this share of the text are masked more rarely, by "
            'the square root: whoever masks a word in a sentence rarely means a "the". 0: all alike.',
        ),
    ] = 0.0
    one_piece: Annotated[
        bool,
        Meta(
            title="Words of one piece",
            description="In short texts, only words that are one piece are masked, as a [MASK] in a sentence stands "
            "for one; the pieces of longer words stay as they are.",
        ),
    ] = False
    whole_words: Annotated[bool, Meta(title="Whole words", description="Mask all pieces of a word together.")] = False
    validation_rows: Annotated[
        int,
        Meta(ge=1, le=1_000_000, title="Rows to validate", description="Of the validation text, drawn once."),
    ] = 512
    vocabulary_lines: Annotated[
        int,
        Meta(ge=100, le=100_000_000, title="Vocabulary's lines", description="Lines that the vocabulary is made from."),
    ] = 400_000


class AdaptRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    """Before fine-tuning: go on with the preset's pretraining on the task's texts, a run of its own (`core.chain`)."""

    epochs: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            title="Epochs of adapting",
            description="Before fine-tuning: masked-LM training on the texts without their labels (some of those that "
            "validate too, of IMDb the unlabelled ones; never test texts), as a run of its own; 0: off.",
        ),
    ] = 0
    batch_size: Annotated[
        int, Meta(ge=1, le=4096, title="Batch of adapting", description="Windows of text a step.")
    ] = 16
    learning_rate: Annotated[
        float, Meta(gt=0.0, le=1.0, title="Rate of adapting", description="Adam's step size while adapting.")
    ] = 1e-4


class OptimisationRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    """Beyond plain Adam; everything is off by default, as in the published example."""

    optimiser: Annotated[
        Literal["adam", "muon"],
        Meta(
            title="Optimiser",
            description="muon: the products inside the encoder's blocks, but for attention's, take steps of equal size "
            "in all directions (arXiv 2502.16982), everything else Adam's; learns more from each batch when there is "
            "a lot of text.",
        ),
    ] = "adam"
    weight_decay: Annotated[
        float,
        Meta(ge=0.0, le=1.0, title="Weight decay", description="AdamW's, on kernels and embeddings alone; 0: off."),
    ] = 0.0
    epsilon: Annotated[
        float,
        Meta(
            gt=0.0,
            le=1.0,
            title="Adam's epsilon",
            description="A weight whose gradients stay far below it moves little: raised to 1e-5, words that are seen "
            "once or twice are hardly learned by heart.",
        ),
    ] = 1e-7
    schedule: Annotated[
        Literal["constant", "linear", "cosine"],
        Meta(title="Schedule", description="How the learning rate falls after the warm-up, to 0 at the last step."),
    ] = "constant"
    warmup: Annotated[
        float,
        Meta(ge=0.0, le=0.9, title="Warm-up", description="Share of all steps in which the learning rate rises."),
    ] = 0.0
    clip_norm: Annotated[
        float,
        Meta(ge=0.0, le=1000.0, title="Gradient clipping", description="Largest norm of all gradients; 0: off."),
    ] = 0.0
    label_smoothing: Annotated[
        float,
        Meta(
            ge=0.0,
            le=0.5,
            title="Label smoothing",
            description="Share of each label spread over all classes; of a masked piece, over the whole vocabulary.",
        ),
    ] = 0.0
    class_weights: Annotated[
        Literal["none", "balanced"],
        Meta(
            title="Class weights",
            description="balanced: a training text counts by texts / (classes x texts of its class), so that a rare "
            "class weighs as much as a common one. The training loss is then the weighted one; those of validation and "
            "test stay unweighted.",
        ),
    ] = "none"
    ema: Annotated[
        float,
        Meta(
            ge=0.0,
            le=0.99999,
            title="Averaged weights",
            description="Decay of the exponential moving average that is evaluated and kept; 0: off. It rises to its "
            "value: 0.99 after 890 steps, 0.999 after 8\u202f990.",
        ),
    ] = 0.0
    layer_decay: Annotated[
        float,
        Meta(
            gt=0.0,
            le=1.0,
            title="Layer-wise decay",
            description="Learning rate of each layer as a share of the one above it; 1: the same for all.",
        ),
    ] = 1.0
    keep: Annotated[
        Literal["last", "best"],
        Meta(title="Model kept", description="That of the last epoch, or of the best one on the validation texts."),
    ] = "last"
    monitor: Annotated[
        Literal["accuracy", "loss", "macro-f1"],
        Meta(
            title="Best by",
            description="Validation figure that decides which epoch is the best. macro-f1, the mean of the classes' "
            "F1, heeds a rare class as much as a common one.",
        ),
    ] = "accuracy"
    patience: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            title="Patience",
            description="Stop after this many epochs without a better one, and keep the best; 0: off.",
        ),
    ] = 0

    @property
    def keeps_best(self) -> bool:
        return self.keep == "best" or self.patience > 0


class ObserveRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    probe: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=2000,
            title="Probe sentence",
            description="Its mixing maps are shown live.",
        ),
    ] = "A slow start, but the last hour is the best thing I have seen in years."
    keep_maps_every_s: Annotated[
        float, Meta(ge=1.0, le=3600.0, title="Keep maps every (s)", description="How often maps are stored.")
    ] = 20.0


class SavingRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    checkpoint_every_s: Annotated[
        float, Meta(ge=0.0, le=86400.0, title="Checkpoint every (s)", description="And after each epoch; 0: each step.")
    ] = 60.0
    keep_last: Annotated[int, Meta(ge=1, le=1000, title="Checkpoints kept", description="Older ones are removed.")] = 2
    free_space_mb: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000_000,
            title="Free space kept (MB)",
            description="With less on the disk, and room for a checkpoint, the run waits for more; 0: off.",
        ),
    ] = 200
    weights: Annotated[
        Literal["float32", "float16"],
        Meta(title="Weights on disk", description="Of the kept preset; float16: half the size, loaded as float32."),
    ] = "float32"
