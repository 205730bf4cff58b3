"""What a setting means for a task: the words beside its field, but where the task reads it in another way."""

from fnet_studio.core.recipe import Field

_BY_TASK = {
    "masked-lm": {
        "data.path": "IMDb: aclImdb.tar.gz, the folder made from it, or the word download. Files: a table (CSV, TSV, "
        "JSON, Excel, OpenDocument, Parquet), a .txt file, or a folder of such files; packed ones too.",
        "data.sequence_length": "Every text is parted into windows of this many tokens, at least 8, and the last one "
        "is padded. Padding is mixed in too: the length is part of the model. 0: the preset's own.",
        "training.batch_size": "Windows of text a step.",
    },
    "pretrain": {
        "data.path": "A .txt or .txt.xz file, or a folder of such, documents parted by blank lines; or a corpus that "
        "was tokenised before.",
        "data.validation_path": "As the training text; none: every hundredth document of that.",
        "data.vocabulary_size": "SentencePiece pieces, special ones included.",
        "data.sequence_length": "Every document is parted into windows of this many tokens, at least 8; what is "
        "shorter is padded. Padding is mixed in too: the length is part of the model. 0: the preset's own.",
        "model.dropout": "Share dropped after the embeddings and in every block.",
        "training.epochs": "Each takes as many steps as are set for an epoch, however long the text is.",
        "training.batch_size": "Windows of text a step, short texts among them.",
    },
}


def description(field: Field, task: str) -> str:
    """Of a setting in a recipe of this task."""
    return _BY_TASK.get(task, {}).get(field.key, field.description)
