"""Sequences side by side as tensors."""

from dataclasses import dataclass

import numpy
import torch


@dataclass
class Batch:
    """Inputs `(rows, length)`; the lists of what is learned index the flattened positions."""

    ids: torch.Tensor
    positions: torch.Tensor
    # (rows, length, length): whom each token may attend to.
    allowed: torch.Tensor
    own_labels: torch.Tensor
    answer_labels: torch.Tensor
    targets: list
    target_positions: torch.Tensor
    copied: torch.Tensor
    # Where in its row each of `copied` should look for what follows it, or -1.
    sources: torch.Tensor
    read: torch.Tensor
    # For tokens of texts whose vector is known: their positions, which text each is of, and the
    # vectors, `(texts, width)`.
    described: torch.Tensor
    text_of: torch.Tensor
    vectors: torch.Tensor


def batch(sequences, length):
    """Pads sequences to one length."""
    ids, positions, segments, own, answers = (
        torch.tensor([values(s) + [0] * (length - len(s.tokens)) for s in sequences])
        for values in (
            lambda s: s.tokens,
            lambda s: s.positions,
            lambda s: s.segments,
            lambda s: s.own_labels,
            lambda s: s.answer_labels,
        )
    )

    def places(values):
        return torch.tensor(
            [row * length + place for row, s in enumerate(sequences) for place in values(s)],
            dtype=torch.long,
        )

    texts = [text for sequence in sequences for text in sequence.described]
    lengths = torch.tensor([len(text.positions) for text in texts], dtype=torch.long)
    return Batch(
        ids,
        positions,
        attention(segments),
        own.flatten(),
        answers.flatten(),
        [target for s in sequences for target in s.targets],
        places(lambda s: [target.position for target in s.targets]),
        places(lambda s: s.copied),
        torch.tensor([source for s in sequences for source in s.sources], dtype=torch.long),
        places(lambda s: s.read),
        places(lambda s: [place for text in s.described for place in text.positions]),
        torch.arange(len(texts)).repeat_interleave(lengths),
        torch.tensor(numpy.array([text.vector for text in texts], dtype=numpy.float32)),
    )


def attention(segments):
    """A passage attends to itself alone, a question to itself and to every passage."""
    length = segments.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    mine, others = segments[:, :, None], segments[:, None, :]
    is_passage = (others > 0) & (others < 100)
    return causal & ((mine == others) | ((mine >= 100) & is_passage))
