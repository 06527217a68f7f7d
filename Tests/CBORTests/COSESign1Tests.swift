import Crypto
import Testing

@testable import CBOR

@Suite("COSE_Sign1")
struct COSESign1Tests {
  let key: Curve25519.Signing.PrivateKey
  let type = "application/test+cbor"
  var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

  init() throws {
    key = try Curve25519.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: 7, count: 32))
  }

  @Test("a signed payload verifies and comes back")
  func roundTrip() throws {
    let signed = try COSESign1.sign([1, 2, 3], contentType: type, key: key)
    #expect(signed.first == 0xd2)  // Tag 18.
    #expect(try COSESign1.verify(signed, contentType: type, publicKey: publicKey) == [1, 2, 3])
  }

  @Test("the same input gives the same bytes")
  func reproducible() throws {
    let first = try COSESign1.sign([1, 2, 3], contentType: type, key: key)
    #expect(try COSESign1.sign([1, 2, 3], contentType: type, key: key) == first)
  }

  @Test("the signed bytes are the Sig_structure of RFC 9052 section 4.4")
  func signatureStructure() {
    let expected = unhex("84" + "6a5369676e617475726531" + "43a10127" + "40" + "42cafe")
    #expect(COSESign1.toBeSigned([0xa1, 0x01, 0x27], [], [0xca, 0xfe]) == expected)
  }

  @Test("a flip of any bit is refused")
  func everyBit() throws {
    let signed = try COSESign1.sign([1, 2, 3], contentType: type, key: key)
    for bit in 0..<signed.count * 8 {
      var damaged = signed
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: COSESign1.Failure.self, "bit \(bit)") {
        try COSESign1.verify(damaged, contentType: type)
      }
    }
  }

  @Test("another key, content type or external data is refused by name")
  func wrong() throws {
    let signed = try COSESign1.sign([1], contentType: type, externalData: [9], key: key)
    func failure(_ type: String, _ key: [UInt8]?, _ data: [UInt8]) -> COSESign1.Failure? {
      #expect(throws: COSESign1.Failure.self) {
        try COSESign1.verify(signed, contentType: type, publicKey: key, externalData: data)
      }
    }
    let other = [UInt8](repeating: 1, count: 32)
    #expect(failure(type, other, [9]) == .wrongKey(found: publicKey, expected: other))
    #expect(failure("x", nil, [9]) == .wrongContentType(found: type, expected: "x"))
    #expect(failure(type, nil, []) == .badSignature)
    #expect(try COSESign1.verify(signed, contentType: type, externalData: [9]) == [1])
  }

  @Test("an unprotected header, another algorithm or a missing part is refused")
  func shape() throws {
    let signed = try COSESign1.sign([1], contentType: type, key: key)
    guard case .tagged(18, .array(let parts)) = try CBOR.decode(signed) else {
      Issue.record("not a COSE_Sign1")
      return
    }
    let header: CBOR = [1: -7, 3: .text(type), 4: .bytes(publicKey)]
    for broken: CBOR in [
      .tagged(18, [parts[0], [1: 2], parts[2], parts[3]]),
      .tagged(18, [.bytes(header.encode()), parts[1], parts[2], parts[3]]),
      .tagged(18, [parts[0], parts[1], .null, parts[3]]), .tagged(17, .array(parts)),
      .array(parts), .tagged(18, .array(Array(parts.prefix(3)))),
    ] {
      let failure = #expect(throws: COSESign1.Failure.self) {
        try COSESign1.verify(broken.encode(), contentType: type)
      }
      guard case .malformed = failure else {
        Issue.record("\(String(describing: failure))")
        continue
      }
    }
  }
}

@Suite("Fields of a record")
struct CBORFieldsTests {
  @Test("are read with their limits and the rest is refused by name")
  func fields() throws {
    let record: CBOR = [1: 5, 2: "name", 3: .bytes([1, 2]), 4: [1, -2], 5: true]
    var fields = try CBORFields(decoding: record.encode(), record: "thing")
    #expect(try fields.int(1, "count", 0...5) == 5)
    #expect(try fields.text(2, "name", maximumBytes: 4) == "name")
    #expect(try fields.bytes(3, "key", count: 2) == [1, 2])
    #expect(try fields.ints(4, "list", maximumCount: 2) == [1, -2])
    let error = #expect(throws: CBORError.self) { try fields.finish() }
    #expect(error?.description == "thing: found the unknown key 5, expected known keys alone")
    #expect(try fields.bool(5, "flag"))
    #expect(throws: Never.self) { try fields.finish() }
  }

  @Test("of another kind, size or range are named in the error")
  func refusals() throws {
    var fields = try CBORFields([1: 5, 2: "name", 3: .bytes([1])], record: "thing")
    func text(_ body: () throws -> Void) -> String? {
      #expect(throws: CBORError.self) { try body() }?.description
    }
    #expect(text { _ = try fields.int(1, "n", 0...4) } == "thing.n: found 5, expected 0...4")
    #expect(
      text { _ = try fields.int(2, "n") }
        == "thing.n: found a text string, expected an integer")
    #expect(
      text { _ = try fields.text(2, "t", maximumBytes: 3) }
        == "thing.t: found 4 bytes, expected at most 3 bytes")
    #expect(
      text { _ = try fields.bytes(3, "b", count: 32) }
        == "thing.b: found 1 bytes, expected 32 bytes")
    #expect(
      text { _ = try fields.value(9, "gone") }
        == "thing.gone: found nothing, expected a value under key 9")
    #expect(throws: CBORError.self) { try CBORFields([1], record: "thing") }
  }
}
