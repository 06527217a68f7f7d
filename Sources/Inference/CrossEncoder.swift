import Foundation
import GGUF
import Kernels
import Tokenizers

/// An encoder that reads a question together with one passage and scores every sentence of it.
///
/// What a sentence scores depends on the question, its own passage and the file alone, not on other
/// passages, the batch, threads or instruction set. May be used from several threads: one call at a
/// time computes, others wait.
package final class CrossEncoder: @unchecked Sendable {
  /// What was found out about one sentence.
  package struct Sentence: Sendable, Equatable {
    /// The higher, the likelier that it answers; above 0 rather yes.
    package let score: Double
    /// What may be the answer if this sentence holds it, the likeliest first; none without words.
    package let spans: [Span]
  }

  /// Words of a sentence, as separated by white space.
  package struct Span: Sendable, Equatable {
    package let words: Range<Int>
    /// The sum of the logits of its first and last token.
    package let score: Double
  }

  package let path: String
  package let configuration: Configuration
  package let backend: Backend
  private let encoder: Encoder
  private let head: SentenceHead
  private let format: PairFormat
  private let loadedTokenizer: Result<any Tokenizer, any Error>
  private let lock = NSLock()

  /// Tokens of a question and of a passage that are read at once, with those around them.
  private let questionLimit: Int
  private let passageLimit: Int

  /// Opens a GGUF file whose `tributary.head` is `sentences`.
  package static func load(path: String, backend: Backend) throws -> CrossEncoder {
    try load(file: GGUFFile(path: path), backend: backend)
  }

  /// Uses an open file; the error of a file of another kind names what was found.
  package static func load(file: GGUFFile, backend: Backend) throws -> CrossEncoder {
    try CrossEncoder(file: file, backend: backend)
  }

  private init(file: GGUFFile, backend: Backend) throws {
    let configuration = try Configuration(file)
    let features = try configuration.encoderFeatures(
      of: file,
      expected: "bert with the tributary.head \"sentences\", a model that chooses sentences"
    ) { $0 == .sentences }
    self.configuration = configuration
    self.backend = backend
    path = file.path
    questionLimit = try Self.limit("tributary.question_tokens", file, configuration)
    passageLimit = try Self.limit("tributary.passage_tokens", file, configuration)
    guard questionLimit + passageLimit <= configuration.contextLength else {
      throw GGUFError(
        file: file.path, field: "tributary.passage_tokens", found: "\(passageLimit)",
        expected: "at most the context's \(configuration.contextLength) with the question")
    }
    format = try PairFormat(file, configuration)
    let loaded = try LoadedEncoder(
      file, configuration, features, backend: backend, head: SentenceHead.init)
    (encoder, head, loadedTokenizer) = (loaded.encoder, loaded.head, loaded.tokenizer)
  }

  private static func limit(_ key: String, _ file: GGUFFile, _ c: Configuration) throws -> Int {
    let value = try file.int(key)
    guard (3...c.contextLength).contains(value) else {
      throw GGUFError(
        file: file.path, field: key, found: "\(value)",
        expected: "a number from 3 to \(c.contextLength)")
    }
    return value
  }

  /// For every passage, given as its sentences, what is known about each of them, in their order.
  ///
  /// All are computed in one batch. A passage of more than about 250 tokens is read in several parts,
  /// a sentence longer than that only in part; of a question of more than 60 the end is lost.
  package func read(question: String, passages: [[String]]) throws -> [[Sentence]] {
    let tokenizer = try loadedTokenizer.get()
    func tokens(_ text: some StringProtocol) -> [Int32] {
      tokenizer.encode(String(text), addSpecial: false, parseSpecial: false)
    }
    let asked = [format.first] + tokens(question).prefix(questionLimit - 2) + [format.last]
    // Word by word, which gives the same tokens: none is of two words.
    let parts = passages.map { sentences in
      self.parts(of: sentences.map { $0.split(whereSeparator: \.isWhitespace).map(tokens) })
    }
    let all = parts.flatMap { $0 }
    lock.lock()
    defer { lock.unlock() }
    let vectors = encoder.encode(
      all.map { Encoder.Sequence(asked + $0.tokens, firstTypeCount: asked.count) }
    ) { TokenVectors($0) }
    var read = zip(all, vectors).map { head.read($1, questionRows: asked.count, part: $0) }[...]
    return parts.map { parts in
      defer { read = read.dropFirst(parts.count) }
      return read.prefix(parts.count).flatMap { $0 }
    }
  }

  /// As many sentences together as fit, `[CLS] sentence [SEP] sentence [SEP]`.
  private func parts(of sentences: [[[Int32]]]) -> [PassagePart] {
    var parts: [PassagePart] = []
    var part = PassagePart(first: format.first)
    for words in sentences {
      let length = words.reduce(1) { $0 + $1.count }
      if !part.sentences.isEmpty, part.tokens.count + length > passageLimit {
        parts.append(part)
        part = PassagePart(first: format.first)
      }
      part.append(words, end: format.last, limit: passageLimit)
    }
    return part.sentences.isEmpty ? parts : parts + [part]
  }
}

/// Sentences that are read together.
struct PassagePart {
  struct Sentence {
    /// Its tokens and, as the last, the one that ends it.
    let tokens: Range<Int>
    /// For each token but the last the word that it is of.
    let words: [Int]
  }

  private(set) var tokens: [Int32]
  private(set) var sentences: [Sentence] = []

  init(first: Int32) { tokens = [first] }

  mutating func append(_ words: [[Int32]], end: Int32, limit: Int) {
    let start = tokens.count
    let owners = words.indices.flatMap { word in words[word].map { _ in word } }
    let room = max(0, limit - start - 1)
    tokens += words.joined().prefix(room) + [end]
    sentences.append(
      Sentence(tokens: start..<tokens.count, words: Array(owners.prefix(room))))
  }
}
