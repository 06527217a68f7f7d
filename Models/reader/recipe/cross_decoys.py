"""Sentences that look like answers and are none: made from the question, or from the answer's sentence.

Nothing resembles a question more than its own words. Who stuffs them into a passage wants to be
quoted and credited; a cross-encoder that has seen it done looks for what is asked instead.
"""

from dataclasses import dataclass

from . import lexicon
from .contexts import Piece

# How often a group has decoys.
SHARE = 0.3
HEADS = set("what when where which who whom whose why how".split())


@dataclass
class Stuffed:
    """A passage's sentences with decoys among them, in the shape of `passages.Passage`."""

    sentences: list[str]
    stems: list[list[str]]


def stuffed(piece, keep, question, answering, strangers, rng):
    """A window with decoys, and where its sentence `keep` is then (None: it has none to keep).

    `answering` is the sentence that answers, `strangers` a list of sentences to take words from.
    """
    sentences = [piece.passage.sentences[index] for index in piece.indices]
    words = question.text.strip().rstrip("?").split()
    kinds = ["more", "more", "headless", "shuffled", "spread"]
    if question.answer and question.answer in answering:
        kinds += ["blank", "blank"]
    kind = rng.choice(kinds)
    if kind == "spread":
        sentences = spread(sentences, keep, words, rng)
    else:
        for _ in range(rng.choice([1, 1, 2, 3]) if kind != "blank" else 1):
            made = decoy(kind, words, question, answering, strangers, rng)
            at = rng.randint(0, len(sentences))
            sentences.insert(at, made)
            keep = keep + 1 if keep is not None and at <= keep else keep
    stems = [lexicon.content_stems(sentence) for sentence in sentences]
    return Piece(Stuffed(sentences, stems), list(range(len(sentences)))), keep


def decoy(kind, words, question, answering, strangers, rng):
    """One sentence of a kind."""
    if kind == "blank":
        return answering.replace(question.answer, rng.choice(["", "it", "one of them"]))
    words = list(words)
    if kind == "headless":
        while len(words) > 2 and (words[0].lower() in HEADS or rng.random() < 0.2):
            words.pop(0)
    if kind == "shuffled":
        rng.shuffle(words)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        at = len(words) if rng.random() < 0.5 else rng.randint(0, len(words))
        words.insert(at, stranger(strangers, rng))
    text = " ".join(words)
    return text[:1].upper() + text[1:] + rng.choice([".", ".", "?", ""])


def spread(sentences, keep, words, rng):
    """The question's words, in their order, in other sentences than the one to keep."""
    places = [place for place in range(len(sentences)) if place != keep]
    if not places:
        return sentences
    count = min(len(places), rng.randint(1, 3))
    chosen = sorted(rng.sample(places, count))
    result = list(sentences)
    for number, place in enumerate(chosen):
        part = words[number * len(words) // count : (number + 1) * len(words) // count]
        own = result[place].split()
        for word in part:
            own.insert(rng.randint(0, len(own)), word)
        result[place] = " ".join(own)
    return result


def stranger(sentences, rng):
    """A word of another text."""
    words = [word for word in rng.choice(sentences).split() if word.isalpha()]
    return rng.choice(words) if words else "indeed"
