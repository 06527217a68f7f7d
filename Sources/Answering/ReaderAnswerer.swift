import Attribution
import Inference
import Tokenizers

/// Answers with a reader model: names the sentence that answers, or none, and quotes it.
///
/// Passages do not see each other and are cached by text and slot, so asking again over the same
/// documents, and removing a source, cost only the question's and the answer's tokens. It does not
/// see a sentence that only repeats the question (`Repetitions`), nor what its source says is unread.
package final class ReaderAnswerer: Answerer {
  package static let refusal = "Not in the documents."

  package let mode = ContextMode.independent
  package let model: LanguageModel
  package let weights: LabelWeights
  let repetitions: Repetitions
  let vocabulary: ReaderVocabulary
  private let tokenizer: any Tokenizer
  private let lexicon: Lexicon
  private let embedder: EmbeddingModel?
  private let crossEncoder: CrossEncoder?
  private let cache: KVCache?
  private var segments: LeastRecentlyUsed<PassageKey, KVSegment>
  private var vectors: LeastRecentlyUsed<String, [Float]>
  private var crossRead: LeastRecentlyUsed<CrossKey, [CrossEncoder.Sentence]>
  /// What the last answer was made from, which valuing it goes on from.
  private var last: ReaderContext?

  private struct PassageKey: Hashable {
    let text: String
    let slot: Int
  }

  private struct CrossKey: Hashable {
    let question: String
    let sentences: [String]
  }

  /// Takes a reader and what its label terms need; without an embedder there are no cosines.
  ///
  /// `weights` are by default those tuned for what there is, with a cross-encoder or without one;
  /// `repetitions` are read for answers of the reader before they were omitted.
  /// `cache` keeps passages from one process to the next; `cacheBytes` bounds what this one keeps.
  package init(
    model: LanguageModel, embedder: EmbeddingModel?, crossEncoder: CrossEncoder? = nil,
    lexicon: Lexicon, weights: LabelWeights? = nil, repetitions: Repetitions = .omitted,
    cache: KVCache? = nil, cacheBytes: Int = 256 << 20
  ) throws {
    self.model = model
    self.embedder = embedder
    self.crossEncoder = crossEncoder
    self.lexicon = lexicon
    self.cache = cache
    self.weights = weights ?? (crossEncoder == nil ? .tuned : .tunedWithCross)
    self.repetitions = repetitions
    tokenizer = try model.tokenizer
    vocabulary = try ReaderVocabulary(model)
    segments = LeastRecentlyUsed(byteLimit: cacheBytes)
    vectors = LeastRecentlyUsed(byteLimit: cacheBytes / 16)
    crossRead = LeastRecentlyUsed(byteLimit: cacheBytes / 16)
  }

  /// The same answerer with nothing cached, for measurements.
  package func withEmptyCache() throws -> ReaderAnswerer {
    try ReaderAnswerer(
      model: model, embedder: embedder, crossEncoder: crossEncoder, lexicon: lexicon,
      weights: weights, repetitions: repetitions, cacheBytes: segments.byteLimit)
  }

  /// True for a model that this answerer can use.
  package static func canUse(_ model: LanguageModel) -> Bool { ReaderVocabulary.isReader(model) }

  /// Answers with the reader as it is: no adapter changes it.
  package func answer(
    _ question: String, sources: [Source], adapters: [SourceAdapter],
    progress: AnswerProgress = AnswerProgress()
  ) throws -> Answer {
    let clock = ContinuousClock()
    let start = clock.now
    let prompt = try questionTokens(question)
    let layout = self.layout(of: sources, asked: question)
    var reading = Reading.nothingRead
    var shortAnswer: String?
    last = nil
    if !layout.passages.isEmpty {
      let (evidence, read) = try evidence(
        question, prompt: prompt, layout: layout, progress: progress)
      last = ReaderContext(
        question: question, sources: sources, prompt: prompt, layout: layout, read: read)
      guard let chosen = evidence.reading(weights) else {
        throw AnswerError.notFinite(model: model.path)
      }
      reading = chosen
      shortAnswer = evidence.shortAnswer(to: question, of: chosen, in: layout)
    }
    let promptSeconds = (clock.now - start).seconds
    let quoted = try quote(reading.choices, layout: layout, progress: progress)
    return Answer(
      mode: mode, question: question, sources: sources, dropped: layout.dropped,
      text: quoted.text, citations: quoted.citations, shortAnswer: shortAnswer,
      tokenIDs: quoted.tokens, promptTokens: layout.tokenCount + prompt.count, reading: reading,
      timing: .init(answerSeconds: (clock.now - start).seconds, promptSeconds: promptSeconds))
  }

  /// The sources without what they quote of each other (`Quotations`).
  package func withoutQuotations(_ sources: [Source], precedence: [Int]) -> [Source] {
    Quotations(lexicon: lexicon).leftOut(of: sources, precedence: precedence)
  }

  package func scorer(for answer: Answer) throws -> ReaderScorer {
    guard answer.mode == mode, let reading = answer.reading else {
      throw AnswerError.wrongMode(found: answer.mode, expected: mode)
    }
    if let last, last.isOf(answer) {
      return ReaderScorer(
        answerer: self, answer: answer, reading: reading, prompt: last.prompt, layout: last.layout,
        sourceOfPassage: last.layout.passages.map(\.source), segments: last.read.passages,
        read: last.read)
    }
    let kept = answer.read.map { answer.sources[$0] }
    let layout = self.layout(of: kept, asked: answer.question)
    return ReaderScorer(
      answerer: self, answer: answer, reading: reading,
      prompt: try questionTokens(answer.question), layout: layout,
      sourceOfPassage: layout.passages.map { answer.read[$0.source] },
      segments: try passageSegments(layout), read: nil)
  }

  /// `<|q|> question <|a|>`.
  private func questionTokens(_ question: String) throws -> [Int32] {
    let text = question.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    let tokens = tokenizer.encode(" " + text, addSpecial: false, parseSpecial: false)
    // Half of the positions from the question on are for it, the others for the answer.
    let limit = (vocabulary.contextLength - vocabulary.questionPosition) / 2 - 2
    guard tokens.count <= limit else {
      throw AnswerError.questionTooLong(tokens: tokens.count, limit: limit)
    }
    return [vocabulary.question] + tokens + [vocabulary.answer]
  }

  /// The same question leaves out the same sentences, whichever of the sources are there.
  private func layout(of sources: [Source], asked question: String) -> PassageLayout {
    let asked = AskedQuestion(question)
    return PassageLayout(sources: sources, vocabulary: vocabulary, tokenizer: tokenizer) {
      repetitions == .omitted && asked.isRepeated(by: $0)
    }
  }
}

