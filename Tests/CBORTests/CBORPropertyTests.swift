import Testing

@testable import CBOR

@Suite("Any CBOR value")
struct CBORPropertyTests {
  @Test("decodes to itself from the bytes it encodes to")
  func roundTrip() throws {
    var source = ValueSource(seed: 1)
    for _ in 0..<4000 {
      let value = source.value(depth: 4)
      #expect(try CBOR.decode(value.encode()) == value)
    }
  }

  @Test("has one encoding: bytes that decode at all encode to themselves, whatever was changed")
  func mutation() {
    var source = ValueSource(seed: 2)
    var accepted = 0
    for _ in 0..<4000 {
      var bytes = source.value(depth: 4).encode()
      for _ in 0...source.below(3) { source.mutate(&bytes) }
      guard let value = try? CBOR.decode(bytes) else { continue }
      accepted += 1
      #expect(value.encode() == bytes)
    }
    #expect(accepted > 100)  // Otherwise the test would not test anything.
  }

  @Test("random bytes end in a value or an error")
  func noise() {
    var source = ValueSource(seed: 3)
    for _ in 0..<20_000 {
      let bytes = source.bytes(source.below(40))
      if let value = try? CBOR.decode(bytes) { #expect(value.encode() == bytes) }
    }
  }

  @Test("a truncated encoding is never accepted")
  func truncation() {
    var source = ValueSource(seed: 4)
    for _ in 0..<300 {
      let bytes = source.value(depth: 3).encode()
      for count in bytes.indices {
        #expect(throws: CBORError.self) { try CBOR.decode(Array(bytes[..<count])) }
      }
    }
  }

  @Test("nesting, items and bytes beyond the limits are refused")
  func limits() {
    func code(_ bytes: [UInt8], _ limits: CBOR.Limits) -> CBORError.Code? {
      #expect(throws: CBORError.self) { try CBOR.decode(bytes, limits: limits) }?.code
    }
    let deep = [UInt8](repeating: 0x81, count: 100_000) + [0]
    #expect(code(deep, CBOR.Limits()) == .tooDeep)
    let tags = [UInt8](repeating: 0xc1, count: 100_000) + [0]
    #expect(code(tags, CBOR.Limits()) == .tooDeep)
    let wide = CBOR.array([CBOR](repeating: 0, count: 1000)).encode()
    #expect(code(wide, CBOR.Limits(items: 1000)) == .tooManyItems)
    #expect(throws: Never.self) { try CBOR.decode(wide, limits: CBOR.Limits(items: 1001)) }
    #expect(code(wide, CBOR.Limits(bytes: 100)) == .tooLarge)
    // An array that claims a hundred million items reserves nothing before it is refused.
    #expect(code([0x9a, 0x05, 0xf5, 0xe1, 0x00, 0x00], CBOR.Limits()) == .truncated)
  }
}

/// Random values and mutations from a seed.
struct ValueSource {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func below(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(bound))
  }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(below(256)) } }

  mutating func integer() -> UInt64 {
    let wide = bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return wide >> UInt64(below(64))
  }

  mutating func value(depth: Int) -> CBOR {
    switch below(depth > 0 ? 10 : 6) {
    case 0: return .unsigned(integer())
    case 1: return .negative(integer())
    case 2: return .bytes(bytes(below(30)))
    case 3:
      return .text(
        String(
          (0..<below(20)).map { _ in "aé水🙂z"["aé水🙂z".index("aé水🙂z".startIndex, offsetBy: below(5))]
          }))
    case 4: return .bool(below(2) == 0)
    case 5: return .null
    case 6: return .tagged(integer(), value(depth: depth - 1))
    case 7: return .array((0..<below(30)).map { _ in value(depth: depth - 1) })
    default:
      var entries: CBORMap = [:]
      for _ in 0..<below(6) { entries[value(depth: 0)] = value(depth: depth - 1) }
      return .map(entries)
    }
  }

  mutating func mutate(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else { return bytes = self.bytes(3) }
    let index = below(bytes.count)
    switch below(4) {
    case 0: bytes[index] ^= 1 << UInt8(below(8))
    case 1: bytes.insert(UInt8(below(256)), at: index)
    case 2: bytes.remove(at: index)
    default: bytes[index] = UInt8(below(256))
    }
  }
}
