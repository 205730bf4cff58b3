import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fnet_studio.data.wordpiece import WordPieceTokenizer
from fnet_studio.engine.text_cutter import LearntCutter, PresetCutter
from fnet_studio.models.preprocessor import FNetTextClassifierPreprocessor

texts = st.lists(st.sampled_from(["good", "bad", "films", "end."]), max_size=12).map(" ".join)
cuts = st.sampled_from(["end", "start", "middle"])
SETTINGS = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def of_preset(preset):
    return PresetCutter(preset), FNetTextClassifierPreprocessor.from_preset(preset)


@SETTINGS
@given(texts, st.none() | texts, st.integers(5, 16), cuts)
def test_a_text_is_shown_as_fine_tuning_packs_it_and_nothing_of_it_is_lost(of_preset, text, pair, length, cut):
    cutter, preprocessor = of_preset
    preprocessor.sequence_length, preprocessor.cut = length, cut
    found = cutter.pack(text, pair, length, cut)
    features = preprocessor([text] if pair is None else ([text], [pair]))
    real = features["token_ids"][0] != preprocessor.tokenizer.pad_token_id
    assert [token.id for token in found.tokens] == features["token_ids"][0][real].tolist()
    assert found.segments == features["segment_ids"][0][real].tolist()
    assert len(found.cut_segments) == len(found.cut)
    asked = [text] if pair is None else [text, pair]
    whole = sum(len(preprocessor.tokenizer(one)) for one in asked)
    assert len(found.tokens) + len(found.cut) == whole + 1 + len(asked)


@SETTINGS
@given(texts, st.none() | texts, st.integers(3, 16), cuts)
def test_a_text_is_shown_as_a_classifier_from_scratch_packs_it(text, pair, length, cut):
    tokenizer = WordPieceTokenizer.train(["good bad films end."] * 4, 200, pairs=True)
    found = LearntCutter(tokenizer, 8).pack(text, pair, length, cut)
    rows, lengths = tokenizer.encode_batch([text], length, pairs=None if pair is None else [pair], cut=cut)
    assert [token.id for token in found.tokens] == rows[0][rows[0] != 0].tolist()
    assert len(found.tokens) + len(found.cut) == lengths[0]
