import GGUF

/// SentencePiece's compiled normaliser: what becomes of characters and sequences before
/// tokenization, from `tokenizer.ggml.precompiled_charsmap`.
///
/// The bytes are a length, a Darts double-array trie of that length in 32-bit units, and the
/// replacements, each ended by a zero byte. A unit holds its label in bits 0...7, whether a value
/// hangs off it in bit 8, and the offset to its children in bits 10...30, in units of 256 if bit 9
/// is set; a value has bit 31 set.
struct CharacterMap: Sendable {
  /// SentencePiece's own for NFKC has 240 kB.
  private static let mostBytes = 1 << 21
  private let units: [UInt32]
  private let replacements: [UInt8]

  /// - Throws: if the parts do not fit, or a replacement has no end.
  init?(_ file: GGUFFile) throws(GGUFError) {
    let key = "tokenizer.ggml.precompiled_charsmap"
    guard file.metadata[key] != nil else { return nil }
    try file.require(atMost: Self.mostBytes, "bytes", in: key)
    let bytes = try file.ints(key).map { UInt8(truncatingIfNeeded: $0) }
    func word(_ index: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << UInt32(8 * $1) }
    }
    guard bytes.count >= 4, Int(word(0)) <= bytes.count - 4, word(0) % 4 == 0 else {
      throw GGUFError(
        file: file.path, field: key, found: "\(bytes.count) bytes",
        expected: "a length, so many bytes in units of four, and replacements")
    }
    let end = 4 + Int(word(0))
    units = stride(from: 4, to: end, by: 4).map(word)
    replacements = Array(bytes[end...])
    guard replacements.last ?? 0 == 0 else {
      throw GGUFError(
        file: file.path, field: key, found: "a replacement without an end",
        expected: "a zero byte at the end")
    }
  }

  /// The longest mapped sequence at `start`: its length, and what replaces it.
  ///
  /// Units that point outside the map end the search.
  func match(
    _ text: ArraySlice<UInt8>, at start: Int
  ) -> (length: Int, replacement: ArraySlice<UInt8>)? {
    guard !units.isEmpty else { return nil }
    var node = offset(units[0])
    var found: (length: Int, value: Int)?
    for index in start..<text.endIndex {
      let byte = UInt32(text[index])
      node ^= Int(byte)
      guard byte != 0, node < units.count, units[node] & 0x8000_00FF == byte else { break }
      let unit = units[node]
      node ^= offset(unit)
      if unit >> 8 & 1 == 1 {
        guard node < units.count else { break }
        found = (index - start + 1, Int(units[node] & 0x7FFF_FFFF))
      }
    }
    guard let found, found.value < replacements.count else { return nil }
    let rest = replacements[found.value...]
    return (found.length, rest.prefix { $0 != 0 })
  }

  private func offset(_ unit: UInt32) -> Int {
    Int(unit >> 10) << Int((unit & 1 << 9) >> 6)
  }
}
