"""Short answers that nobody marked, as a cross-encoder that knows some already guesses them.

The largest source of questions names the sentence that answers and not the words. Which sentence it
is tells a cross-encoder much: what it then takes for the answer teaches it, where it is sure.
"""

import json
from dataclasses import dataclass

import torch

from . import durable
from .contexts import Piece
from .cross import END, START
from .lexicon import STOP_WORDS

# Less probable guesses teach nothing. Of 133 held-out questions of SQuAD's kind with known answers,
# 65 % were as sure, with a token F1 of .86; there the sentence was read with the one before it too.
SURE = 0.5
# What a span's logarithm loses if all of its words are words of the question.
ASKED_COST = 3.0
LONGEST = 30


@dataclass
class Guess:
    """First and last token of a short answer, counted from its sentence's first, and how sure."""

    first: int
    last: int
    confidence: float


def guesses(path, maker, passages):
    """Sure guesses by passage and question, read from `path` or made and written there."""
    if not path.exists():
        made = [
            [index, number, found.first, found.last, round(found.confidence, 3)]
            for index, passage in enumerate(passages)
            for number, question in enumerate(passage.questions)
            if not question.answer and (found := guess(maker, passage, question))
        ]
        durable.write(path, lambda file: file.write(json.dumps(made).encode()))
    known = json.loads(path.read_text(encoding="utf-8"))
    return {
        id(passages[index].questions[number]): Guess(*values)
        for index, number, *values in known
    }


@torch.no_grad()
def guess(maker, passage, question):
    """The likeliest span of the sentence that answers, if it is probable enough.

    Logarithms are means over the passage and the sentence read alone.
    """
    sentence = maker.encoded(passage.sentences[question.sentence])
    asked = maker.model.question_text(maker.encoded(question.text))
    everything = list(range(len(passage.sentences)))
    total, views = torch.zeros(len(sentence), 2), 0
    for indices in {tuple(maker.short(passage, everything, question.sentence)), (question.sentence,)}:
        text = maker.texts_of(Piece(passage, list(indices)))[0]
        place = indices.index(question.sentence)
        if text.sentences.count(place) != len(sentence) + 1:
            continue
        first = text.sentences.index(place)
        _, rows = maker.model([(asked, text)])[0]
        total += rows[first : first + len(sentence), [START, END]].log_softmax(0)
        views += 1
    if not views:
        return None
    chances = span_chances(total / views, repeated(maker, sentence, question))
    confidence, best = chances.flatten().max(0)
    if confidence < SURE:
        return None
    return Guess(*divmod(int(best), len(sentence)), float(confidence))


def span_chances(logs, cost):
    """How probable each span, first token by last, is: `logs` of starts and ends, less a cost."""
    sums = logs[:, 0][:, None] + logs[:, 1][None] - cost
    allowed = torch.ones_like(sums).triu() - torch.ones_like(sums).triu(LONGEST)
    return sums.masked_fill(allowed == 0, -torch.inf).flatten().softmax(0).view_as(sums)


def repeated(maker, sentence, question):
    """What each span of a sentence loses for its words that the question has too."""
    words, asked = maker.model.tokenizer.tokens, set(maker.encoded(question.text))
    content = torch.tensor([float(is_content(words[piece])) for piece in sentence])
    both = content * torch.tensor([float(piece in asked) for piece in sentence])

    def inside(values):
        sums = torch.cat((torch.zeros(1), values.cumsum(0)))
        return sums[None, 1:] - sums[:-1, None]

    return ASKED_COST * inside(both) / inside(content).clamp(min=1)


def is_content(piece):
    """Whether a word piece says something: no punctuation and no frequent word."""
    word = piece.removeprefix("▁").removeprefix("##")
    return word.isalnum() and word not in STOP_WORDS
