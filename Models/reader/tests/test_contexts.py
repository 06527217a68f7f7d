import random
import unittest
from types import SimpleNamespace

import numpy

from recipe import cloze, contexts, facts, layout, lexicon
from recipe.contexts import Choice, Made, Piece, Question, SequenceMaker
from recipe.passages import Passage
from recipe.terms import LabelTerms


def encode(text):
    return [100 + len(word) for word in text.split()]


def piece(*sentences):
    return Piece(Made(list(sentences), [encode(s) for s in sentences]), list(range(len(sentences))))


class DistinctTests(unittest.TestCase):
    def test_a_piece_with_a_sentence_of_an_earlier_one_is_dropped(self):
        texts = [
            ["The old keeper lit four lamps.", "Fog came."],
            ["Nobody saw it.", "The old keeper lit four LAMPS!"],
            ["Fog came."],
        ]
        pieces = []
        for sentences in texts:
            stems = [lexicon.content_stems(sentence) for sentence in sentences]
            passage = Passage("nqg", sentences, [], stems, None, [])
            pieces.append(Piece(passage, list(range(len(sentences)))))
        first, second, third = pieces
        # Few words may well stand in two texts.
        self.assertEqual(contexts.distinct([first, second, third, first]), [first, third])
        # A window without the sentence repeats nothing.
        apart = Piece(second.passage, [0])
        self.assertEqual(contexts.distinct([first, apart]), [first, apart])


class SequenceTests(unittest.TestCase):
    def setUp(self):
        self.pieces = [piece("A b c.", "D e."), piece("F g h i.")]
        self.pieces[0].passage.vector = 1
        self.vectors = numpy.eye(5, dtype=numpy.float16)
        self.vectors[3] = 0  # not computed
        maker = SequenceMaker(encode, LabelTerms(self.vectors, Overlap()))
        asked = Question("Who knows it?", "e", [101], [])
        choices = [Choice(asked, 0, 1), Choice(asked)]
        self.sequence = maker.sequence(self.pieces, choices, 512, random.Random(3))

    def test_passages_start_at_zero_and_questions_at_their_position(self):
        firsts = {}
        for segment, position in zip(self.sequence.segments, self.sequence.positions):
            firsts.setdefault(segment, position)
        self.assertEqual(firsts, {1: 0, 2: 0, 100: 384, 101: 384})

    def test_copied_tokens_are_those_of_the_sentence_in_its_place(self):
        maker = SequenceMaker(encode, LabelTerms(self.vectors, Overlap()))
        answers = {"i.": [102], "g h": [101, 101], "x": [150]}
        found = {}
        for answer, tokens in answers.items():
            asked = Question("Who?", answer, tokens, [])
            for seed in range(40):
                choices = [Choice(asked, 1, 0)]
                made = maker.sequence(self.pieces, choices, 512, random.Random(seed))
                if layout.SHORT in made.tokens and made.copied:
                    found[answer] = made
        for answer, tokens in answers.items():
            made = found[answer]
            known = [(p, s) for p, s in zip(made.copied, made.sources) if s >= 0]
            self.assertEqual([made.tokens[p + 1] for p, _ in known], tokens if answer != "x" else [])
            for place, source in known:
                self.assertEqual(made.tokens[place + 1], made.tokens[source])
                self.assertEqual(made.own_labels[source], made.targets[0].label)

    def test_targets_are_the_labels_of_the_sentences_or_none(self):
        answered, absent = self.sequence.targets
        self.assertEqual(absent.label, layout.NONE)
        tokens = self.sequence.tokens
        place = tokens.index(answered.label)
        self.assertEqual(tokens[place + 1 : place + 3], encode("D e."))
        for target in self.sequence.targets:
            self.assertIn(tokens[target.position], (layout.ANSWER, layout.SHORT))

    def test_passage_tokens_know_their_sentence(self):
        for token, label in zip(self.sequence.tokens, self.sequence.own_labels):
            if label:
                self.assertGreaterEqual(token, 100)
        self.assertEqual(sum(label > 0 for label in self.sequence.own_labels), 9)


    def test_sentences_and_questions_have_their_own_vectors(self):
        asked = Question("Who knows it?", "e", [101], [], vector=0)
        self.pieces[0].passage.stems = [[], []]
        self.pieces.pop()
        maker = SequenceMaker(encode, LabelTerms(self.vectors, Overlap()))
        sequence = maker.sequence(self.pieces, [Choice(asked, 0, 0)], 512, random.Random(3))
        found = [
            ([sequence.tokens[place] for place in text.positions], int(text.vector.argmax()))
            for text in sequence.described
        ]
        # The second sentence's was not computed.
        self.assertEqual(found, [(encode("A b c."), 1), (encode("Who knows it?"), 0)])


