import Answering
import Attribution
import Inference
import Kernels

/// Values coalitions of an answer the plain way: each is a prompt of its own, computed from the first
/// token, and nothing is kept from one to the next.
///
/// It is written from the reader's format alone and shares no code with the library's scorer; both
/// have to give the same micro-nats.
struct UncachedReader {
  private let model: LanguageModel
  private let noneTerm: MicroNats
  private let questionPosition: Int
  private let vocabulary: Vocabulary
  private let answer: Answer
  private let reading: Reading
  private let prompt: [Int32]
  /// By source.
  private let passages: [Int: [Int32]]
  /// By choice of the answer.
  private let texts: [[Int32]]

  init(_ answerer: ReaderAnswerer, _ answer: Answer) throws {
    model = answerer.model
    noneTerm = MicroNats(answerer.weights.none * 1e6)
    questionPosition = try model.file.int("tributary.question_position")
    let vocabulary = try Vocabulary(model)
    self.vocabulary = vocabulary
    self.answer = answer
    guard let reading = answer.reading else {
      throw AnswerError.wrongMode(found: answer.mode, expected: answerer.mode)
    }
    self.reading = reading
    prompt =
      [vocabulary.question] + vocabulary.words(answer.question) + [vocabulary.answer]
    passages = Dictionary(grouping: reading.terms, by: \.source).mapValues { terms in
      let ordered = terms.sorted { $0.label < $1.label }
      let slot = (ordered[0].label - 1) / Vocabulary.labelsPerSlot
      return [vocabulary.passages[slot]]
        + ordered.flatMap { term in
          [vocabulary.labels[term.label - 1]]
            + vocabulary.words(answer.sources[term.source].sentences[term.sentence])
        }
    }.mapValues { [questionPosition] in Array($0.prefix(questionPosition)) }
    let room = model.configuration.contextLength - questionPosition - prompt.count - 1
    texts = reading.choices.map { choice in
      switch choice {
      case .none: return Array(vocabulary.words(ReaderAnswerer.refusal).prefix(room))
      case .sentence(let label):
        guard let term = reading.terms.first(where: { $0.label == label }) else { return [] }
        let sentence = answer.sources[term.source].sentences[term.sentence]
        return Array(vocabulary.words(sentence).prefix(room))
      }
    }
  }

  /// The answer's log-probability with only the documents of `coalition`.
  func value(of coalition: Coalition) throws -> MicroNats {
    let present = sources(of: coalition)
    let segments = present.map { _ in model.makeSegment() }
    let reads = zip(present, segments).map { source, segment in
      ScoreRequest(tokens: passages[source] ?? [], targets: [], segment: segment)
    }
    let tails = texts.indices.map { index in
      ScoreRequest(
        tokens: tail(index), targets: targets(index),
        segment: model.makeSegment(startPosition: questionPosition), attending: segments)
    }
    let values = try model.logProbabilities(reads + tails).suffix(tails.count)
    return sum(Array(values), present: Set(present))
  }

  /// Tokens computed for a coalition from the first one on.
  func tokens(of coalition: Coalition) -> Int {
    sources(of: coalition).reduce(tailTokens) { $0 + (passages[$1]?.count ?? 0) }
  }

  /// Tokens computed for a coalition when the passages are known.
  var tailTokens: Int {
    // A further quotation shares the question with the first.
    prompt.count + texts.reduce(0) { $0 + $1.count }
  }

  /// Tokens computed for the answer itself: a quotation is copied, not generated.
  var answerTokens: Int { prompt.count + passages.values.reduce(0) { $0 + $1.count } }

  /// In the order of the slots, as the library reads them.
  private func sources(of coalition: Coalition) -> [Int] {
    let present = coalition.members.map { answer.documents[$0] }
    return passages.keys.filter { source in
      present.contains {
        $0.player == answer.sources[source].player
          && $0.document == answer.sources[source].document
      }
    }.sorted { firstLabel($0) < firstLabel($1) }
  }

  private func firstLabel(_ source: Int) -> Label {
    reading.terms.filter { $0.source == source }.map(\.label).min() ?? 0
  }

  private func label(_ choice: Reading.Choice) -> Int32 {
    switch choice {
    case .none: vocabulary.none
    case .sentence(let label): vocabulary.labels[label - 1]
    }
  }

  private func tail(_ index: Int) -> [Int32] {
    prompt + [label(reading.choices[index])] + texts[index].dropLast()
  }

  private func targets(_ index: Int) -> [ScoreRequest.Target] {
    let labels = (vocabulary.labels + [vocabulary.none]).map { (row: prompt.count - 1, token: $0) }
    return (index == 0 ? labels : [])
      + texts[index].enumerated().map { (row: prompt.count + $0, token: $1) }
  }

  private func sum(_ values: [[Double]], present: Set<Int>) -> MicroNats {
    let labelCount = vocabulary.labels.count + 1
    var scores = Array(values[0].prefix(labelCount))
    for term in reading.terms where present.contains(term.source) {
      scores[term.label - 1] += Double(term.lexical + term.semantic) / 1e6
    }
    scores[labelCount - 1] += Double(noneTerm) / 1e6
    var total: MicroNats = 0
    var remaining = Array(scores.indices)
    for (index, choice) in reading.choices.enumerated() {
      var chosen = labelCount - 1
      if case .sentence(let label) = choice { chosen = label - 1 }
      let greatest = remaining.reduce(-Double.infinity) { max($0, scores[$1]) }
      let mass = remaining.reduce(0.0) { $0 + Deterministic.exp(scores[$1] - greatest) }
      total += rounded(scores[chosen] - (greatest + Deterministic.log(mass)))
      remaining.removeAll { $0 == chosen }
      for value in values[index].dropFirst(index == 0 ? labelCount : 0) { total += rounded(value) }
    }
    return total
  }

  private func rounded(_ nats: Double) -> MicroNats {
    MicroNats((nats * 1e6).rounded(.toNearestOrEven))
  }
}

/// The reader's special tokens, by the names that its card gives.
private struct Vocabulary {
  static let labelsPerSlot = 5

  let question: Int32
  let answer: Int32
  let none: Int32
  let passages: [Int32]
  let labels: [Int32]
  /// The tokens of a text after a space, white space runs as one space.
  let words: (String) -> [Int32]

  init(_ model: LanguageModel) throws {
    let tokenizer = try model.tokenizer
    func token(_ name: String) throws -> Int32 {
      guard let token = tokenizer.token(named: name) else {
        throw AnswerError.notAReader(model: model.path, missing: name)
      }
      return token
    }
    question = try token("<|q|>")
    answer = try token("<|a|>")
    none = try token("<|none|>")
    passages = try (1...8).map { try token("<|d\($0)|>") }
    labels = try (1...40).map { try token("<|s\($0)|>") }
    words = { text in
      let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      return tokenizer.encode(" " + line, addSpecial: false, parseSpecial: false)
    }
  }
}
