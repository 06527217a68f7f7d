import random
import unittest

from recipe import cross_decoys, lexicon
from recipe.contexts import Piece
from recipe.passages import Asked, Passage

SENTENCES = ["The lighthouse is old.", "It stands, six metres tall.", "The ferry leaves at six."]
STRANGERS = ["Zebras cross rivers seldom."]
QUESTION = "How tall is the lighthouse on the northern cape?"


class DecoyTests(unittest.TestCase):
    def setUp(self):
        stems = lexicon.content_stems(QUESTION)
        self.question = Asked(QUESTION, [], stems, 1, "six metres", [], 0, [])
        stems = [lexicon.content_stems(sentence) for sentence in SENTENCES]
        passage = Passage("nqg", SENTENCES, [], stems, 0, [self.question])
        self.piece = Piece(passage, [0, 1, 2])

    def stuffed(self, seed, keep=1):
        rng = random.Random(seed)
        return cross_decoys.stuffed(
            self.piece, keep, self.question, SENTENCES[1], STRANGERS, rng
        )

    def test_the_sentence_that_answers_stays_as_it_is(self):
        for seed in range(200):
            piece, keep = self.stuffed(seed)
            self.assertEqual(piece.passage.sentences[keep], SENTENCES[1])
            self.assertEqual(piece.indices, list(range(len(piece.passage.sentences))))
            self.assertEqual(len(piece.passage.stems), len(piece.passage.sentences))
        self.assertIsNone(self.stuffed(0, keep=None)[1])

    def test_somebody_elses_sentences_hold_the_questions_words_and_not_the_answer(self):
        asked = set(self.question.stems)
        for seed in range(200):
            piece, keep = self.stuffed(seed)
            others = [s for i, s in enumerate(piece.passage.sentences) if i != keep]
            added = [sentence for sentence in others if sentence not in SENTENCES]
            self.assertTrue(added)
            for sentence in added:
                self.assertNotIn("six metres", sentence)
            words = set().union(*(lexicon.content_stems(sentence) for sentence in added))
            is_blank = any("stands" in sentence for sentence in added)
            self.assertTrue(is_blank or len(asked & words) > len(asked) / 2, added)

    def test_the_same_seed_gives_the_same_decoys(self):
        for seed in range(20):
            sentences = [self.stuffed(seed)[0].passage.sentences for _ in range(2)]
            self.assertEqual(*sentences)


if __name__ == "__main__":
    unittest.main()
