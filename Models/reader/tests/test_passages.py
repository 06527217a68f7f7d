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
