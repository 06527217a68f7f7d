import gzip
import json
import tempfile
import unittest
from pathlib import Path

from recipe import lexicon, passages
from recipe.exclusion import Exclusion
from recipe.layout import SPECIAL_TOKENS


class Tokenizer:
    """Words as numbers."""

    def id_to_token(self, token):
        return SPECIAL_TOKENS[token]

    def encode(self, text, add_special_tokens):
        assert not add_special_tokens
        return Tokens([100 + sum(word.encode()) for word in text.split()])


class Tokens:
    def __init__(self, ids):
        self.ids = ids


def row(source, number):
    return {
        "src": source,
        "sents": [f"Station {number} was opened in spring.", f"Its keeper number {number} sings."],
        "qas": [[f"When was station {number} opened?", 0, "spring"]] if number % 3 else [],
    }


def prepared(folder, asked):
    files = {
        passages.HELD_OUT: [row("nqg", 1), row("nqg", 3), row("squad", 4)],
        passages.ASKED: asked,
        passages.PROSE: [row("wikitext", 6)],
    }
    for name, rows in files.items():
        with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(each) + "\n" for each in rows)
    (folder / "kept-out.json").write_text('{"data": [{"title": "Nowhere", "paragraphs": []}]}')
    (folder / "idf.tsv").write_text("tributary-idf\t1\t100\nstation\t50\n")
    return passages.prepare(
        folder,
        Tokenizer(),
        Exclusion(folder / "kept-out.json"),
        lexicon.Lexicon(folder / "idf.tsv"),
    )


class PreparationTests(unittest.TestCase):
    def test_vectors_are_numbered_as_their_texts_stand_though_rows_are_left_out(self):
        rows = [row("squad" if number % 2 else "nqg", number) for number in range(20)]
        with tempfile.TemporaryDirectory() as name:
            found = prepared(Path(name), rows)
        texts = found.embedded_texts()
        self.assertEqual({passage.source for passage in found.asked}, {"nqg"})
        for passage in found.held_out + found.asked:
            for index, sentence in enumerate(passage.sentences):
                self.assertEqual(texts[passage.vector + 2 * index], sentence)
            for question in passage.questions:
                self.assertEqual(texts[question.vector], question.text)
        # Held-out rows are measured on, whatever their source.
        self.assertEqual(len(found.held_out), 2)

    def test_a_row_with_a_held_out_sentence_is_not_trained_on(self):
        copy = row("nqg", 2)
        copy["sents"][1] = "Held-out: its keeper number 1 SINGS!"
        other = dict(row("nqg", 5), sents=["A keeper sings.", "Station 5 was built, in spring."])
        copied = dict(row("nqg", 7), sents=["Station 1 was opened, in spring!", "Nobody was there."])
        with tempfile.TemporaryDirectory() as name:
            found = prepared(Path(name), [copy, other, copied])
        self.assertEqual([p.sentences for p in found.asked], [copy["sents"], other["sents"]])

    def test_a_passage_that_repeats_a_sentence_does_not_compete(self):
        rows = [row("nqg", number) for number in (5, 7, 8, 10)]
        rows[1]["sents"].append(rows[0]["sents"][0].upper())
        with tempfile.TemporaryDirectory() as name:
            asked = prepared(Path(name), rows).asked
        near = {p.sentences[0]: p.questions[0].near for p in asked}
        places = {p.sentences[0]: place for place, p in enumerate(asked)}
        first, second, third, fourth = (each["sents"][0] for each in rows)
        for text, others in (
            (first, [third, fourth]),
            (second, [third, fourth]),
            (third, [first, second, fourth]),
        ):
            self.assertEqual(sorted(near[text]), sorted(places[other] for other in others))
