import json
import tempfile
import unittest
from pathlib import Path

import numpy
import torch

from recipe import batches, gguf, layout, losses, weights
from recipe.contexts import Piece
from recipe.model import Reader, Shape
from recipe.passages import Asked, Passage, Prepared
from recipe.terms import LabelTerms
from recipe.train import Material, Schedule, Training, optimizers, trained_reader

# Two runs are equal to the bit only with one thread.
torch.set_num_threads(1)
SMALL = Shape(vocabulary=128, width=32, layers=5, heads=2, inner=32)


def encode(text):
    return [60 + sum(word.encode()) % 60 for word in text.split()]


def passage(number, vector):
    sentences = [f"Word{number} stands here.", f"Another{number} stands there too."]
    asked = Asked("Who stands?", encode("Who stands?"), ["stand"], 0, None, [], vector + 4, [])
    stems = [[f"word{number}"], [f"another{number}"]]
    return Passage("nqg", sentences, [encode(s) for s in sentences], stems, vector, [asked])


class Overlap:
    """A table of frequencies in which nothing is shared."""

    def overlap(self, question, sentence):
        return 0.0


class Short(Schedule):
    """A schedule of short contexts."""

    def __init__(self):
        super().__init__(continues=False)

    def shape(self, fraction, step):
        return 2, 64, 30

    def mixture(self, fraction):
        return 1, 0, 0

    def rate(self, fraction, step):
        return 1.0


class ScheduleTests(unittest.TestCase):
    def test_a_new_reader_begins_with_words_of_the_sentence_as_questions(self):
        new, old = Schedule(continues=False), Schedule(continues=True)
        self.assertEqual((new.easy(0), new.easy(0.5)), (1, 0))
        self.assertEqual(new.mixture(0), (0, 1, 0))
        self.assertEqual(new.mixture(0.9), old.mixture(0))
        self.assertEqual((new.shape(0.9, 1), new.easy(0.9)), (old.shape(0, 1), old.easy(0)))


class RateTests(unittest.TestCase):
    def test_an_embedding_is_trained_at_a_share_of_its_size(self):
        reader = Reader(SMALL)
        rates = []
        for size in (1.0, 0.1):
            with torch.no_grad():
                reader.token_embd.fill_(size)
            adam, _ = optimizers(reader, losses.Mixture(), losses.Likeness(32, 8))
            rates.append(adam.param_groups[0]["lr"])
        self.assertAlmostEqual(rates[0], 10 * rates[1])


def training(folder):
    passages = [passage(number, 5 * number) for number in range(6)]
    for own, each in enumerate(passages):
        each.questions[0].near = [other for other in range(6) if other != own]
    vectors = numpy.random.default_rng(0).standard_normal((30, 8)).astype(numpy.float16)
    material = Material(Prepared([], passages, []), LabelTerms(vectors, Overlap()), encode)
    torch.manual_seed(0)
    return Training(Reader(SMALL), Short(), material, Path(folder), total=10_000)


class TrainingTests(unittest.TestCase):
    def test_a_resumed_run_goes_on_as_if_it_had_not_stopped(self):
        with tempfile.TemporaryDirectory() as folder:
            whole = training(folder)
            values = [whole.advance() for _ in range(5)]
        with tempfile.TemporaryDirectory() as folder:
            first = training(folder)
            for _ in range(2):
                first.advance()
            first.save()
            first.advance()
            second = training(folder)
            self.assertEqual(second.step, 2)
            self.assertEqual([second.advance() for _ in range(3)], values[2:])
            second.save()
            trained = trained_reader(Path(folder))
        for mine, theirs in zip(trained.parameters(), whole.reader.parameters()):
            self.assertTrue(torch.equal(mine, theirs))

    def test_training_learns(self):
        with tempfile.TemporaryDirectory() as folder:
            run = training(folder)
            values = [run.advance()["own"] for _ in range(60)]
        self.assertLess(min(values[-5:]), 0.9 * values[0])


class ReaderTests(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        self.reader = Reader(SMALL)
        with torch.no_grad():
            for weight in self.reader.parameters():
                weight.add_(torch.randn_like(weight) * 0.05)

    def hidden(self, tokens, positions, segments):
        allowed = batches.attention(torch.tensor([segments]))
        with torch.no_grad():
            outputs, _ = self.reader(torch.tensor([tokens]), torch.tensor([positions]), allowed)
        return outputs[-1][0]

    def test_a_passage_sees_itself_alone_and_a_question_sees_every_passage(self):
        question = [384, 385]
        both = self.hidden([5, 70, 6, 71, 1, 2], [0, 1, 0, 1, *question], [1, 1, 2, 2, 100, 100])
        swapped = self.hidden([6, 71, 5, 70, 1, 2], [0, 1, 0, 1, *question], [1, 1, 2, 2, 100, 100])
        single = self.hidden([6, 71, 1, 2], [0, 1, *question], [2, 2, 100, 100])
        torch.testing.assert_close(both[2:4], single[:2])
        torch.testing.assert_close(both[4:], swapped[4:])
        self.assertGreater((both[4:] - single[2:]).abs().max(), 1e-3)

    def test_questions_do_not_see_each_other(self):
        two = self.hidden(
            [5, 70, 1, 80, 1, 90], [0, 1, 384, 385, 384, 385], [1, 1, 100, 100, 101, 101]
        )
        one = self.hidden([5, 70, 1, 90], [0, 1, 384, 385], [1, 1, 101, 101])
        torch.testing.assert_close(two[4:], one[2:])

    def test_an_exported_file_holds_the_same_reader(self):
        with tempfile.TemporaryDirectory() as folder:
            tokenizer, path = Path(folder) / "tokenizer.json", Path(folder) / "a.gguf"
            names = layout.SPECIAL_TOKENS + [f"word{i}" for i in range(128 - 53)]
            model = {"vocab": {name: i for i, name in enumerate(names)}, "merges": [["a", "b"]]}
            tokenizer.write_text(json.dumps({"model": model}))
            weights.save(self.reader, tokenizer, path, gguf.F16, "small")
            loaded = weights.load(path)
            metadata, _ = gguf.read(path)
        self.assertEqual(loaded.shape.heads, SMALL.heads)
        self.assertEqual(metadata["tributary.question_position"], 384)
        self.assertEqual(metadata["tokenizer.ggml.token_type"][52:54], [3, 1])
        for mine, theirs in zip(loaded.parameters(), self.reader.parameters()):
            torch.testing.assert_close(mine, theirs, atol=1e-3, rtol=1e-3)

    def test_terms_are_those_of_the_labels_present_or_none_without_vectors(self):
        each = passage(0, 0)
        pieces = [Piece(each, [0, 1])]
        known = LabelTerms(numpy.ones((5, 8), numpy.float16), Overlap())
        unknown = LabelTerms(numpy.zeros((5, 8), numpy.float16), Overlap())
        label = layout.first_label(2)
        expected = {label: (0, 8, 8), label + 1: (0, 8, 8)}
        self.assertEqual(known(each.questions[0], pieces, [2]), expected)
        self.assertIsNone(unknown(each.questions[0], pieces, [2]))
