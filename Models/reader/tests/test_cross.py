import random
import tempfile
import unittest
import unittest.mock
from pathlib import Path

import torch

from recipe import cross, cross_data, cross_export, cross_guess, cross_train, lexicon
from recipe.cross import END, START, CrossEncoder
from recipe.passages import Asked, Passage

MODELS = Path(__file__).resolve().parents[2]
TINY = MODELS.parent / "Tests/InferenceTests/Fixtures/encoder-sentences.gguf"
SENTENCES = ["The lighthouse is old.", "It stands, six metres tall.", "The ferry leaves at six."]


def setUpModule():
    """What is compared here is more exact than bfloat16."""
    patch = unittest.mock.patch.object(cross, "has_bfloat16", lambda: False)
    patch.start()
    unittest.addModuleCleanup(patch.stop)


def passage(sentences, questions, source="nqg"):
    asked = [
        Asked(text, [], lexicon.content_stems(text), place, answer, [], 0, [1])
        for text, place, answer in questions
    ]
    stems = [lexicon.content_stems(sentence) for sentence in sentences]
    return Passage(source, sentences, [[1]] * len(sentences), stems, 0, asked)


def passages():
    first = passage(SENTENCES, [("How tall is it?", 1, "six metres"), ("Is it old?", 0, None)])
    return [first, passage(["A ferry is at the lighthouse.", "It leaves, how tall."], [])]


