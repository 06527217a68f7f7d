"""Rows made ready for training: tokens, stems, near passages and places of vectors."""

import pickle
import random
from dataclasses import dataclass, field

from . import durable, lexicon, rows
from .layout import SPECIAL_TOKENS

NEIGHBOURS = 6
# A stem that more passages hold than this does not decide which are near.
COMMON = 1500
# A sentence of fewer stems may stand in two texts by chance.
TELLING = 4
HELD_OUT, ASKED, PROSE = "held-out-questions", "passages-with-questions", "prose"
# 50 rows of unknown origin, some of them Turkish: not trained on.
UNUSED = {"squad"}


@dataclass
class Asked:
    """A question with its vector's number and the passages, as indices, that compete with it.

    One that was made here has no vector.
    """

    text: str
    tokens: list[int]
    stems: list[str]
    sentence: int
    answer: str | None
    answer_tokens: list[int]
    vector: int | None
    near: list[int] = field(default_factory=list)


@dataclass
class Passage:
    """A passage in sentences, with the vectors' numbers.

    Sentence i has vector `vector + 2 * i`, and together with the one before it the next.
    """

    source: str
    sentences: list[str]
    tokens: list[list[int]]
    stems: list[list[str]]
    vector: int | None
    questions: list[Asked]

    def told(self, indices=None):
        """What its sentences, or some of them, say: the stems of each that is long enough."""
        return told(self.stems if indices is None else [self.stems[index] for index in indices])

    def embedded_texts(self):
        """The texts of its vectors, in their order."""
        texts = []
        for index, sentence in enumerate(self.sentences):
            texts += [sentence, " ".join(self.sentences[max(0, index - 1) : index + 1])]
        return texts + [question.text for question in self.questions]


@dataclass
class Prepared:
    """All that training and evaluation read."""

    held_out: list[Passage]
    asked: list[Passage]
    prose: list[Passage]

    def embedded_texts(self):
        """The texts of all vectors, in the order of their numbers."""
        passages = self.held_out + self.asked
        return [text for passage in passages for text in passage.embedded_texts()]


def told(sentences):
    """What sentences say, given the stems of each: those of the ones that are long enough."""
    return {tuple(stems) for stems in sentences if len(stems) >= TELLING}


class Preparation:
    """Turns rows into passages and numbers their vectors."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        special = [tokenizer.id_to_token(token) for token in range(len(SPECIAL_TOKENS))]
        if special != SPECIAL_TOKENS:
            raise ValueError(f"the tokenizer's special tokens are not the reader's: {special}")
        self.vectors = 0

    def encode(self, text):
        """The tokens of a text after a space."""
        return self.tokenizer.encode(" " + text, add_special_tokens=False).ids

    def passage(self, row):
        """A row ready for use; passages without questions get no vectors."""
        vector = None
        if row.questions:
            vector = self.vectors
            self.vectors += 2 * len(row.sentences)
        return Passage(
            row.source,
            row.sentences,
            [self.encode(sentence) for sentence in row.sentences],
            [lexicon.content_stems(sentence) for sentence in row.sentences],
            vector,
            [self.asked(question) for question in row.questions],
        )

    def asked(self, question):
        """A question ready for use."""
        self.vectors += 1
        return Asked(
            question.text,
            self.encode(question.text),
            lexicon.content_stems(question.text),
            question.sentence,
            question.answer,
            self.encode(question.answer) if question.answer else [],
            self.vectors - 1,
        )


def prepare(data, tokenizer, exclusion, table):
    """Reads, checks and prepares the files of the folder `data`."""
    preparation = Preparation(tokenizer)
    parts = {}
    for name in (HELD_OUT, ASKED, PROSE):
        loaded = rows.load(data / f"{name}.jsonl.gz")
        kept, removed = exclusion.apply(loaded)
        exclusion.check(kept)
        print(f"{name}: {len(loaded)} rows; removed {removed}; none of the evaluation set left")
        # Shuffled, so that vectors computed so far are a fair sample.
        random.Random(0).shuffle(kept)
        if name == ASKED:
            # Before they are numbered, so that numbers are places in the list of texts.
            kept = [row for row in kept if row.source not in UNUSED]
        if name != HELD_OUT:
            kept = unlike(kept, parts[HELD_OUT], name)
        parts[name] = [preparation.passage(row) for row in kept]
    asked = [passage for passage in parts[ASKED] if passage.questions]
    held_out = [passage for passage in parts[HELD_OUT] if passage.questions]
    for passages in (held_out, asked):
        find_near(passages, table)
    return Prepared(held_out, asked, parts[PROSE])


def unlike(loaded, held_out, name):
    """The rows that have no sentence of a held-out passage; the others would be known by heart."""
    known = set().union(*(passage.told() for passage in held_out))
    kept = [row for row in loaded if not told(map(lexicon.content_stems, row.sentences)) & known]
    print(f"{name}: {len(loaded) - len(kept)} rows left out that have a held-out sentence")
    return kept


def find_near(passages, table):
    """Fills in which other passages are nearest to each question by BM25, nearest first.

    Those that have a sentence of its passage are left out. The rows hold many texts twice, cut at
    other places, and what answers in one of them would be wrong in the other.
    """
    repeats = repeating(passages)
    stems = [set().union(*passage.stems) for passage in passages]
    holders = {}
    for index, found in enumerate(stems):
        for stem in found:
            holders.setdefault(stem, []).append(index)
    for own, passage in enumerate(passages):
        for question in passage.questions:
            scores = {}
            for stem in question.stems:
                members = holders.get(stem, [])
                rarity = table.rarity.get(stem, table.rarest)
                for index in members if len(members) <= COMMON else []:
                    scores[index] = scores.get(index, 0) + rarity
            damped = {
                index: -scores[index] / (1 + 0.03 * len(stems[index]))
                for index in scores
                if index != own and index not in repeats[own]
            }
            question.near = sorted(damped, key=damped.get)[:NEIGHBOURS]


def repeating(passages):
    """For each passage the numbers of those that have a sentence of it."""
    holders = {}
    for index, passage in enumerate(passages):
        for stems in passage.told():
            holders.setdefault(stems, set()).add(index)
    return [set().union(*(holders[stems] for stems in p.told())) for p in passages]


def save(prepared, path):
    """Writes the prepared data."""
    durable.write(path, lambda file: pickle.dump(prepared, file))


def load(path):
    """Reads the prepared data; only files that this recipe wrote may be read."""
    with open(path, "rb") as file:
        return pickle.load(file)
