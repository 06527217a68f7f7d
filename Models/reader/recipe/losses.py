"""What the reader is trained for."""

import torch
from torch import nn
from torch.nn import functional

from . import layout, terms

# All labels' tokens are below this.
LABEL_TOKENS = layout.FIRST_LABEL + layout.LABELS
# How much of the passages' own text is learned from at each step.
READ_SHARE = 0.25


class Mixture(nn.Module):
    """The weights of the terms in the label score, learned beside the reader.

    A label scores the reader's logit plus lexical overlap, cosine and cosine with context, each
    times its weight; none gets a constant. With the terms in the loss the reader learns what they
    do not say.
    """

    def __init__(self):
        super().__init__()
        # Near what a fit without any reader finds, so that it starts from their knowledge.
        self.weights = nn.Parameter(torch.tensor([0.2, 6.0, 6.0]))
        self.none = nn.Parameter(torch.tensor(5.0))

    def forward(self, logits, values):
        """The scores of the labels' columns."""
        constant = functional.one_hot(torch.tensor(layout.LABELS), layout.LABELS + 1) * self.none
        return logits + values @ self.weights + constant


class Likeness(nn.Module):
    """Turns the mean of a text's tokens into the vector that MiniLM gives the text.

    Meant to teach what MiniLM knows of meaning, for which labels of a few ten thousand questions are
    little; that it brings hits was not seen.
    """

    def __init__(self, width, vector):
        super().__init__()
        self.matrix = nn.Parameter(torch.randn(vector, width) * width**-0.5)

    def forward(self, hidden, batch):
        """One minus the cosine, over the texts whose vector is known."""
        if not len(batch.vectors):
            return hidden.sum() * 0
        rows = hidden[batch.described].float()
        # Sums do: cosines do not know length.
        sums = torch.zeros(len(batch.vectors), rows.shape[1]).index_add(0, batch.text_of, rows)
        found = functional.linear(sums, self.matrix)
        return 1 - functional.cosine_similarity(found, batch.vectors).mean()


def loss(reader, mixture, likeness, outputs, attention, batch):
    """The sum that is minimised, and its parts by name."""
    flat = [output.flatten(0, 1) for output in outputs]
    ids = batch.ids.flatten()
    right = torch.tensor([target.label for target in batch.targets])
    label_logits = reader.logits(flat[-1][batch.target_positions]).float()
    parts = {
        "label": (1.0, functional.cross_entropy(label_logits, right)),
        "mixed": (1.0, mixed(mixture, label_logits, batch.targets)),
        "copy": (0.5, next_token(reader, flat[-1], ids, batch.copied)),
        "read": (0.08, next_token(reader, flat[-1], ids, sampled(batch.read))),
        # Selection is learned only with supervision below the last layer.
        "own": (0.1, early_label(reader, flat[1], batch.own_labels)),
        "like": (1.0, likeness(flat[2], batch)),
        "early": (0.4, early_label(reader, flat[3], batch.answer_labels)),
        "late": (1.0, early_label(reader, flat[4], batch.answer_labels)),
        # Without the first of these, words are not compared for millions of tokens.
        "look": (0.5, looking(attention[2:4], *answering(batch))),
        "point": (0.2, looking(attention[4:6], *pointing(batch))),
    }
    total = sum(weight * value for weight, value in parts.values())
    return total, {name: value.item() for name, (_, value) in parts.items()}


def mixed(mixture, label_logits, targets):
    """The loss of the label score with its terms, over the questions that have them."""
    chosen = [index for index, target in enumerate(targets) if target.terms is not None]
    if not chosen:
        return label_logits.sum() * 0
    values, _ = terms.tensors([targets[index] for index in chosen])
    right = torch.tensor([terms.column(targets[index].label) for index in chosen])
    logits = label_logits[chosen][:, terms.COLUMNS]
    return functional.cross_entropy(mixture(logits, values), right)


def next_token(reader, hidden, ids, positions):
    """The loss of what follows each of the positions."""
    if not len(positions):
        return hidden.sum() * 0
    return functional.cross_entropy(reader.logits(hidden[positions]).float(), ids[positions + 1])


def early_label(reader, hidden, labels):
    """The loss of the label that each token should know, where it should know one."""
    known = labels > 0
    logits = reader.logits(hidden[known], LABEL_TOKENS).float()
    return functional.cross_entropy(logits, labels[known])


def looking(attention, rows, places):
    """How far guided heads are from attending, in some rows, to the places that they should.

    `rows` is `(batch, length)` and `places` `(batch, length, length)`. The loss is minus the
    logarithm of what a head takes there.
    """
    if not rows.any():
        return attention[0].sum() * 0
    wanted = places[rows][:, None]
    shares = [(weights.transpose(1, 2)[rows] * wanted).sum(-1) for weights in attention]
    return -torch.stack(shares).clamp(min=1e-5).log().mean()


def answering(batch):
    """The question tokens whose answer is here, and for each the tokens of its sentence."""
    own, answers = (
        labels.view(batch.ids.shape) for labels in (batch.own_labels, batch.answer_labels)
    )
    places = (own[:, None, :] == answers[:, :, None]) & (answers > 0)[:, :, None]
    return places.any(-1), places


def pointing(batch):
    """The tokens that are followed by a copied one, and for each the token that is copied."""
    places = torch.zeros(batch.allowed.shape, dtype=torch.bool)
    known = batch.sources >= 0
    row = batch.copied[known].div(batch.ids.shape[1], rounding_mode="floor")
    column = batch.copied[known].remainder(batch.ids.shape[1])
    places[row, column, batch.sources[known]] = True
    return places.any(-1), places


def sampled(positions):
    """A random part of the positions."""
    return positions[torch.rand(len(positions)) < READ_SHARE]
