"""What lexicon and sentence encoder say about every sentence, beside the reader's own logit."""

import numpy
import torch

from . import layout


class LabelTerms:
    """Computes the terms of each label present: lexical overlap, cosine, cosine with context."""

    def __init__(self, vectors, lexicon):
        self.vectors = vectors
        self.lexicon = lexicon

    def vector(self, number):
        """The vector of a number, or None for none and for one that was not computed."""
        if number is None or not self.vectors[number].any():
            return None
        return self.vectors[number]

    def __call__(self, question, pieces, slots):
        """The terms by label token, or None for a question that is made up or not yet embedded."""
        if question.vector is None:
            return None
        asked = self.vectors[question.vector].astype(numpy.float32)
        terms = {}
        for piece, slot in zip(pieces, slots):
            passage = piece.passage
            rows = [passage.vector + 2 * index for index in piece.indices]
            alone = self.vectors[rows].astype(numpy.float32)
            # The first sentence of a window has nothing before it, as at run time.
            with_context = self.vectors[[row + 1 for row in rows]].astype(numpy.float32)
            with_context[0] = alone[0]
            if not asked.any() or not alone.any(1).all():
                return None
            cosines = zip(alone @ asked, with_context @ asked)
            for place, (index, pair) in enumerate(zip(piece.indices, cosines)):
                overlap = self.lexicon.overlap(question.stems, passage.stems[index])
                terms[layout.first_label(slot) + place] = (overlap, *map(float, pair))
        return terms


def tensors(targets):
    """The terms of many questions as `(questions, 41, 3)`, and which of the labels are present.

    Column i is label i + 1, the last is none. Questions without terms have no label present.
    """
    values = torch.zeros(len(targets), layout.LABELS + 1, 3)
    present = torch.zeros(len(targets), layout.LABELS + 1, dtype=torch.bool)
    for row, target in enumerate(targets):
        for token, terms in (target.terms or {}).items():
            values[row, column(token)] = torch.tensor(terms)
            present[row, column(token)] = True
    return values, present


def column(token):
    """The column of a label's token, or of none."""
    return layout.LABELS if token == layout.NONE else token - layout.FIRST_LABEL


# The token of each column.
COLUMNS = [layout.FIRST_LABEL + label for label in range(layout.LABELS)] + [layout.NONE]
