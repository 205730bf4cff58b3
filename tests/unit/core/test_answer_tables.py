import csv
import io
import json
import math

import pytest

from fnet_studio.core import answer_tables, protocol


def candidate(text, probability):
    return protocol.Candidate(f"▁{text}", text, sum(map(ord, text)), probability)


ANSWER = protocol.MaskAnswer(3, (candidate("a, b", 0.5), candidate('say "c"', 0.25)), candidate("d", 0.001), 40)


def test_an_answer_survives_the_way_through_csv():
    text = 'He said, "no".'
    table = answer_tables.as_csv(answer_tables.ANSWERS, answer_tables.answer_rows(text, (ANSWER,)))
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["answer"] for row in rows] == ["a, b", 'say "c"', "d"]
    assert [row["rank"] for row in rows] == ["1", "2", "40"]
    assert [row["original"] for row in rows] == ["False", "False", "True"]
    assert {row["text"] for row in rows} == {text}
    assert float(rows[1]["probability"]) == 0.25


def test_a_batch_keeps_its_order_and_what_had_no_answer():
    texts, rows = ("One.", "Two."), (protocol.ManyRow(problem="The text has no mask."), protocol.ManyRow((ANSWER,)))
    table = answer_tables.many_rows(texts, rows)
    assert [row[0] for row in table] == ["One.", "Two.", "Two.", "Two."]
    assert "no mask" in table[0][4]
    told = json.loads(answer_tables.as_json(answer_tables.many_json(texts, rows)))
    assert told[0]["problem"] == "The text has no mask."
    assert told[1]["masks"][0]["original"]["rank"] == 40


def test_surprise_is_told_in_bits_and_summed_in_nats():
    token = protocol.Token(9, "▁sea", 0, 3, 0)
    tokenized = protocol.Tokenized((token,), 8, 7)
    half = protocol.TokenSurprise(0, math.log(0.25), 2, candidate("a", 0.5))
    told = answer_tables.surprise_json("sea.", protocol.Surprises(tokenized, (half, half)))
    assert told["tokens"][0]["surprise_bits"] == pytest.approx(2.0)
    assert told["pseudo_log_likelihood"] == pytest.approx(2 * math.log(0.25))


def test_pieces_side_by_side_make_a_word_and_others_stand_apart():
    pieces = [("▁un", 2), ("like", 3), ("ly", 4), ("▁sea", 7)]
    answers = [protocol.MaskAnswer(position, ()) for _, position in pieces]
    chain = protocol.JointAnswer(
        tuple(protocol.Candidate(piece, piece.lstrip("▁"), 1, 0.5) for piece, _ in pieces), -1.0
    )
    assert answer_tables.joint_words(protocol.Tokenized((), 8, 0), chain, answers) == "unlikely · sea"
