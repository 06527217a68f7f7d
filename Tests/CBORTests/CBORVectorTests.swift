import Testing

@testable import CBOR

/// RFC 8949 Appendix A, the values of the deterministic subset.
@Suite("RFC 8949 Appendix A")
struct CBORVectorTests {
  static let accepted: [(hex: String, value: CBOR)] = [
    ("00", 0), ("01", 1), ("0a", 10), ("17", 23), ("1818", 24), ("1819", 25), ("1864", 100),
    ("1903e8", 1000), ("1a000f4240", 1_000_000), ("1b000000e8d4a51000", 1_000_000_000_000),
    ("1bffffffffffffffff", .unsigned(.max)), ("3bffffffffffffffff", .negative(.max)),
    ("c249010000000000000000", .tagged(2, .bytes([1, 0, 0, 0, 0, 0, 0, 0, 0]))),
    ("c349010000000000000000", .tagged(3, .bytes([1, 0, 0, 0, 0, 0, 0, 0, 0]))),
    ("20", -1), ("29", -10), ("3863", -100), ("3903e7", -1000),
    ("f4", false), ("f5", true), ("f6", .null),
    (
      "c074323031332d30332d32315432303a30343a30305a",
      .tagged(0, "2013-03-21T20:04:00Z")
    ),
    ("c11a514b67b0", .tagged(1, 1_363_896_240)),
    ("d74401020304", .tagged(23, .bytes([1, 2, 3, 4]))),
    ("d818456449455446", .tagged(24, .bytes([0x64, 0x49, 0x45, 0x54, 0x46]))),
    (
      "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
      .tagged(32, "http://www.example.com")
    ),
    ("40", .bytes([])), ("4401020304", .bytes([1, 2, 3, 4])), ("60", ""), ("6161", "a"),
    ("6449455446", "IETF"), ("62225c", "\"\\"), ("62c3bc", "\u{fc}"), ("63e6b0b4", "\u{6c34}"),
    ("64f0908591", "\u{10151}"), ("80", []), ("83010203", [1, 2, 3]),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    (
      "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
      .array((1...25).map { .integer(Int($0)) })
    ),
    ("a0", [:]), ("a201020304", [1: 2, 3: 4]), ("a26161016162820203", ["a": 1, "b": [2, 3]]),
    ("826161a161626163", ["a", ["b": "c"]]),
    (
      "a56161614161626142616361436164614461656145",
      ["a": "A", "b": "B", "c": "C", "d": "D", "e": "E"]
    ),
  ]

  @Test("every value of the subset encodes to its bytes and decodes from them", arguments: accepted)
  func roundTrip(vector: (hex: String, value: CBOR)) throws {
    #expect(vector.value.encode() == unhex(vector.hex))
    #expect(try CBOR.decode(unhex(vector.hex)) == vector.value)
  }

  static let refused: [(hex: String, code: CBORError.Code)] = [
    ("f90000", .float), ("f93c00", .float), ("fb3ff199999999999a", .float), ("f97e00", .float),
    ("fa47c35000", .float), ("fb7e37e43c8800759c", .float), ("f97c00", .float),
    ("f7", .simpleValue), ("f0", .simpleValue), ("f8ff", .simpleValue), ("f818", .simpleValue),
    ("5f42010243030405ff", .indefiniteLength), ("7f657374726561646d696e67ff", .indefiniteLength),
    ("9fff", .indefiniteLength), ("9f018202039f0405ffff", .indefiniteLength),
    ("bf61610161629f0203ffff", .indefiniteLength), ("826161bf61626163ff", .indefiniteLength),
    ("ff", .indefiniteLength), ("1c", .reservedHead), ("5d", .reservedHead), ("fe", .reservedHead),
    ("1817", .notShortest), ("1900ff", .notShortest), ("1a0000ffff", .notShortest),
    ("1b00000000ffffffff", .notShortest), ("5801ff", .notShortest), ("d817f6", .notShortest),
    ("a203040102", .unsortedKeys), ("a201020102", .duplicateKey), ("61ff", .invalidUTF8),
    ("62c328", .invalidUTF8), ("63eda080", .invalidUTF8), ("0000", .trailingBytes),
    ("", .truncated), ("18", .truncated), ("4401", .truncated), ("8201", .truncated),
    ("a101", .truncated), ("c0", .truncated), ("9b7fffffffffffffff", .truncated),
    ("5bffffffffffffffff", .truncated), ("bb7fffffffffffffff00", .truncated),
    ("a2616200616100", .unsortedKeys),
  ]

  @Test("every other encoding is refused for its reason", arguments: refused)
  func refuses(vector: (hex: String, code: CBORError.Code)) {
    let error = #expect(throws: CBORError.self) { try CBOR.decode(unhex(vector.hex)) }
    #expect(error?.code == vector.code, "\(vector.hex): \(String(describing: error))")
  }

  @Test("an error names the byte at which the offending item starts")
  func position() {
    let error = #expect(throws: CBORError.self) { try CBOR.decode(unhex("8301021817")) }
    #expect(error?.offset == 3)
    #expect(error?.description == "byte 3: found 23 in 1 bytes, expected its shortest form")
  }

  @Test("keys that differ only in Unicode normalisation are one key")
  func normalisation() {
    let bytes = unhex("a2" + "62c3a9" + "00" + "6365cc81" + "00")
    let error = #expect(throws: CBORError.self) { try CBOR.decode(bytes) }
    #expect(error?.code == .duplicateKey)
  }
}

func unhex(_ text: String) -> [UInt8] {
  let digits = Array(text)
  return stride(from: 0, to: digits.count, by: 2).map {
    UInt8(String(digits[$0...$0 + 1]), radix: 16) ?? 0
  }
}
