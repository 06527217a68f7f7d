import TransparencyLog

/// Reads the content of a batch in one pass, without a value for each item of its CBOR.
///
/// It knows the one encoding that a sound batch has, and gives up at the first byte that differs:
/// `PublicTrace.open` is what decides, and what says what is wrong.
package struct BatchScanner {
  /// The content is not what the scanner knows.
  private struct Unknown: Error {}

  private let bytes: UnsafeRawBufferPointer
  private var offset = 0
  private var credits: BatchCredits

  /// What the traces earn, when there are `count` and they are those of the root; nil if in doubt.
  package static func scan(
    _ content: UnsafeRawBufferPointer, count: Int, root: TreeHash
  ) -> BatchCredits? {
    var scanner = BatchScanner(bytes: content, credits: BatchCredits(capacity: count))
    do throws(Unknown) {
      return try scanner.batch(count: count, root: root)
    } catch {
      return nil
    }
  }

  private init(bytes: UnsafeRawBufferPointer, credits: BatchCredits) {
    self.bytes = bytes
    self.credits = credits
  }

  private mutating func batch(count: Int, root: TreeHash) throws(Unknown) -> BatchCredits {
    guard try head(0x80) == UInt64(count) else { throw Unknown() }
    var leaves = LeafHashes(capacity: count)
    for _ in 0..<count {
      let length = try head(0x40)
      guard length <= UInt64(bytes.count - offset) else { throw Unknown() }
      let end = offset + Int(length)
      leaves.append(entry: UnsafeRawBufferPointer(rebasing: bytes[offset..<end]))
      try trace()
      guard offset == end else { throw Unknown() }
    }
    guard offset == bytes.count, leaves.root() == root, hasEachIDOnce else { throw Unknown() }
    return credits
  }

  private var hasEachIDOnce: Bool {
    let ids = credits.traces.map(\.id).sorted()
    return !zip(ids, ids.dropFirst()).contains { $0 == $1 }
  }

  /// A map with the keys 1 to 11: the fields of ``PublicTrace``, as `FORMAT.md` numbers them.
  private mutating func trace() throws(Unknown) {
    try expect(0xab)
    try expect(1)
    guard try unsigned() == UInt64(PublicTrace.formatVersion) else { throw Unknown() }
    try expect(2)
    try expect(0x50)
    let id = try take(16)
    credits.begin(TraceID(high: word(id), low: word(id.dropFirst(8))))
    try expect(3)
    guard try number().isMultiple(of: 3600) else { throw Unknown() }
    try expect(4)
    _ = try number()
    try expect(5)
    _ = try digest()
    try expect(6)
    guard try unsigned() <= 1 else { throw Unknown() }
    try expect(7)
    try ascending(PublicTrace.maximumContributors) { (scanner) throws(Unknown) in
      try scanner.digest()
    }
    try expect(8)
    var sum = 0
    try ascending(PublicTrace.maximumContributors) { (scanner) throws(Unknown) in
      let parts = try scanner.head(0x80)
      guard (2...3).contains(parts) else { throw Unknown() }
      let key = try scanner.digest()
      let share = try scanner.partsPerMillion()
      if parts == 3 { _ = try scanner.partsPerMillion() }
      scanner.credits.add(key, sharePPM: share)
      sum += share
      return key
    }
    try expect(9)
    sum += try partsPerMillion()
    try expect(10)
    _ = try digest()
    try expect(11)
    let companions = try head(0x80)
    guard companions <= PublicTrace.maximumCompanions, sum == 1_000_000 else { throw Unknown() }
    for _ in 0..<companions { _ = try digest() }
  }

  /// An array whose elements are ordered by 32 bytes of theirs, each once.
  private mutating func ascending(
    _ maximum: Int,
    _ element: (inout BatchScanner) throws(Unknown) -> UnsafeRawBufferPointer
  ) throws(Unknown) {
    let count = try head(0x80)
    guard count <= UInt64(maximum) else { throw Unknown() }
    var last: UnsafeRawBufferPointer?
    for _ in 0..<count {
      let key = try element(&self)
      if let last, !last.lexicographicallyPrecedes(key) { throw Unknown() }
      last = key
    }
  }

  private mutating func partsPerMillion() throws(Unknown) -> Int {
    let number = try number()
    guard number <= 1_000_000 else { throw Unknown() }
    return number
  }

  private mutating func number() throws(Unknown) -> Int {
    guard let number = Int(exactly: try unsigned()) else { throw Unknown() }
    return number
  }

  private mutating func unsigned() throws(Unknown) -> UInt64 { try head(0x00) }

  private mutating func digest() throws(Unknown) -> UnsafeRawBufferPointer {
    try expect(0x58)
    try expect(32)
    return try take(32)
  }

  /// The argument of a head of that major type, in its shortest form.
  private mutating func head(_ major: UInt8) throws(Unknown) -> UInt64 {
    let first = try take(1)[0]
    guard first & 0xe0 == major else { throw Unknown() }
    let low = first & 0x1f
    guard low >= 24 else { return UInt64(low) }
    guard low <= 27 else { throw Unknown() }
    let width = 1 << Int(low - 24)
    let argument = try take(width).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    guard argument >= (width == 1 ? 24 : 1 << UInt64(width * 4)) else { throw Unknown() }
    return argument
  }

  private mutating func expect(_ byte: UInt8) throws(Unknown) {
    guard try take(1)[0] == byte else { throw Unknown() }
  }

  private mutating func take(_ count: Int) throws(Unknown) -> UnsafeRawBufferPointer {
    guard count <= bytes.count - offset else { throw Unknown() }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  private func word(_ bytes: some Collection<UInt8>) -> UInt64 {
    bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }
}
