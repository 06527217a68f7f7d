"""Questions made from sentences, for prose that nobody asked about."""

import re

from .lexicon import STOP_WORDS, WORD

YEAR = re.compile(r"1\d\d\d|20\d\d")
ABOUT = [
    "{}?",
    "{}",
    "What is known about {}?",
    "Tell me about {}",
    "What does the text say about {}?",
    "How are {} related?",
    "What happened with {}?",
    "Explain {}",
]


def question(sentence, rng):
    """A question that the sentence answers with the span that does, or None; `rng` decides."""
    found = list(WORD.finditer(sentence))
    content = [index for index, word in enumerate(found) if word[0].lower() not in STOP_WORDS]
    if len(found) < 5 or len(content) < 2:
        return None
    if rng.random() < 0.6:
        return gap(sentence, found, content, rng)
    count = min(len(content), rng.randint(2, 5))
    chosen = rng.sample(content, count)
    if rng.random() < 0.7:
        chosen.sort()
    keywords = " ".join(varied(found[index][0], rng) for index in chosen)
    return capital(rng.choice(ABOUT).format(keywords)), None


def keywords(sentence, others, rng):
    """One to three words of the sentence, or a few in a row, one of them in none of the others."""
    found = [word[0] for word in WORD.finditer(sentence)]
    content = [index for index, word in enumerate(found) if word.lower() not in STOP_WORDS]
    if len(found) < 4 or not content:
        return None
    if rng.random() < 0.5:
        chosen = sorted(rng.sample(content, min(len(content), rng.randint(1, 3))))
    else:
        first = max(0, rng.choice(content) - 1)
        chosen = list(range(first, min(len(found), first + rng.randint(3, 6))))
    known = {word[0].lower() for other in others for word in WORD.finditer(other)}
    if all(found[index].lower() in known for index in chosen if index in content):
        return None
    return " ".join(found[index] for index in chosen) + rng.choice(["?", ""]), None


def gap(sentence, found, content, rng):
    """Replaces a name, a number or a few words by a question word."""
    first = last = rng.choice(content)
    if found[first][0][0].isupper():
        while first > 0 and is_name(found[first - 1][0]):
            first -= 1
        while last + 1 < len(found) and is_name(found[last + 1][0]):
            last += 1
    elif last + 1 < len(found) and last + 1 in content and rng.random() < 0.5:
        last += 1
    span = sentence[found[first].start() : found[last].end()]
    left = thinned(found[max(0, first - rng.randint(2, 8)) : first], rng)
    right = thinned(found[last + 1 : last + 1 + rng.randint(2, 8)], rng)
    word = question_word(span, first, rng)
    style = rng.random()
    if style < 0.45:
        words = [word, *right, *left]
    elif style < 0.75:
        words = [word, rng.choice(["is", "was", "did", "does", "are", "were"]), *left, *right]
    else:
        words = [*left, word, *right]
    return (capital(" ".join(words)) + "?", span) if len(words) > 2 else None


def question_word(span, position, rng):
    """What one would ask for such a span."""
    if YEAR.fullmatch(span):
        return rng.choice(["when", "what year", "in what year"])
    if span[0].isdigit():
        return rng.choice(["how many", "how much", "what number"])
    if span[0].isupper() and position > 0:
        return rng.choice(["who", "what", "which", "where"])
    return "what"


def is_name(word):
    return word[0].isupper() and word.lower() not in STOP_WORDS


def thinned(found, rng):
    """Some of the words, some of them varied."""
    kept = 1 - rng.choice([0, 0.1, 0.25, 0.4])
    return [varied(word[0], rng) for word in found if rng.random() < kept]


def varied(word, rng):
    """The word, or now and then with another ending."""
    if rng.random() > 0.12 or len(word) < 5 or not word.isalpha():
        return word
    for ending in ("ing", "ed", "es", "s", "ly"):
        if word.endswith(ending):
            return word[: -len(ending)]
    return word + rng.choice(["s", "ed", "ing"])


def capital(text):
    return text[:1].upper() + text[1:]
