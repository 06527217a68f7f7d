import GGUF

/// What a token is for, by the numbers of `tokenizer.ggml.token_type`.
enum TokenKind: UInt8 {
  case undefined = 0
  case normal, unknown, control, userDefined, unused, byte

  /// Split from the text before anything else, if at all.
  var isSpecial: Bool { self == .control || self == .userDefined || self == .unknown }
}

/// All tokens of a model: their bytes in one array, found by a hash table.
///
/// Lookup is by exact bytes; `String` would take composed and decomposed letters for the same.
struct Vocabulary: Sendable {
  /// What tokens are for, after `TokenRoles` has corrected what the file says.
  private(set) var kinds: [TokenKind]
  /// What the file says.
  let fileKinds: [TokenKind]
  private(set) var longestToken = 0
  private var text: [UInt8] = []
  /// Token `i` is `text[starts[i]..<starts[i + 1]]`.
  private var starts: [Int] = [0]
  private var table: HashTable

  var count: Int { kinds.count }
  var ids: Range<Int32> { 0..<Int32(count) }

  init(_ file: GGUFFile) throws(GGUFError) {
    let key = "tokenizer.ggml.tokens"
    var text: [UInt8] = []
    var starts: [Int] = [0]
    try file.forEachString(key) { (bytes) throws(GGUFError) in
      guard starts.count <= 1 << 24 else {
        throw GGUFError(
          file: file.path, field: key, found: "more than \(1 << 24) tokens",
          expected: "at most so many")
      }
      text.append(contentsOf: bytes)
      starts.append(text.count)
    }
    guard starts.count > 1 else {
      throw GGUFError(
        file: file.path, field: key, found: "0 tokens", expected: "1 to \(1 << 24)")
    }
    self.text = text
    self.starts = starts
    fileKinds = try Self.kinds(file, count: starts.count - 1)
    kinds = fileKinds
    table = HashTable(count: starts.count - 1)
    try index(file.path, key)
    kinds = TokenRoles.corrected(fileKinds) { id(of: $0) }
  }

  private static func kinds(_ file: GGUFFile, count: Int) throws(GGUFError) -> [TokenKind] {
    let key = "tokenizer.ggml.token_type"
    guard file.metadata[key] != nil else { return Array(repeating: .normal, count: count) }
    let numbers = try file.ints(key)
    guard numbers.count == count else {
      throw GGUFError(
        file: file.path, field: key, found: "\(numbers.count) entries",
        expected: "\(count), one for each token")
    }
    return numbers.map { UInt8(exactly: $0).flatMap(TokenKind.init) ?? .undefined }
  }

  private mutating func index(_ path: String, _ key: String) throws(GGUFError) {
    for id in 0..<count where starts[id] < starts[id + 1] {
      longestToken = max(longestToken, starts[id + 1] - starts[id])
      let (slot, found) = find(text.span.extracting(starts[id]..<starts[id + 1]))
      if let found {
        throw GGUFError(
          file: path, field: "\(key)[\(id)]", found: "the same token as [\(found)]",
          expected: "each token once")
      }
      table.slots[slot] = Int32(id)
    }
  }

  func contains(_ id: Int32) -> Bool { id >= 0 && id < count }

  /// The bytes of a token as the vocabulary has them, escapes and all.
  subscript(id: Int32) -> ArraySlice<UInt8> { text[starts[Int(id)]..<starts[Int(id) + 1]] }

  func id(of bytes: Span<UInt8>) -> Int32? {
    guard bytes.count <= longestToken else { return nil }
    return find(bytes).id
  }

  func id(of name: String) -> Int32? {
    let bytes = Array(name.utf8)
    return id(of: bytes.span)
  }

  /// The tokens for single bytes, `<0x00>` to `<0xFF>`, each -1 if there is none.
  func byteTokens() -> [Int32] {
    (0..<256).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return id(of: "<0x\(byte < 16 ? "0" : "")\(digits)>") ?? -1
    }
  }

  private func find(_ bytes: Span<UInt8>) -> (slot: Int, id: Int32?) {
    var slot = table.slot(for: bytes)
    while table.slots[slot] >= 0 {
      let id = table.slots[slot]
      if matches(id, bytes) { return (slot, id) }
      slot = (slot + 1) & (table.slots.count - 1)
    }
    return (slot, nil)
  }

  private func matches(_ id: Int32, _ bytes: Span<UInt8>) -> Bool {
    let start = starts[Int(id)]
    guard starts[Int(id) + 1] - start == bytes.count else { return false }
    for index in 0..<bytes.count where text[start + index] != bytes[index] { return false }
    return true
  }
}

/// Open addressing, at most half full, with a secret base so that no file can make tokens collide.
private struct HashTable: Sendable {
  var slots: [Int32]
  /// A polynomial over the bytes modulo the prime 2^61 - 1.
  private static let base = UInt64.random(in: 1 << 32..<(1 << 61 - 2))
  private static let prime: UInt64 = 1 << 61 - 1

  init(count: Int) {
    var capacity = 16
    while capacity < count * 2 { capacity *= 2 }
    slots = Array(repeating: -1, count: capacity)
  }

  func slot(for bytes: Span<UInt8>) -> Int {
    let base = Self.base
    var hash: UInt64 = 1
    for index in 0..<bytes.count {
      let (high, low) = hash.multipliedFullWidth(by: base)
      let folded = (low & Self.prime) + (high << 3 | low >> 61) + UInt64(bytes[index])
      hash = folded >= Self.prime ? folded - Self.prime : folded
    }
    return Int(truncatingIfNeeded: hash ^ hash >> 29) & (slots.count - 1)
  }
}
