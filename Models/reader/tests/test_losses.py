import math
import unittest
from types import SimpleNamespace

import torch

from recipe import losses


def batch(vectors):
    """Two texts, of the tokens 1 and 2, and of the token 4."""
    return SimpleNamespace(
        described=torch.tensor([1, 2, 4]),
        text_of=torch.tensor([0, 0, 1]),
        vectors=torch.tensor(vectors),
    )


class LikenessTests(unittest.TestCase):
    def setUp(self):
        self.likeness = losses.Likeness(2, 2)
        with torch.no_grad():
            self.likeness.matrix.copy_(torch.eye(2))
        self.hidden = torch.tensor([[9.0, 9], [1, 0], [0, 1], [9, 9], [0, 2]])

    def test_texts_whose_tokens_add_up_to_their_vectors_cost_nothing(self):
        found = self.likeness(self.hidden, batch([[3.0, 3], [0, 1]]))
        self.assertAlmostEqual(float(found), 0, places=6)

    def test_a_text_across_its_vector_costs_one(self):
        found = self.likeness(self.hidden, batch([[3.0, 3], [1, 0]]))
        self.assertAlmostEqual(float(found), 0.5, places=6)

    def test_without_known_vectors_nothing_is_lost(self):
        empty = SimpleNamespace(
            described=torch.zeros(0, dtype=torch.long),
            text_of=torch.zeros(0, dtype=torch.long),
            vectors=torch.zeros(0),
        )
        self.assertEqual(float(self.likeness(self.hidden, empty)), 0)


class LookingTests(unittest.TestCase):
    """Two tokens of a passage with the labels 20 and 21, and two of a question."""

    def setUp(self):
        self.batch = SimpleNamespace(
            ids=torch.zeros(1, 4),
            allowed=torch.ones(1, 4, 4),
            own_labels=torch.tensor([20, 21, 0, 0]),
            answer_labels=torch.tensor([0, 0, 21, 4]),
            copied=torch.tensor([2, 3]),
            sources=torch.tensor([1, -1]),
        )

    def test_question_tokens_should_look_at_the_sentence_that_answers(self):
        rows, places = losses.answering(self.batch)
        self.assertEqual(rows.tolist(), [[False, False, True, False]])
        self.assertEqual(places.nonzero().tolist(), [[0, 2, 1]])

    def test_a_copied_token_should_look_at_the_one_that_follows(self):
        rows, places = losses.pointing(self.batch)
        self.assertEqual(rows.tolist(), [[False, False, True, False]])
        self.assertEqual(places.nonzero().tolist(), [[0, 2, 1]])

    def test_the_loss_is_the_logarithm_of_what_is_taken_there_by_every_head(self):
        rows, places = losses.answering(self.batch)
        attention = torch.full((1, 2, 4, 4), 0.25)
        attention[0, 0, 2] = torch.tensor([0.0, 1, 0, 0])
        found = float(losses.looking([attention], rows, places))
        self.assertAlmostEqual(found, -math.log(0.25) / 2, places=6)
        nothing = losses.looking([attention], torch.zeros_like(rows), places)
        self.assertEqual(float(nothing), 0)
