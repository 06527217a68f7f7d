"""Training contexts: a few passages as the runtime lays them out, and questions about them."""

import functools
import random
from dataclasses import dataclass, fields

import numpy

from . import cloze, facts, layout
from .layout import NONE

SOURCES = {"nqg": 0.36, "squad_erm": 0.24, "qamr": 0.18, "qed": 0.12, "covid": 0.1}
# How often the passage that answers is missing, and all others compete with it.
WITHOUT_GOLD = 0.25
PROSE = {"wikitext": 0.45, "factbook": 0.1, "swiftdocs": 0.15, "wap": 0.3}


@dataclass
class Piece:
    """A window of a passage's sentences."""

    passage: object
    indices: list[int]

    def length(self):
        """Tokens with labels."""
        return 1 + sum(len(self.passage.tokens[index]) + 1 for index in self.indices)


@dataclass
class Choice:
    """A question with what answers it: a sentence, as piece and place, or none."""

    question: object
    piece: int | None = None
    place: int | None = None


@dataclass
class Question:
    """What a context needs of a question; those made up here have no vector."""

    text: str
    answer: str | None
    answer_tokens: list[int]
    stems: list[str]
    vector: int | None = None


@dataclass
class Made:
    """A passage of prose or made-up facts in the shape of `passages.Passage`."""

    sentences: list[str]
    tokens: list[list[int]]
    vector: None = None


class ContextMaker:
    """Draws contexts; which ones depends on the seed alone."""

    def __init__(self, prepared, encode):
        self.encode = encode
        self.asked = prepared.asked
        self.by_source = {}
        for passage in prepared.asked + prepared.prose:
            self.by_source.setdefault(passage.source, []).append(passage)

    def context(self, rng, room, mixture, easy=0.0):
        """Pieces and choices; `room` is how many tokens the passages may take.

        `mixture` gives the shares of human questions, of cloze questions and of facts; `easy` the
        share of the cloze questions that are words of the sentence as they stand there.
        """
        prose = functools.partial(self.prose, easy=easy)
        make = rng.choices([self.human, prose, self.facts], mixture)[0]
        while True:
            pieces, choices = make(rng, room)
            if pieces and choices:
                return pieces, choices

    def human(self, rng, room):
        """A passage that people asked about, with those that compete for its questions."""
        passage = self.draw(SOURCES, rng)
        lead = rng.choice(passage.questions)
        pieces = [Piece(passage, window(passage, lead.sentence, rng))]
        without_gold = rng.random() < WITHOUT_GOLD
        near = rng.sample(lead.near, len(lead.near)) if rng.random() < 0.8 else []
        others = [self.asked[index] for index in near] + [self.draw(SOURCES, rng)]
        for other in others[: rng.choice([0, 1, 2, 3, 4, 5, 6]) + without_gold]:
            pieces.append(Piece(other, best_window(other, lead, rng)))
        if without_gold:
            pieces = pieces[1:]
        pieces = fitting(distinct(pieces), room, rng)
        return pieces, human_choices(pieces, passage.questions if without_gold else [], rng)

    def prose(self, rng, room, easy):
        """Prose with questions made from its sentences."""
        drawn = [self.draw(PROSE, rng) for _ in range(rng.randint(1, 6))]
        pieces = [Piece(p, window(p, rng.randrange(len(p.sentences)), rng)) for p in drawn]
        pieces = fitting(distinct(pieces), room, rng)
        choices = []
        for _ in range(12 if pieces else 0):
            piece = rng.randrange(len(pieces))
            place = rng.randrange(len(pieces[piece].indices))
            sentence = pieces[piece].passage.sentences[pieces[piece].indices[place]]
            if rng.random() < easy:
                others = [other for other in sentences(pieces) if other != sentence]
                made = cloze.keywords(sentence, others, rng)
            else:
                made = cloze.question(sentence, rng)
            if made:
                choices.append(Choice(self.made_question(*made), piece, place))
        stranger = cloze.question(rng.choice(self.draw(PROSE, rng).sentences), rng)
        if stranger:
            choices.insert(rng.randrange(4), Choice(self.made_question(*stranger)))
        return pieces, choices

    def facts(self, rng, room):
        """Passages about made-up names."""
        pieces, choices, texts = [], [], set()
        for number in range(rng.randint(2, 5)):
            sentences, questions = facts.passage(rng)
            piece = Piece(
                Made(sentences, [self.encode(text) for text in sentences]),
                list(range(len(sentences))),
            )
            is_absent = number > 0 and rng.random() < 0.2
            if not is_absent and sum(p.length() for p in pieces) + piece.length() > room:
                break
            for text, place, answer in questions:
                if text not in texts:
                    where = (None, None) if is_absent else (len(pieces), place)
                    choices.append(Choice(self.made_question(text, answer), *where))
                    texts.add(text)
            if not is_absent:
                pieces.append(piece)
        rng.shuffle(choices)
        return pieces, choices

    def made_question(self, text, answer):
        """A question without a vector."""
        return Question(text, answer, self.encode(answer) if answer else [], [])

    def draw(self, shares, rng):
        """A passage of a source drawn by its share."""
        known = [source for source in shares if source in self.by_source]
        source = rng.choices(known, [shares[source] for source in known])[0]
        return rng.choice(self.by_source[source])


