import Foundation
import GGUF
import Inference
import Kernels
import TestSupport
import Testing

@testable import Answering

/// The real models, loaded once for all tests.
enum Models {
  static func path(_ name: String) -> String { PackageFolder.root.appending(path: name).path }

  static let storiesPath = SharedData.path("models/stories260K.gguf")
  static var hasStories: Bool { FileManager.default.fileExists(atPath: storiesPath) }

  static let backend = Result { try Backend(threads: 1) }
  static let reader = Result {
    try LanguageModel.load(path: path("Models/reader.gguf"), backend: backend.get())
  }
  static let embedder = Result {
    try EmbeddingModel.load(path: path("Models/embedding.gguf"), backend: backend.get())
  }
  static let crossEncoder = Result {
    try CrossEncoder.load(path: path("Models/cross-encoder.gguf"), backend: backend.get())
  }
  static let stories = Result {
    try LanguageModel.load(path: storiesPath, backend: backend.get())
  }
  /// The same model with room for a chat prompt: its own file ends at 128 positions.
  static let longStories = Result {
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: storiesPath)))
    let key = Array("llama.context_length".utf8)
    let start =
      try #require(
        bytes.indices.first { bytes[$0...].starts(with: key) }) + key.count
    // A 32-bit type tag, then the value, little endian: 0x1000 = 4096.
    bytes.replaceSubrange(start + 4..<start + 8, with: [0, 0x10, 0, 0])
    return try LanguageModel.load(
      file: GGUFFile(bytes: bytes, name: "long stories"), backend: backend.get())
  }
  static let lexicon = Result { try Lexicon.load(path("Models/reader-idf.tsv")) }

  static func answerer(
    cache: KVCache? = nil, cacheBytes: Int = 64 << 20, weights: LabelWeights = .tuned,
    repetitions: Repetitions = .omitted
  ) throws -> ReaderAnswerer {
    try ReaderAnswerer(
      model: reader.get(), embedder: embedder.get(), lexicon: lexicon.get(), weights: weights,
      repetitions: repetitions, cache: cache, cacheBytes: cacheBytes)
  }

  /// With the cross-encoder, as the agent has it.
  static func completeAnswerer() throws -> ReaderAnswerer {
    try ReaderAnswerer(
      model: reader.get(), embedder: embedder.get(), crossEncoder: crossEncoder.get(),
      lexicon: lexicon.get())
  }
}

/// Five passages about three places, by three contributors.
enum Village {
  static func source(_ name: String, player: Int, document: Int, _ sentences: String...) -> Source {
    Source(
      reference: name, text: sentences.joined(separator: " "), sentences: sentences,
      player: player, document: document)
  }

  static let sources = [
    source(
      "lighthouse", player: 4, document: 10,
      "The Orrin lighthouse was built in 1874 by the engineer Maud Terrell.",
      "It stands 41 metres tall."),
    source(
      "bakery", player: 7, document: 11,
      "The Sella bakery opens at six in the morning and sells rye bread on Tuesdays."),
    source(
      "harbour", player: 4, document: 12,
      "The harbour of Orrin was dredged in 1902.",
      "Its fishing fleet lands mostly herring and cod.",
      "A ferry leaves for the islands twice a day."),
    source(
      "school", player: 9, document: 13,
      "The village school has two teachers and thirty pupils.",
      "Lessons start at half past eight."),
    source(
      "bakery hours", player: 9, document: 14,
      "On Sundays the bakery stays closed."),
  ]
}
