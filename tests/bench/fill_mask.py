"""How often a preset's best, five best and ten best words hold the answer to a gap.

    python tests/bench/fill_mask.py PRESET… [--probes ../shared/data/eval/fill_mask_probes.jsonl] [--held-out TEXT]

TEXT: a file that none of the presets was trained on. Single sentences of it are asked too, with one word hidden in
each: any word, and one that is not among the 200 most frequent ones, as whoever asks for a word means. So are up to six
of the latter in the first sentence of each document, which says what a thing is.

Counts by source, of the probes whose answer is one piece of that preset's vocabulary, and the median rank of their
answers, which tells presets apart where hardly any hit; `all` is how many probes there are. Full stops and commas are
closed up, as text is written, and each text is padded to the preset's own length.
"""

import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from preset_shape import WORD, hidden, sentences_of, texts_of

from fnet_studio.models import FNetMaskedLM

PROBES = Path(__file__).resolve().parents[2].parent / "shared/data/eval/fill_mask_probes.jsonl"
AT = (1, 5, 10)
BATCH = 32
SENTENCES, FREQUENT, OF_AN_OPENING = 2000, 200, 6


def ranks(model: FNetMaskedLM, probes: list[dict]) -> list[int]:
    """1 for the best; 0 where the answer is several pieces, or the mask was cut off."""
    tokenizer = model.preprocessor.tokenizer
    found = [0] * len(probes)
    ready = []
    for number, probe in enumerate(probes):
        answer = tokenizer.ids(probe["answer"])
        prompt = model.preprocessor.prompt(probe["text"].replace(" .", ".").replace(" ,", ","))
        if len(answer) == 1 and prompt.masked:
            ready.append((number, answer[0], prompt.features))
    for first in range(0, len(ready), BATCH):
        part = ready[first : first + BATCH]
        filled = part + [part[-1]] * (BATCH - len(part))
        features = {name: np.concatenate([f[name] for _, _, f in filled]) for name in ("token_ids", "segment_ids")}
        features["mask_positions"] = np.stack([f["mask_positions"][0, :1] for _, _, f in filled])
        answers = model.probabilities(features)[:, 0]
        for (number, answer, _), row in zip(part, answers, strict=False):
            found[number] = 1 + int((row > row[answer]).sum())
    return found


def hidden_words(held_out: Path) -> list[dict]:
    """The same at every call, whatever the presets."""
    random = np.random.default_rng(0)
    texts = texts_of(held_out)
    sentences = [one for text in texts for one in sentences_of(text)]
    counts = Counter(word.lower() for text in texts for word in WORD.findall(text))
    frequent = {word for word, _ in counts.most_common(FREQUENT)}
    probes = []
    for source, left_out in (("held-out words", set()), ("rarer words", frequent)):
        found = []
        for at in random.permutation(len(sentences)):
            words = [word for word in WORD.finditer(sentences[at]) if word[0].lower() not in left_out]
            if words:
                word = words[random.integers(len(words))]
                found.append({"source": source, "text": hidden(sentences[at], [word]).text, "answer": word[0]})
            if len(found) == SENTENCES:
                break
        probes += found
    for text in texts:
        opening = [one for one in sentences_of(text)[:1] if text.startswith(one)]
        words = [w for sentence in opening for w in WORD.finditer(sentence) if w[0].lower() not in frequent]
        for at in random.permutation(len(words))[:OF_AN_OPENING]:
            probe = {"source": "openings, rarer", "text": hidden(opening[0], [words[at]]).text, "answer": words[at][0]}
            probes.append(probe)
    return probes


def report(name: str, probes: list[dict]) -> None:
    by_source = defaultdict(list)
    for probe, rank in zip(probes, ranks(FNetMaskedLM.from_preset(name), probes), strict=True):
        by_source[probe["source"]].append(rank)
    print(f"{name}: hits at {' / '.join(map(str, AT))}")
    for source, found in by_source.items():
        asked = [rank for rank in found if rank]
        hits = " / ".join(str(sum(rank <= at for rank in asked)) for at in AT)
        middle = f"{np.median(asked):,.0f}" if asked else "–"
        print(f"  {source:<16} {hits:>18} of {len(asked)}, median rank {middle} (all: {len(found)})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="+", metavar="PRESET")
    parser.add_argument("--probes", type=Path, default=PROBES)
    parser.add_argument("--held-out", type=Path)
    options = parser.parse_args()
    probes = [json.loads(line) for line in options.probes.read_text("utf-8").splitlines()]
    probes += hidden_words(options.held_out) if options.held_out else []
    for name in options.presets:
        report(name, probes)


if __name__ == "__main__":
    main()