def window(passage, gold, rng):
    """Neighbouring sentences around `gold`: mostly a chunk of at most five, as retrieval cuts."""
    count = len(passage.sentences)
    size = rng.randint(1, 10) if rng.random() < 0.25 else rng.randint(2, 5)
    start = max(0, min(gold - rng.randrange(size), count - size))
    return list(range(start, min(count, start + size)))


def best_window(passage, question, rng):
    """Three neighbouring sentences that share the most stems with a question, or any."""
    if rng.random() < 0.4:
        return window(passage, rng.randrange(len(passage.sentences)), rng)
    shared = [len(set(question.stems).intersection(stems)) for stems in passage.stems]
    starts = range(max(1, len(shared) - 2))
    best = max(starts, key=lambda start: sum(shared[start : start + 3]))
    return list(range(best, min(len(shared), best + 3)))


def distinct(pieces):
    """Each passage once, and none that has a sentence of an earlier one.

    A sentence that stands twice would be right in one place and wrong in the other.
    """
    seen, told, kept = set(), set(), []
    for piece in pieces:
        tells = piece.passage.told(piece.indices)
        if id(piece.passage) not in seen and not tells & told:
            seen.add(id(piece.passage))
            told |= tells
            kept.append(piece)
    return kept


def sentences(pieces):
    """What the pieces say."""
    return [piece.passage.sentences[index] for piece in pieces for index in piece.indices]


def fitting(pieces, room, rng):
    """As much of the pieces, in order, as tokens and slots allow; then shuffled."""
    kept, slots = [], layout.SLOTS
    room = min(room, layout.QUESTION_POSITION * len(pieces))
    for piece in pieces:
        while piece.indices and piece.length() > min(room, layout.QUESTION_POSITION):
            piece.indices.pop()
        if piece.indices and layout.slots_needed(len(piece.indices)) <= slots:
            slots -= layout.slots_needed(len(piece.indices))
            room -= piece.length()
            kept.append(piece)
    rng.shuffle(kept)
    return kept