class CrossEncoderTests(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        self.model = CrossEncoder(TINY)

    def texts(self, sentences):
        pieces = [self.model.tokenizer.encode(sentence)[1:-1] for sentence in sentences]
        return self.model.passage_texts(pieces)

    def asked(self, text="How tall is it?"):
        return self.model.question_text(self.model.tokenizer.encode(text)[1:-1])

    def test_a_sentence_owns_its_tokens_and_the_separator_after_it(self):
        text = self.texts(["The ferry.", "It stands."])[0]
        first, last = self.model.tokenizer.first, self.model.tokenizer.last
        self.assertEqual(text.sentences, [-1, 0, 0, 0, 0, 1, 1, 1, 1])
        self.assertEqual([text.ids[0], text.ids[4], text.ids[8]], [first, last, last])

    def test_long_passages_are_read_in_parts_and_long_sentences_in_part(self):
        parts = self.texts(["It stands."] * 20)
        self.assertEqual(sum(max(part.sentences) + 1 for part in parts), 20)
        self.assertTrue(all(len(part.ids) <= 40 for part in parts))
        self.assertEqual([len(part.ids) for part in self.texts(["tall " * 90])], [40])

    def test_scores_do_not_depend_on_the_batch(self):
        pairs = [(self.asked(), self.texts(SENTENCES[: count + 1])[0]) for count in range(3)]
        together = self.model(pairs)
        for pair, (scores, rows) in zip(pairs, together):
            alone_scores, alone_rows = self.model([pair])[0]
            torch.testing.assert_close(scores, alone_scores, rtol=1e-4, atol=1e-4)
            torch.testing.assert_close(rows, alone_rows, rtol=1e-4, atol=1e-4)

    def test_a_score_is_the_cosine_of_means_and_the_greatest_row(self):
        x = torch.randn(9, 32)
        question, text = cross.Text([2, 3], [-1, -1]), cross.Text([2] * 7, [-1, 0, 0, 0, 1, 1, 1])
        scores, rows = self.model.values(x, question, text)
        for place, held in enumerate(((3, 6), (6, 9))):
            mean, asked = x[held[0] : held[1]].mean(0), x[:2].mean(0)
            near = mean @ asked / mean.norm() / asked.norm()
            seen = rows[held[0] - 2 : held[1] - 2, cross.GREATEST].max()
            self.assertAlmostEqual(scores[place].item(), (5 * near + seen).item(), places=4)

    def test_an_exported_model_says_what_the_trained_one_said(self):
        with torch.no_grad():
            self.model.offset += 0.7
        pairs = [(self.asked(), self.texts(SENTENCES)[0])]
        expected = self.model(pairs)[0][0]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "cross.gguf"
            cross_export.save(self.model, path, "tiny")
            found = CrossEncoder(path)(pairs_again(pairs))[0][0]
        torch.testing.assert_close(found, expected, rtol=0, atol=0.05)

    def test_a_mean_lies_between_two_checkpoints(self):
        states = [CrossEncoder(TINY).state_dict() for _ in range(2)]
        for value in states[1].values():
            value += 1
        found = cross_train.mean(*states, 0.75)
        for name, value in states[0].items():
            torch.testing.assert_close(found[name], value + 0.25)

    def test_embeddings_and_separate_layers_are_not_trained(self):
        self.model([(self.asked(), self.texts(SENTENCES)[0])])[0][0].sum().backward()
        self.assertEqual({key.split("/")[1] for key in self.model.trained}, {"1", "2"})
        self.assertTrue(all(w.grad is not None for w in self.model.trained.values()))
        self.assertTrue(all(not w.requires_grad for w in self.model.frozen.values()))


def pairs_again(pairs):
    """The same texts without what another model's layers made of them."""
    return [tuple(cross.Text(t.ids, t.sentences) for t in pair) for pair in pairs]


class GroupTests(unittest.TestCase):
    def setUp(self):
        self.asked = passages()
        self.model = CrossEncoder(TINY)
        self.lexicon = lexicon.Lexicon(MODELS / "reader-idf.tsv")
        self.maker = cross_data.GroupMaker(self.asked, self.model, self.lexicon)

    def test_the_span_is_where_the_answer_stands(self):
        groups = [
            self.maker.group(self.asked[0], self.asked[0].questions[0], random.Random(seed))
            for seed in range(20)
        ]
        present = [group for group in groups if group.place is not None]
        self.assertTrue(present and len(present) < 20)
        for group in present:
            tokens = self.model.metadata["tokenizer.ggml.tokens"]
            text = group.pairs[0][1]
            found = [tokens[i] for i in text.ids[group.span[0] : group.span[1] + 1]]
            self.assertEqual(found, ["▁six", "▁metre", "s"])
            self.assertEqual(text.sentences[group.span[0]], group.place)

    def test_passages_that_hold_the_answer_do_not_compete(self):
        self.asked[1].sentences[1] = "It leaves six metres."
        for seed in range(20):
            group = self.maker.group(self.asked[0], self.asked[0].questions[0], random.Random(seed))
            held = [g.passage.sentences[i] for g in group.pieces[1:] for i in g.indices] if group else []
            self.assertNotIn("It leaves six metres.", held)

    def test_every_round_asks_each_question_once(self):
        drawn = self.maker.round(0)
        self.assertEqual(len(drawn), 2)
        self.assertEqual(len({id(question) for _, question in drawn}), 2)

    def test_made_questions_teach_spans_only(self):
        prose = [passage(["The Orrin lighthouse was built in 1874 by an engineer."] * 3, [])]
        maker = cross_data.GroupMaker(self.asked * 10, self.model, self.lexicon, prose)
        made = [pair for pair in maker.round(0) if pair[1].vector is None]
        self.assertEqual(len(made), int(cross_data.MADE * 20))
        groups = [maker.group(*pair, random.Random(0)) for pair in made * 4]
        known = [group for group in groups if group]
        self.assertGreater(len(known), len(made))
        tokens, spelled = self.model.metadata["tokenizer.ggml.tokens"], 0
        for group in known:
            text = group.pairs[0][1]
            self.assertEqual(text.sentences[group.span[0]], group.place)
            found = "".join(tokens[i] for i in text.ids[group.span[0] : group.span[1] + 1])
            answer = "".join(group.question.answer.lower().split())
            if "[UNK]" not in found:
                self.assertEqual(found.replace("▁", ""), answer)
                spelled += 1
            _, parts = cross_train.loss([group], self.model(group.pairs), cross_train.Terms())
            self.assertGreater(parts["span"], 0)
            self.assertEqual((parts["alone"], parts["mixed"]), (0, 0))
        self.assertGreater(spelled, 0)

    def test_a_guess_is_the_likeliest_span_without_the_questions_words(self):
        logs = torch.tensor([[0.0, -9.0], [-0.5, -0.5], [-9.0, 0.0]])
        chances = cross_guess.span_chances(logs, torch.zeros(3, 3))
        self.assertAlmostEqual(float(chances.sum()), 1, places=5)
        self.assertEqual(divmod(int(chances.argmax()), 3), (0, 2))
        self.assertEqual(float(chances[2, 0]), 0)
        sentence = self.maker.encoded("It stands, six metres tall.")
        cost = cross_guess.repeated(self.maker, sentence, self.asked[0].questions[0])
        words = [self.model.tokenizer.tokens[piece] for piece in sentence]
        tall, six = words.index("▁tall"), words.index("▁six")
        self.assertEqual(float(cost[tall, tall]), cross_guess.ASKED_COST)
        self.assertEqual(float(cost[six, six]), 0)
        self.assertAlmostEqual(float(cost[six, tall]), cross_guess.ASKED_COST / 4, places=5)

    def test_guesses_are_made_once_for_unmarked_questions_and_trusted_as_far_as_they_are_sure(self):
        marked, unmarked = self.asked[0].questions
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "guesses.json"
            with unittest.mock.patch.object(cross_guess, "SURE", 0.0):
                made = cross_guess.guesses(path, self.maker, self.asked)
            self.assertEqual(set(made), {id(unmarked)})
            path.write_text("[[0, 1, 2, 3, 0.625]]", encoding="utf-8")
            self.maker.guesses = cross_guess.guesses(path, self.maker, self.asked)
        drawn = (self.maker.group(self.asked[0], unmarked, random.Random(n)) for n in range(20))
        group = next(group for group in drawn if group and group.place is not None)
        first = group.pairs[0][1].sentences.index(group.place)
        self.assertEqual(group.span, (first + 2, first + 3))
        values = self.model(group.pairs)
        half = cross_train.loss([group], values, cross_train.Terms())[1]["span"]
        group.trust = 1.0
        whole = cross_train.loss([group], values, cross_train.Terms())[1]["span"]
        self.assertAlmostEqual(half, 0.625 * whole, places=2)
        self.assertIsNone(cross_guess.guess(self.maker, self.asked[0], marked))

    def test_parts_are_left_out_in_training_only_and_never_below(self):
        pairs = [(self.model.question_text([5, 6]), self.texts_of(SENTENCES))]
        still = self.model(pairs)[0][0]
        torch.testing.assert_close(self.model(pairs)[0][0], still, rtol=0, atol=0)
        self.model.train()
        self.assertFalse(torch.equal(self.model(pairs)[0][0], still))
        fresh = pairs_again(pairs)
        self.model(fresh)
        torch.testing.assert_close(fresh[0][1].lower, pairs[0][1].lower, rtol=0, atol=0)

    def texts_of(self, sentences):
        return self.model.passage_texts([self.maker.encoded(text) for text in sentences])[0]

    def test_the_loss_falls_and_a_known_span_is_learned(self):
        question = self.asked[0].questions[0]
        group = self.maker.group(self.asked[0], question, random.Random(1))
        self.assertIsNotNone(group.place)
        terms = cross_train.Terms()
        parameters = [*self.model.parameters(), *terms.parameters()]
        optimizer = torch.optim.Adam(parameters, 1e-2)
        losses = []
        for _ in range(30):
            values = self.model(group.pairs)
            total, _ = cross_train.loss([group], values, terms)
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            losses.append(total.item())
        self.assertLess(losses[-1], 0.2 * losses[0])
        scores, rows = self.model(group.pairs)[0]
        self.assertEqual(int(scores.argmax()), group.place)
        best = (int(rows[:, START].argmax()), int(rows[:, END].argmax()))
        self.assertEqual(best, group.span)


class ScheduleTests(unittest.TestCase):
    def test_the_rate_rises_then_falls_to_a_fiftieth(self):
        rates = [cross_train.schedule(i / 100) for i in range(101)]
        top = rates.index(max(rates))
        self.assertEqual(max(rates), 1)
        self.assertEqual(rates[: top + 1], sorted(rates[: top + 1]))
        self.assertEqual(rates[top:], sorted(rates[top:], reverse=True))
        self.assertAlmostEqual(rates[-1], 0.02)


if __name__ == "__main__":
    unittest.main()
