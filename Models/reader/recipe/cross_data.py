"""What the cross-encoder learns from: a question, passages, and which sentence answers."""

import random
from dataclasses import dataclass

import torch

from . import cloze, cross_decoys, facts, lexicon, minilm
from .contexts import Piece, best_window, distinct, window
from .cross import PASSAGE_TOKENS
from .passages import Asked

# How many of a source's questions one round takes; sentences of one row alone teach spans only.
ROUND = {"qamr": 8000}
# Made questions for each of the others, and how many of them are about made-up names. They teach
# spans only: few human questions have a known one.
MADE, MADE_FACTS = 0.35, 0.4
# How often the passage that answers is missing, and how often another one competes with it.
WITHOUT_GOLD, WITH_OTHER = 0.1, 0.45


@dataclass
class Group:
    """A question beside passages; the one that answers is the first, or none is."""

    question: object
    pieces: list[Piece]
    # The place of the right sentence in the first passage.
    place: int | None
    # First and last token of the answer in the first passage, where they are known.
    span: tuple[int, int] | None
    # How far the span is trusted: 1 where people marked it.
    trust: float
    pairs: list
    # The lexical overlap of each sentence, by passage.
    overlaps: list[torch.Tensor]

    @property
    def has_span_only(self):
        """Whether choosing the sentence is not to be learned from it: the question was made here."""
        return self.question.vector is None