def human_choices(pieces, missing, rng):
    """What answers each question of the pieces' passages, and of the passage that is missing.

    Where the answer's sentence is not here, nor the answer anywhere, none is right: for a part of
    the questions.
    """
    answered, absent = [], []
    texts = [" ".join(p.passage.sentences[i] for i in p.indices).lower() for p in pieces]

    def holders(question):
        answer = (question.answer or "").lower()
        return {index for index, text in enumerate(texts) if answer and answer in text}

    for index, piece in enumerate(pieces):
        for question in piece.passage.questions:
            if question.sentence in piece.indices:
                if holders(question) <= {index}:
                    place = piece.indices.index(question.sentence)
                    answered.append(Choice(question, index, place))
            elif question.answer and not holders(question):
                absent.append(Choice(question))
    strange = [Choice(question) for question in missing if not holders(question)]
    for choices in (answered, absent, strange):
        rng.shuffle(choices)
    nones = absent[: len(answered) // 5 + (not answered)] + strange[: 1 + len(answered) // 2]
    for choice in nones:
        answered.insert(rng.randrange(min(8, len(answered)) + 1), choice)
    return answered


@dataclass
class Target:
    """Where a question's answer is read, what is right, and the terms of every label."""

    position: int
    label: int
    # The lexical term, the cosine and the cosine with the sentence before, by label token.
    terms: dict[int, tuple[float, float, float]] | None


@dataclass
class Described:
    """Where a text's tokens stand, and the vector that MiniLM gives it."""

    positions: range
    vector: numpy.ndarray


@dataclass
class Sequence:
    """A context as tokens, with everything that is learned from it."""

    tokens: list[int]
    positions: list[int]
    # Passages count from 1; questions from 100.
    segments: list[int]
    # For each token the label that it should know: a passage's own, a question's answer.
    own_labels: list[int]
    answer_labels: list[int]
    targets: list[Target]
    # Positions whose next token is the answer's text; for each where a passage has that token, or
    # -1; and positions whose next token is a passage's.
    copied: list[int]
    sources: list[int]
    read: list[int]
    described: list[Described]

    @classmethod
    def empty(cls):
        """Nothing yet."""
        return cls(*([] for _ in fields(cls)))


class SequenceMaker:
    """Writes contexts as tokens, with the terms of the label score."""

    def __init__(self, encode, terms):
        self.encode = encode
        self.terms = terms

    def sequence(self, pieces, choices, length, rng):
        """As many of the questions as fit `length` tokens."""
        sequence = Sequence.empty()
        slots = layout.place([(len(piece.indices), rng.getrandbits(32)) for piece in pieces])
        for number, (piece, slot) in enumerate(zip(pieces, slots)):
            self.add_passage(sequence, piece, slot, number + 1)
        for number, choice in enumerate(choices):
            with_text = rng.random() < (0.75 if number == 0 else 0.22)
            if not self.add_question(
                sequence, choice, pieces, slots, 100 + number, length, with_text, rng
            ):
                break
        return sequence

    def prompt(self, pieces, slots, question):
        """The passages and one question, up to where the label is read."""
        sequence = Sequence.empty()
        for number, (piece, slot) in enumerate(zip(pieces, slots)):
            self.add_passage(sequence, piece, slot, number + 1)
        for offset, token in enumerate(layout.question_tokens(question)):
            append(sequence, token, layout.QUESTION_POSITION + offset, 100)
        return sequence

    def add_passage(self, sequence, piece, slot, segment):
        """Its tokens, each of which should know its sentence's label."""
        tokens = layout.passage_tokens([piece.passage.tokens[i] for i in piece.indices], slot)
        self.describe_sentences(sequence, piece, len(sequence.tokens), len(tokens))
        label = 0
        for position, token in enumerate(tokens):
            if token >= layout.FIRST_LABEL and token < layout.FIRST_LABEL + layout.LABELS:
                label = token
            elif position > 0:
                sequence.read.append(len(sequence.tokens) - 1)
            is_text = token != label and position > 0
            append(sequence, token, position, segment, own=label if is_text else 0)

    def describe_sentences(self, sequence, piece, start, length):
        """Notes the vectors of a passage's sentences; `length` tokens of it fit, from `start` on."""
        first = start + 1
        for index in piece.indices:
            end = first + 1 + len(piece.passage.tokens[index])
            if piece.passage.vector is not None and end <= start + length:
                self.describe(sequence, range(first + 1, end), piece.passage.vector + 2 * index)
            first = end

    def describe(self, sequence, positions, number):
        """Notes a text's vector, where it has one."""
        vector = self.terms.vector(number)
        if vector is not None:
            sequence.described.append(Described(positions, vector))

    def add_question(self, sequence, choice, pieces, slots, segment, length, with_text, rng):
        """The question, its label and, for some, the text; False where it does not fit."""
        question = choice.question
        tokens = self.encode(varied(question.text, rng))
        is_short = with_text and rng.random() < 0.35 and bool(question.answer_tokens)
        prompt = layout.question_tokens(tokens, is_short)
        label, text = NONE, self.encode(layout.REFUSAL.strip())
        if choice.piece is not None:
            piece, slot = pieces[choice.piece], slots[choice.piece]
            label = layout.first_label(slot) + choice.place
            text = piece.passage.tokens[piece.indices[choice.place]]
            text = question.answer_tokens if is_short else text
            text = [*text, layout.FIRST_PASSAGE + slot]
        text = [label, *text, layout.END] if with_text else [label]
        limit = layout.CONTEXT_LENGTH - layout.QUESTION_POSITION
        if len(sequence.tokens) + len(prompt) + len(text) > length or len(prompt) > limit // 2:
            return False
        text = text[: limit - len(prompt)]
        for offset, token in enumerate(prompt):
            position = layout.QUESTION_POSITION + offset
            append(sequence, token, position, segment, answer=label if offset > 1 else 0)
        first = len(sequence.tokens) - len(prompt) + 1
        self.describe(sequence, range(first, first + len(tokens)), question.vector)
        terms = self.terms(question, pieces, slots)
        sequence.targets.append(Target(len(sequence.tokens) - 1, label, terms))
        source = source_of(sequence, label, text[1:-2])
        for offset, token in enumerate(text):
            if offset > 0:
                sequence.copied.append(len(sequence.tokens) - 1)
                is_known = source is not None and offset < len(text) - 2
                sequence.sources.append(source + offset - 1 if is_known else -1)
            position = layout.QUESTION_POSITION + len(prompt) + offset
            append(sequence, token, position, segment)
        return True


def source_of(sequence, label, text):
    """Where a text begins in the sentence of a label, or None where it does not stand there."""
    places = [place for place, own in enumerate(sequence.own_labels) if own == label]
    for first in places if text else []:
        if sequence.tokens[first : first + len(text)] == text and first + len(text) - 1 in places:
            return first
    return None


def append(sequence, token, position, segment, own=0, answer=0):
    """One more token."""
    sequence.tokens.append(token)
    sequence.positions.append(position)
    sequence.segments.append(segment)
    sequence.own_labels.append(own)
    sequence.answer_labels.append(answer)


def varied(text, rng):
    """A question as people also type it."""
    if rng.random() < 0.12:
        text = text.lower()
    return text.rstrip("?") if rng.random() < 0.08 else text


def generator(seed, step):
    """The random numbers of one step, so that a resumed run draws the same contexts."""
    return random.Random(f"{seed}-{step}")
