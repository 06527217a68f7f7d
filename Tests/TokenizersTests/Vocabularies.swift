import Foundation
import GGUF
import TestSupport
import Testing
import Tokenizers

let fixtures = PackageFolder.root.appending(path: "Tests/TokenizersTests/Fixtures")

/// The vocabularies of the tests, by the names in expected-tokens.json.
enum Vocabularies {
  static let names =
    byteLevel + [
      "embedding", "sentencepiece", "sentencepiece-bare", "characters", "unigram", "unigram-bare",
      "wordpiece", "wordpiece-cased",
    ]
  static let byteLevel = ["reader", "llama-bpe", "gpt-2", "smollm", "default"] + otherRules
  static let otherRules = [
    "qwen2", "qwen35", "tekken", "gpt-4o", "deepseek-llm", "deepseek-coder", "deepseek-v3",
    "falcon", "seed-coder", "ufakzeka", "minicpm5", "laguna", "bloom", "viking", "superbpe",
  ]

  static func tokenizer(_ name: String) throws -> any Tokenizer {
    try TokenizerLoader.load(from: file(name))
  }

  private static func file(_ name: String) throws -> GGUFFile {
    func without(_ kind: String, _ keys: [String]) throws -> GGUFFile {
      let changes = keys.map { ("tokenizer.ggml.\($0)", MetadataValue?.some(.bool(false))) }
      return try changed(fixture(kind), Dictionary(uniqueKeysWithValues: changes))
    }
    switch name {
    case "reader", "embedding":
      return try GGUFFile(path: PackageFolder.root.appending(path: "Models/\(name).gguf").path)
    case "llama-bpe": return try fixture("byte-level-llama")
    case "gpt-2": return try fixture("byte-level-gpt2")
    case "sentencepiece-bare": return try without("sentencepiece", ["add_space_prefix"])
    case "unigram-bare":
      return try changed(
        without("unigram", ["add_space_prefix", "remove_extra_whitespaces"]),
        ["tokenizer.ggml.precompiled_charsmap": nil])
    case "wordpiece-cased": return try without("wordpiece", ["normalizer.lowercase"])
    case _ where byteLevel.contains(name):
      return try changed(
        fixture("byte-level-gpt2"), ["tokenizer.ggml.pre": .string(name)])
    default: return try fixture(name)
    }
  }

  static func fixture(_ name: String) throws -> GGUFFile {
    try GGUFFile(path: fixtures.appending(path: "\(name).gguf").path)
  }

  /// The same metadata with some values replaced, or removed where the new value is nil.
  static func changed(
    _ file: GGUFFile, _ changes: [String: MetadataValue?]
  ) throws -> GGUFFile {
    var metadata = file.metadata
    for (key, value) in changes { metadata[key] = value }
    var writer = GGUFWriter()
    for (key, value) in metadata { writer.add(key, value) }
    return try GGUFFile(bytes: writer.encoded(), name: "changed.gguf")
  }
}

extension SeededGenerator {
  /// Scalars from all over Unicode, with ASCII and spaces in between.
  mutating func text() -> String {
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0...40, using: &self) {
      let range: ClosedRange<UInt32> =
        switch Int.random(in: 0..<6, using: &self) {
        case 0, 1: 0x20...0x7E
        case 2: 0x09...0x20
        case 3: 0xA0...0x7FF
        case 4: 0x800...0xFFFD
        default: 0x10000...0x10FFFF
        }
      if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &self)) {
        text.append(scalar)
      }
    }
    return String(text)
  }
}