class GroupMaker:
    """Draws groups; texts are kept, so that their lower layers are read once."""

    def __init__(self, asked, model, lexicon, prose=()):
        self.asked, self.model, self.lexicon, self.prose = asked, model, lexicon, prose
        self.texts, self.pieces = {}, {}
        # Guessed spans by question, where nobody marked one.
        self.guesses = {}

    def round(self, number):
        """Every question once in a random order, of some sources a part, and made ones."""
        rng = random.Random(f"round-{number}")
        by_source = {}
        for passage in self.asked:
            for question in passage.questions:
                by_source.setdefault(passage.source, []).append((passage, question))
        drawn = [
            pair
            for source, pairs in sorted(by_source.items())
            for pair in rng.sample(pairs, min(len(pairs), ROUND.get(source, len(pairs))))
        ]
        if self.prose:
            drawn += [self.made(rng) for _ in range(int(MADE * len(drawn)))]
        rng.shuffle(drawn)
        return drawn

    def made(self, rng):
        """A passage and a question whose answer's span is known."""
        while True:
            if rng.random() < MADE_FACTS:
                sentences, questions = facts.passage(rng)
                text, place, answer = rng.choice(questions) if questions else (None, 0, None)
            else:
                drawn = rng.choice(self.prose)
                gold = rng.randrange(len(drawn.sentences))
                indices = window(drawn, gold, rng)
                sentences, place = [drawn.sentences[i] for i in indices], indices.index(gold)
                text, answer = cloze.question(sentences[place], rng) or (None, None)
            if answer:
                stems = [lexicon.content_stems(sentence) for sentence in sentences]
                asked = Asked(text, [], lexicon.content_stems(text), place, answer, [], None, [])
                return cross_decoys.Stuffed(sentences, stems), asked

    def group(self, passage, question, rng):
        """A question with its passage and at times another, or None where it cannot be learned."""
        if question.vector is None:
            piece = Piece(passage, self.own_window(passage, question, rng))
            made = self.finished(question, [piece], piece.indices.index(question.sentence))
            return made if made.span else None
        own = Piece(passage, self.own_window(passage, question, rng))
        missing = rng.random() < WITHOUT_GOLD
        is_alone = len(own.indices) == 1
        others = 1 if missing or is_alone or rng.random() < WITH_OTHER else 0
        pieces = [] if missing else [own]
        answer = (question.answer or "\0").lower()
        for index in rng.sample(question.near, len(question.near)):
            other = self.asked[index]
            piece = Piece(other, self.short(other, best_window(other, question, rng)))
            texts = [other.sentences[i].lower() for i in piece.indices]
            if len(pieces) < others + (not missing) and not any(answer in t for t in texts):
                pieces.append(piece)
        pieces = distinct(pieces)
        place = None if missing else own.indices.index(question.sentence)
        if not pieces:
            return None
        if rng.random() < cross_decoys.SHARE:
            pieces, place = self.with_decoys(pieces, place, passage, question, rng)
        return self.finished(question, pieces, place)

    def with_decoys(self, pieces, place, passage, question, rng):
        """Decoys in one of the pieces, if they fit there, and where the right sentence is then."""
        index = rng.randrange(len(pieces))
        keep = place if index == 0 else None
        strangers = self.asked[rng.randrange(len(self.asked))].sentences
        answering = passage.sentences[question.sentence]
        made, kept = cross_decoys.stuffed(
            pieces[index], keep, question, answering, strangers, rng
        )
        if len(made.indices) < 2 or self.length(made.passage, made.indices) > PASSAGE_TOKENS:
            return pieces, place
        pieces = [*pieces[:index], made, *pieces[index + 1 :]]
        return pieces, kept if index == 0 else place

    def finished(self, question, pieces, place):
        """A group with the texts, the span and the overlaps."""
        asked = self.model.question_text(self.encoded(question.text))
        pairs = [(asked, self.texts_of(piece)[0]) for piece in pieces]
        span = None if place is None else self.span(question, pieces[0], place, pairs[0][1])
        overlaps = [
            torch.tensor(
                [self.lexicon.overlap(question.stems, p.passage.stems[i]) for i in p.indices]
            )
            for p in pieces
        ]
        guess = self.guesses.get(id(question))
        trust = guess.confidence if guess else 1.0
        return Group(question, pieces, place, span, trust, pairs, overlaps)

    def texts_of(self, piece):
        """The tokens of a piece in as many parts as needed, the same objects for the same piece."""
        sentences = [piece.passage.sentences[i] for i in piece.indices]
        if isinstance(piece.passage, cross_decoys.Stuffed):
            return self.model.passage_texts([self.fresh(sentence) for sentence in sentences])
        key = (id(piece.passage), tuple(piece.indices))
        if key not in self.texts:
            self.texts[key] = self.model.passage_texts([self.encoded(s) for s in sentences])
        return self.texts[key]

    def span(self, question, piece, place, text):
        """Where the answer's tokens are, if they are tokens of their own; marked, or guessed."""
        sentence = piece.passage.sentences[piece.indices[place]]
        if guess := self.guesses.get(id(question)):
            first = text.sentences.index(place)
            return self.inside(text, place, first + guess.first, first + guess.last)
        at = sentence.lower().find(question.answer.lower()) if question.answer else -1
        if at < 0:
            return None
        before = self.encoded(sentence[:at])
        answer = self.encoded(sentence[at : at + len(question.answer)])
        whole = self.encoded(sentence)
        if not answer or whole[: len(before) + len(answer)] != before + answer:
            return None
        first = text.sentences.index(place) + len(before)
        return self.inside(text, place, first, first + len(answer) - 1)

    def inside(self, text, place, first, last):
        """The span if the text has all of it in the sentence."""
        return (first, last) if last < len(text.ids) and text.sentences[last] == place else None

    def own_window(self, passage, question, rng):
        """The whole passage where it is short; else, and at times, neighbours of the sentence."""
        everything = list(range(len(passage.sentences)))
        count = len(everything)
        size = rng.randint(2, 5) if rng.random() < 0.2 else count
        start = max(0, min(question.sentence - rng.randrange(size), count - size))
        return self.short(passage, everything[start : start + size], question.sentence)

    def short(self, passage, indices, keep=None):
        """Without sentences at the ends until it fits, never without the one to keep."""
        indices = list(indices)
        while self.length(passage, indices) > PASSAGE_TOKENS and len(indices) > 1:
            indices.pop(0 if indices[-1] == keep else -1)
        return indices

    def length(self, passage, indices):
        """Tokens of a window, with those that separate."""
        return 1 + sum(len(self.encoded(passage.sentences[i])) + 1 for i in indices)

    def encoded(self, text):
        """The word pieces of a text that is read more than once."""
        if text not in self.pieces:
            self.pieces[text] = self.fresh(text)
        return self.pieces[text]

    def fresh(self, text):
        """The word pieces of a text."""
        return [p for word in minilm.words(text) for p in self.model.tokenizer.pieces(word)]
