import Foundation
import GGUF
import Tokenizers

/// Encodes the input with one of the tests' vocabularies and decodes it as token ids.
///
/// The first byte chooses the vocabulary, its highest bit whether control tokens are read.
func fuzzTokenizer(_ input: UnsafeRawBufferPointer) {
  guard let first = input.first else { return }
  let tokenizer = vocabularies[Int(first & 0x7F) % vocabularies.count]
  let rest = UnsafeRawBufferPointer(rebasing: input.dropFirst())
  check(tokenizer, String(decoding: rest, as: UTF8.self), parseSpecial: first & 0x80 != 0)
  let ids = (0..<rest.count / 4).map {
    Int32(littleEndian: rest.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self))
  }
  // As they are, mostly outside the vocabulary, and brought within it.
  _ = tokenizer.decode(ids)
  _ = tokenizer.decode(ids.map { ($0 & .max) % Int32(tokenizer.vocabularySize) })
}

/// The small vocabularies that the tokenizers' tests use, one of each kind, in the order of their names.
private let vocabularies: [any Tokenizer] = {
  let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../TokenizersTests/Fixtures").standardized
  let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
  let loaded = names.filter { $0.hasSuffix(".gguf") }.sorted().compactMap { name in
    try? TokenizerLoader.load(from: GGUFFile(path: folder.appending(path: name).path))
  }
  precondition(loaded.count >= 3, "needs the vocabularies in \(folder.path)")
  return loaded + [wordPieces]
}()

/// WordPiece over a vocabulary of a few words and all letters.
private let wordPieces: any Tokenizer = {
  let letters = (UInt8(ascii: "a")...UInt8(ascii: "z")).map { String(UnicodeScalar($0)) }
  let words = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "▁the", "▁un", "able", "▁.", "▁é", "▁中",
  ]
  let tokens = words + letters.map { "▁" + $0 } + letters
  var writer = GGUFWriter()
  writer.add("tokenizer.ggml.model", .string("bert"))
  writer.add("tokenizer.ggml.tokens", .array(.init(strings: tokens)))
  writer.add(
    "tokenizer.ggml.token_type",
    .array(.init(integers: tokens.map { $0.hasPrefix("[") ? 3 : 1 })))
  for (id, name) in ["padding", "unknown", "cls", "seperator", "mask"].enumerated() {
    writer.add("tokenizer.ggml.\(name)_token_id", .uint32(UInt32(id)))
  }
  do {
    return try TokenizerLoader.load(from: GGUFFile(bytes: writer.encoded(), name: "wordpiece"))
  } catch { preconditionFailure("\(error)") }
}()