class Overlap:
    """A table of frequencies in which nothing is shared."""

    def overlap(self, question, sentence):
        return 0.0


class KeywordTests(unittest.TestCase):
    def test_keywords_stand_in_the_sentence_and_one_in_no_other(self):
        sentence = "The tall lighthouse of Orrin guides fishing boats home."
        others = ["The tall tower guides boats.", "Orrin has fishing."]
        rng = random.Random(5)
        made = [cloze.keywords(sentence, others, rng) for _ in range(200)]
        questions = [words.rstrip("?") for words, span in filter(None, made) if span is None]
        self.assertGreater(len(set(questions)), 10)
        known = set(" ".join(others).lower().replace(".", "").split())
        for question in questions:
            words = question.lower().split()
            self.assertLessEqual(set(words), set(sentence.lower().rstrip(".").split()))
            self.assertFalse(set(words) <= known)
        self.assertIsNone(cloze.keywords("Too short.", [], rng))
        self.assertIsNone(cloze.keywords(sentence, [sentence], rng))


class ChoiceTests(unittest.TestCase):
    def setUp(self):
        self.question = SimpleNamespace(text="Who?", answer="Anna", sentence=0)
        self.gold, self.other = piece("Anna did it.", "So it is."), piece("I saw Anna.")
        self.gold.passage.questions, self.other.passage.questions = [self.question], []

    def choices(self, pieces, missing=()):
        found = contexts.human_choices(pieces, missing, random.Random(0))
        return [(choice.piece, choice.place) for choice in found]

    def test_a_question_is_answered_by_its_sentence(self):
        self.assertEqual(self.choices([piece_without_questions(), self.gold]), [(1, 0)])

    def test_a_question_whose_answer_also_stands_elsewhere_is_not_asked(self):
        self.assertEqual(self.choices([self.gold, self.other]), [])

    def test_a_question_without_its_sentence_has_no_answer(self):
        self.gold.indices = [1]
        self.assertEqual(self.choices([self.gold]), [(None, None)])

    def test_a_question_of_a_missing_passage_has_no_answer_unless_it_stands_elsewhere(self):
        missing = [self.question]
        self.assertEqual(self.choices([piece_without_questions()], missing), [(None, None)])
        self.assertEqual(self.choices([self.other], missing), [])


def piece_without_questions():
    found = piece("Nobody was there.")
    found.passage.questions = []
    return found


class MadeQuestionTests(unittest.TestCase):
    def test_facts_hold_their_answers(self):
        rng = random.Random(0)
        for _ in range(200):
            sentences, questions = facts.passage(rng)
            for text, sentence, answer in questions:
                self.assertNotIn("{", text)
                if answer:
                    self.assertIn(answer.lower(), sentences[sentence].lower())

    def test_cloze_spans_stand_in_the_sentence_and_not_as_such_in_the_question(self):
        rng = random.Random(0)
        sentence = "In 1874 the engineer Maud Terrell built the lighthouse of Orrin."
        made = [cloze.question(sentence, rng) for _ in range(200)]
        spans = [(text, span) for text, span in filter(None, made) if span]
        self.assertGreater(len(spans), 50)
        for text, span in spans:
            self.assertIn(span, sentence)
            self.assertNotIn(" " + span + " ", text)