// MARK: - Choosing

extension ReaderAnswerer {
  /// What the reader, the lexicon and the embedder say about every sentence of `sources`.
  ///
  /// Sources that do not fit, and sentences that are omitted, are left out.
  package func evidence(_ question: String, sources: [Source]) throws -> LabelEvidence {
    try evidence(
      question, prompt: questionTokens(question), layout: layout(of: sources, asked: question),
      progress: AnswerProgress()
    ).evidence
  }

  private func evidence(
    _ question: String, prompt: [Int32], layout: PassageLayout, progress: AnswerProgress
  ) throws -> (evidence: LabelEvidence, read: ReadQuestion) {
    try progress.check()
    let sentences = try compare(question, with: layout)
    try progress.check()
    let attending = try passageSegments(layout)
    try progress.check()
    let segment = model.makeSegment(startPosition: vocabulary.questionPosition)
    let labels = try model.logProbabilities([
      ScoreRequest(
        tokens: prompt, targets: labelTargets(row: prompt.count - 1), segment: segment,
        attending: attending)
    ])[0]
    return (
      LabelEvidence(reader: labels, sentences: sentences),
      ReadQuestion(passages: attending, segment: segment, labels: labels)
    )
  }

  /// Every sentence in the layout beside the question, ascending by label.
  func compare(
    _ question: String, with layout: PassageLayout
  ) throws -> [LabelEvidence.Sentence] {
    let passages = layout.passages.map { $0.sentences.map(\.text) }
    let vectors = try embed(
      [question]
        + passages.flatMap { texts in
          texts + texts.indices.map { Self.context(of: $0, in: texts) }
        })
    let asked = AskedQuestion(question)
    let cross = try crossRead(question, passages)
    func similarity(_ text: String) -> Double {
      guard let question = vectors[question], let vector = vectors[text] else { return 0 }
      return cosine(question, vector)
    }
    var result: [LabelEvidence.Sentence] = []
    for (number, (passage, texts)) in zip(layout.passages, passages).enumerated() {
      for (index, text) in texts.enumerated() {
        result.append(
          LabelEvidence.Sentence(
            label: passage.label(ofSentence: index), source: passage.source,
            sentence: passage.sentences[index].number,
            overlap: lexicon.overlap(question: asked.stems, sentence: Stems.content(of: text)),
            cosine: similarity(text), contextCosine: similarity(Self.context(of: index, in: texts)),
            repeatsQuestion: asked.isRepeated(by: text),
            cross: cross?[number][index]))
      }
    }
    return result
  }

