import unittest

import torch

from recipe import heads
from recipe.model import Reader, Shape

SHAPE = Shape(vocabulary=64, width=32, layers=2, heads=4, inner=32)


class Batch:
    """Two texts, every token of which sees those before it."""

    def __init__(self, positions):
        self.ids = torch.randint(0, 64, (2, len(positions)))
        self.positions = torch.tensor([positions] * 2)
        self.allowed = torch.ones(2, len(positions), len(positions), dtype=torch.bool).tril()

    def read(self, reader):
        outputs, _ = reader(self.ids, self.positions, self.allowed)
        return outputs[-1]


def twins():
    """A reader whose heads 0 and 2, and 1 and 3, attend alike."""
    torch.manual_seed(0)
    reader = Reader(SHAPE)
    with torch.no_grad():
        for weight in reader.parameters():
            weight.normal_(0, 0.3)
        for block in reader.blocks:
            for name in ("attn_q", "attn_k"):
                weight = getattr(block, name)
                weight[16:] = weight[:16]
    return reader


class HeadTests(unittest.TestCase):
    def test_heads_that_attend_alike_are_merged(self):
        for seen in heads.attention(twins(), [Batch([0, 1, 2, 5])]):
            self.assertEqual(heads.pairs(seen), [(0, 2), (1, 3)])

    def test_where_nothing_turns_merged_twins_read_as_before(self):
        reader, batch = twins(), Batch([0] * 6)
        merged = heads.merged(reader, [batch])
        self.assertEqual(merged.shape.heads, 2)
        self.assertTrue(torch.allclose(batch.read(merged), batch.read(reader), atol=1e-5))

    def test_the_first_of_two_heads_turns_as_before(self):
        reader = Reader(SHAPE)
        rotated, _ = heads.orders([(0, 2), (1, 3)], SHAPE.head)
        wide = Reader(Shape(**{**vars(SHAPE), "heads": 2}))
        positions = torch.tensor([[3, 7]])
        for column in range(SHAPE.width):
            row = int((rotated == column).nonzero())
            if column < 2 * SHAPE.head:
                turns = [
                    found.cosines[positions][0, :, place % found.shape.head % (found.shape.head // 2)]
                    for found, place in ((reader, column), (wide, row))
                ]
                self.assertTrue(torch.equal(*turns))
