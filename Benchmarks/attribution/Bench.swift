import Answering
import AttributionMethods
import BenchmarkSupport
import Inference

/// The engine with the questions to ask it.
final class Bench {
  let engine: Engine
  let seed: UInt64
  let builder: PlantedItemBuilder
  let places: [(paragraph: Int, question: Int)]

  init(engine: Engine, options: QuestionOptions) throws {
    self.engine = engine
    seed = options.seed
    let words = StemCache()
    builder = PlantedItemBuilder(
      paragraphs: try QuestionSet.squad(options.questions).map(PlantedParagraph.init),
      seed: options.seed
    ) { question, text in
      engine.lexicon.overlap(question: words.stems(of: question), sentence: words.stems(of: text))
    }
    places = builder.questions(limit: options.items)
  }

  var header: String {
    """
    \(places.count) questions; \(engine.description); seed \(seed).

    """
  }
}

/// The content stems of texts, each computed once.
private final class StemCache {
  private var known: [String: [String]] = [:]

  func stems(of text: String) -> [String] {
    if let stems = known[text] { return stems }
    let stems = Stems.content(of: text)
    known[text] = stems
    return stems
  }
}

extension PlantedParagraph {
  init(_ paragraph: Paragraph) {
    self.init(
      sentences: paragraph.sentences,
      questions: paragraph.questions.compactMap { question in
        question.answer.map {
          Question(text: question.text, answer: $0, sentence: question.sentence)
        }
      })
  }
}

extension Engine {
  func similarity(_ left: String, _ right: String) throws -> Double {
    let vectors = try embedder.embed([left, right])
    return cosine(vectors[0], vectors[1])
  }
}