  /// The sentence at `index` together with the one before it.
  private static func context(of index: Int, in texts: [String]) -> String {
    texts[max(0, index - 1)...index].joined(separator: " ")
  }

  /// The vector of each text; none without an embedder.
  private func embed(_ texts: [String]) throws -> [String: [Float]] {
    guard let embedder else { return [:] }
    var known: [String: [Float]] = [:]
    for text in texts { known[text] = vectors.value(for: text) }
    var missing: [String] = []
    for text in texts where known[text] == nil && !missing.contains(text) { missing.append(text) }
    for (text, vector) in zip(missing, try embedder.embed(missing)) {
      known[text] = vector
      vectors.insert(vector, for: text, bytes: 4 * vector.count + text.utf8.count)
    }
    return known
  }

  /// What the cross-encoder says about every sentence of each passage; nil without one.
  private func crossRead(
    _ question: String, _ passages: [[String]]
  ) throws -> [[CrossEncoder.Sentence]]? {
    guard let crossEncoder else { return nil }
    let keys = passages.map { CrossKey(question: question, sentences: $0) }
    var known: [CrossKey: [CrossEncoder.Sentence]] = [:]
    for key in keys { known[key] = crossRead.value(for: key) }
    var missing: [CrossKey] = []
    for key in keys where known[key] == nil && !missing.contains(key) { missing.append(key) }
    let read = try crossEncoder.read(question: question, passages: missing.map(\.sentences))
    for (key, value) in zip(missing, read) {
      known[key] = value
      let texts = key.sentences.reduce(question.utf8.count) { $0 + $1.utf8.count }
      crossRead.insert(value, for: key, bytes: 256 * value.count + texts)
    }
    return keys.map { known[$0] ?? [] }
  }

  func labelTargets(row: Int) -> [(row: Int, token: Int32)] {
    (vocabulary.labels + [vocabulary.none]).map { (row, $0) }
  }

  func micro(_ nats: Double) throws -> MicroNats {
    guard let value = MicroNats(roundingNats: nats) else {
      throw AnswerError.notFinite(model: model.path)
    }
    return value
  }
}

// MARK: - Passages and quotations

extension ReaderAnswerer {
  /// The passages' KV segments by slot, computed in one batch where they are not cached.
  func passageSegments(_ layout: PassageLayout) throws -> [KVSegment] {
    var found = layout.passages.map { passage in
      segments.value(for: key(of: passage)).flatMap { $0.isDamaged ? nil : $0 }
    }
    let missing = found.indices.filter { found[$0] == nil }
    let computed = try compute(missing.map { passageTokens(layout.passages[$0]) })
    for (index, segment) in zip(missing, computed) {
      found[index] = segment
      segments.insert(segment, for: key(of: layout.passages[index]), bytes: segment.byteCount)
    }
    return found.compactMap { $0 }
  }

