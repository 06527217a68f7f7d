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
