import Attribution
import Inference

/// Answers a question from sources and scores its answers again without some of them.
package protocol Answerer: AnyObject {
  associatedtype AnswerScorer: TokenScorer

  var mode: ContextMode { get }

  /// The same sources, in which what they only quote from each other is marked as unread, if this
  /// answerer leaves that out.
  ///
  /// `precedence`: of each source, lower is earlier.
  func withoutQuotations(_ sources: [Source], precedence: [Int]) -> [Source]

  /// Answers from `sources`, best first; those that do not fit are left out and named.
  ///
  /// `adapters` may change the model, each as a player of its contributor; those that took part are
  /// in the answer.
  func answer(
    _ question: String, sources: [Source], adapters: [SourceAdapter], progress: AnswerProgress
  ) throws -> Answer

  /// Values coalitions of `answer.partition`'s documents.
  func scorer(for answer: Answer) throws -> AnswerScorer
}

extension Answerer {
  package func answer(
    _ question: String, sources: [Source], progress: AnswerProgress = AnswerProgress()
  ) throws -> Answer {
    try answer(question, sources: sources, adapters: [], progress: progress)
  }
}

/// A scorer that also says what each token of the answer is worth.
package protocol TokenScorer: Scorer where Failure == any Error {
  /// One row per coalition, one value per scored token; a coalition's value is the sum of its row.
  func tokenValues(of coalitions: [Coalition]) throws -> [[MicroNats]]

  /// The same with every document present but one sentence each time: one row per sentence.
  func tokenValues(withoutEach places: [SentencePlace]) throws -> [[MicroNats]]
}

extension TokenScorer {
  package func values(of coalitions: [Coalition]) throws -> [MicroNats] {
    try tokenValues(of: coalitions).map { $0.reduce(0, +) }
  }
}

/// How an answer reports itself while it is made, and how it is stopped.
package struct AnswerProgress {
  /// Receives each piece of the answer's text, in order; the pieces make up `Answer.text`.
  package var onText: (String) -> Void
  /// Asked before every step of work; true ends the answer with `CancellationError`.
  package var isCancelled: () -> Bool

  package init(
    onText: @escaping (String) -> Void = { _ in },
    isCancelled: @escaping () -> Bool = { Task.isCancelled }
  ) {
    self.onText = onText
    self.isCancelled = isCancelled
  }

  func check() throws {
    if isCancelled() { throw CancellationError() }
  }
}

/// Why an answer could not be made or scored.
package enum AnswerError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The model file has no such token and cannot be used as a reader.
  case notAReader(model: String, missing: String)
  case questionTooLong(tokens: Int, limit: Int)
  case badLexicon(file: String, line: Int, found: String, expected: String)
  /// A log-probability is not a number: the model's weights are damaged.
  case notFinite(model: String)
  case noChatTemplate(model: String)
  /// The conversation does not have the passages' place exactly once, so it has no head and tail.
  case passagesNotFoundOnce(model: String, template: String, found: Int)
  /// The answer was made in another mode than the one asked to score it.
  case wrongMode(found: ContextMode, expected: ContextMode)

  package var description: String {
    switch self {
    case .notAReader(let model, let missing):
      "\(model): vocabulary: found no token \(missing), expected the tokens of a reader"
    case .questionTooLong(let tokens, let limit):
      "the question has \(tokens) tokens, and at most \(limit) fit; ask it in fewer words"
    case .badLexicon(let file, let line, let found, let expected):
      "\(file): line \(line): found \"\(found)\", expected \(expected)"
    case .notFinite(let model):
      "\(model): a log-probability is not a number; the file may be damaged, "
        + "compare its sha256 with its card"
    case .noChatTemplate(let model):
      "\(model): tokenizer.chat_template: found none, expected ChatML or Llama 3; "
        + "choose a chat model with --model"
    case .passagesNotFoundOnce(let model, let template, let found):
      "\(model): tokenizer.chat_template (\(template)): found the place of the passages \(found) times "
        + "in the conversation, expected it once; use --context joint"
    case .wrongMode(let found, let expected):
      "answer: mode: found \(found.rawValue), expected \(expected.rawValue)"
    }
  }
}

extension Answer {
  /// The sources that the model read, as indices into `sources`.
  package var read: [Int] { sources.indices.filter { !dropped.contains($0) } }

  /// The contributors whose sources were read, ascending; a game's player is an index into it.
  package var players: [Int] { Set(read.map { sources[$0].player }).sorted() }

  /// The documents that were read, ascending by number within ascending contributors.
  package var documents: [(player: Int, document: Int)] {
    let pairs = Set(read.map { SourceOwner(sources[$0]) })
    return pairs.sorted { ($0.player, $0.document) < ($1.player, $1.document) }
      .map { ($0.player, $0.document) }
  }

  /// The game's two levels: `documents`, then `adapters`, which count as documents of their contributors.
  package var partition: Partition {
    let players = players
    return Partition(
      contributorOfDocument: (documents.map(\.player) + adapters.map(\.player)).map { player in
        players.firstIndex(of: player) ?? 0
      })
  }

  /// The adapters of a coalition, in their order.
  func adapters(of coalition: Coalition) -> [LoRAAdapter] {
    let first = documents.count
    return adapters.indices.filter { coalition.contains(first + $0) }.map { adapters[$0].weights }
  }

  /// The read sources of a coalition's documents, ascending.
  func sources(of coalition: Coalition) -> [Int] {
    let documents = documents
    let present = Set(
      coalition.members.filter(documents.indices.contains).map {
        SourceOwner(player: documents[$0].player, document: documents[$0].document)
      })
    return read.filter { present.contains(SourceOwner(sources[$0])) }
  }
}

private struct SourceOwner: Hashable {
  let player: Int
  let document: Int

  init(player: Int, document: Int) {
    (self.player, self.document) = (player, document)
  }

  init(_ source: Source) {
    self.init(player: source.player, document: source.document)
  }
}

extension MicroNats {
  /// Millionths, ties to even, never beyond what a game holds; nil for what is not a number.
  init?(roundingNats nats: Double) {
    guard !nats.isNaN else { return nil }
    let limit = Double(Game.maximumMagnitude / 4096)
    self = MicroNats(Swift.max(-limit, Swift.min(limit, nats * 1e6)).rounded(.toNearestOrEven))
  }
}