  /// Segments of texts, in one batch but for those that the cache on disk has.
  private func compute(_ texts: [[Int32]]) throws -> [KVSegment] {
    if texts.isEmpty { return [] }
    if let cache { return try cache.segments(of: texts) }
    let segments = texts.map { _ in model.makeSegment() }
    _ = try model.forward(
      zip(texts, segments).map { ForwardRequest(tokens: $0, segment: $1, outputs: .none) })
    return segments
  }

  private func key(of passage: PassageLayout.Passage) -> PassageKey {
    PassageKey(
      text: passage.sentences.map(\.text).joined(separator: "\n"), slot: passage.slot)
  }

  /// `<|d|> <|s|> sentence <|s|> sentence ...`, cut where the question's positions begin.
  func passageTokens(_ passage: PassageLayout.Passage) -> [Int32] {
    var tokens = [vocabulary.passages[passage.slot]]
    for (index, sentence) in passage.sentences.enumerated() {
      tokens.append(vocabulary.labels[passage.label(ofSentence: index) - 1])
      tokens += sentence.tokens
    }
    return Array(tokens.prefix(vocabulary.questionPosition))
  }

  /// The label and text tokens of a choice, as far as `limit` text tokens.
  func tokens(
    of choice: Reading.Choice, layout: PassageLayout, limit: Int = .max
  ) -> (label: Int32, text: [Int32]) {
    switch choice {
    case .none:
      let text = ReaderSentence(Self.refusal, tokenizer: tokenizer)
      return (vocabulary.none, Array(text.tokens.prefix(limit)))
    case .sentence(let label):
      let text = layout.sentence(label)?.tokens ?? []
      return (vocabulary.labels[label - 1], Array(text.prefix(limit)))
    }
  }

  /// Writes the chosen sentences out, token by token, each after a space.
  ///
  /// A quotation has one permitted token at every step, so nothing has to be computed for it.
  private func quote(
    _ choices: [Reading.Choice], layout: PassageLayout, progress: AnswerProgress
  ) throws -> Quotation {
    var quotation = Quotation()
    for choice in choices {
      try progress.check()
      let (label, text) = tokens(of: choice, layout: layout)
      quotation.tokens += [label] + text
      switch choice {
      case .none: quotation.append(Self.refusal, progress)
      case .sentence(let label):
        guard let passage = layout.passage(holding: label), let index = passage.index(of: label)
        else { continue }
        quotation.append(passage.sentences[index].text, progress)
        quotation.citations.append(
          Answer.Citation(source: passage.source, sentence: passage.sentences[index].number))
      }
    }
    return quotation
  }

  private struct Quotation {
    var text = ""
    var tokens: [Int32] = []
    var citations: [Answer.Citation] = []

    mutating func append(_ sentence: String, _ progress: AnswerProgress) {
      let piece = (text.isEmpty ? "" : " ") + sentence
      text += piece
      progress.onText(piece)
    }
  }
}

extension Reading {
  static let nothingRead = Reading(terms: [], choices: [.none], noneLogProbability: 0)
}

extension Reading.Term {
  func with(logProbability: MicroNats) -> Reading.Term {
    Reading.Term(
      label: label, source: source, sentence: sentence, lexical: lexical, semantic: semantic,
      logProbability: logProbability)
  }
}

extension [Reading.Term] {
  /// What is added to the reader's value of each label, in millionths.
  var totals: [Label: MicroNats] {
    Dictionary(uniqueKeysWithValues: map { ($0.label, $0.lexical + $0.semantic) })
  }
}

extension PassageLayout {
  /// Positions that the passages fill, with their labels.
  var tokenCount: Int {
    passages.reduce(0) { $0 + $1.sentences.reduce(1) { $0 + 1 + $1.tokens.count } }
  }
}

extension Duration {
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
