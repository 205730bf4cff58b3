"""The sentences of the Examples menu, each run by the bundled preset: what the menu says of it is true."""

import pytest

from fnet_studio.core import protocol
from fnet_studio.core.alternatives import variants
from fnet_studio.core.examples import read_examples
from fnet_studio.engine import answers, surprise
from fnet_studio.engine.fill_mask import LoadedPreset

EXAMPLES = read_examples()


@pytest.fixture(scope="module")
def preset():
    return LoadedPreset(EXAMPLES.preset)


def test_each_of_them_is_there_once_and_none_is_without_a_claim():
    assert len({example.text for example in EXAMPLES.example}) == len(EXAMPLES.example) > 9
    assert all(example.shows and (example.expect or example.most_surprising) for example in EXAMPLES.example)


@pytest.mark.parametrize("example", EXAMPLES.example, ids=lambda example: example.text)
def test_what_an_example_says_of_the_bundled_preset_is_true(preset, example):
    for claim in example.expect:
        text = variants(example.text)[claim.of - 1].text
        filled = answers.fill(preset, protocol.FillMask(EXAMPLES.preset, text, top_k=50, mode=example.mode))
        answer = filled.answers[claim.mask - 1]
        words = [candidate.text for candidate in answer.candidates]
        probability = {candidate.text: candidate.probability for candidate in reversed(answer.candidates)}
        if claim.best:
            assert words[0] == claim.best
            assert answer.candidates[0].probability >= claim.at_least
        assert set(claim.among) <= set(words[:5])
        if claim.absent:
            assert claim.absent not in words
        if claim.over:
            assert probability[claim.word] > probability.get(claim.over, 0.0)
        assert bool(filled.joint) == (example.mode != "independent")
    if example.most_surprising:
        assert example.surprise
        told = surprise.surprise(preset, protocol.Surprise(EXAMPLES.preset, example.text))
        most = min(told.tokens, key=lambda token: token.log_probability)
        token = told.tokenized.tokens[most.position]
        assert example.text[token.begin : token.end].strip() == example.most_surprising
