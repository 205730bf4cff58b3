"""Run by the peers' Python: the ids and segments that Transformers gives to texts, and to pairs of them.

python tokenize_texts.py FOLDER TEXTS.json OUT.json
"""

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    from transformers import AutoTokenizer  # pyright: ignore[reportMissingImports]

    folder, texts_file, out_file = sys.argv[1:]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    given = json.loads(Path(texts_file).read_text("utf-8"))
    padded = {"padding": "max_length", "truncation": True}
    made = [dict(tokenizer(*one, **padded)) for one in given]
    Path(out_file).write_text(json.dumps(made), "utf-8")
