import Crypto

/// A COSE_Sign1 message (RFC 9052 section 4.2) with Ed25519 and one fixed, protected header.
///
/// The protected header is `{1: -8 (EdDSA), 3: content type, 4: public key}`, the unprotected one
/// is empty, and the payload is attached. The content type keeps a signature over one kind of
/// record from being shown as a signature over another.
package struct COSESign1: Equatable, Sendable {
  package let contentType: String
  /// The 32 bytes of the Ed25519 public key that the header names.
  package let publicKey: [UInt8]
  package let payload: [UInt8]
  package let signature: [UInt8]

  /// What a message may not be: malformed, of another kind, by another key, or wrongly signed.
  package enum Failure: Error, Equatable, Sendable, CustomStringConvertible {
    case malformed(CBORError)
    case wrongContentType(found: String, expected: String)
    case wrongKey(found: [UInt8], expected: [UInt8])
    case badSignature

    package var description: String {
      switch self {
      case .malformed(let error): "signed message: \(error)"
      case .wrongContentType(let found, let expected):
        "signed message: found content type \(found), expected \(expected)"
      case .wrongKey(let found, let expected):
        "signed message: found key \(hex(found)), expected \(hex(expected))"
      case .badSignature: "signed message: the signature does not match the payload"
      }
    }
  }

  /// Signs `payload` and returns the tagged, canonical message.
  ///
  /// The same input gives the same bytes: Ed25519 of swift-crypto (BoringSSL) is deterministic.
  package static func sign(
    _ payload: [UInt8], contentType: String, externalData: [UInt8] = [],
    key: Curve25519.Signing.PrivateKey
  ) throws -> [UInt8] {
    let header = protectedHeader(contentType, Array(key.publicKey.rawRepresentation))
    let signature = try key.signature(for: toBeSigned(header, externalData, payload))
    return CBOR.tagged(
      18, [.bytes(header), [:], .bytes(payload), .bytes(Array(signature))]
    ).encode()
  }

  /// Decodes a message without believing it; call `check` before using the payload.
  package static func decode(
    _ bytes: [UInt8], maximumBytes: Int = 16 << 20
  ) throws(Failure) -> COSESign1 {
    do {
      return try parse(bytes, maximumBytes)
    } catch {
      throw .malformed(error)
    }
  }

  /// Throws unless the message has this content type, names this key (if given) and is signed by
  /// the key that it names.
  package func check(
    contentType expected: String, publicKey trusted: [UInt8]? = nil, externalData: [UInt8] = []
  ) throws(Failure) {
    guard contentType == expected else {
      throw .wrongContentType(found: contentType, expected: expected)
    }
    if let trusted, trusted != publicKey { throw .wrongKey(found: publicKey, expected: trusted) }
    let header = Self.protectedHeader(contentType, publicKey)
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey),
      key.isValidSignature(signature, for: Self.toBeSigned(header, externalData, payload))
    else { throw .badSignature }
  }

  /// Decodes and checks in one step, and returns the payload.
  package static func verify(
    _ bytes: [UInt8], contentType: String, publicKey: [UInt8]? = nil, externalData: [UInt8] = [],
    maximumBytes: Int = 16 << 20
  ) throws(Failure) -> [UInt8] {
    let message = try decode(bytes, maximumBytes: maximumBytes)
    try message.check(contentType: contentType, publicKey: publicKey, externalData: externalData)
    return message.payload
  }
}

extension COSESign1 {
  private static func parse(
    _ bytes: [UInt8], _ maximumBytes: Int
  ) throws(CBORError) -> COSESign1 {
    let limits = CBOR.Limits(bytes: maximumBytes, items: 8, depth: 3)
    let value = try CBOR.decode(bytes, limits: limits)
    guard case .tagged(18, .array(let parts)) = value, parts.count == 4 else {
      throw field("message", value.kind, "tag 18 with an array of four")
    }
    guard case .bytes(let header) = parts[0] else {
      throw field("protected", parts[0].kind, "a byte string")
    }
    guard parts[1] == [:] else { throw field("unprotected", "entries", "an empty map") }
    guard case .bytes(let payload) = parts[2] else {
      throw field("payload", parts[2].kind, "a byte string")
    }
    guard case .bytes(let signature) = parts[3], signature.count == 64 else {
      throw field("signature", parts[3].kind, "64 bytes")
    }
    var fields = try CBORFields(
      decoding: header, record: "protected", limits: .init(bytes: 512, items: 8, depth: 2))
    _ = try fields.int(1, "algorithm", -8 ... -8)
    let contentType = try fields.text(3, "content type", maximumBytes: 100)
    let publicKey = try fields.bytes(4, "key", count: 32)
    try fields.finish()
    return COSESign1(
      contentType: contentType, publicKey: publicKey, payload: payload, signature: signature)
  }

  private static func field(_ name: String, _ found: String, _ expected: String) -> CBORError {
    CBORError(.wrongField, field: name, found: found, expected: expected)
  }

  private static func protectedHeader(_ contentType: String, _ publicKey: [UInt8]) -> [UInt8] {
    let header: CBOR = [1: -8, 3: .text(contentType), 4: .bytes(publicKey)]
    return header.encode()
  }

  /// `Sig_structure` of RFC 9052 section 4.4.
  static func toBeSigned(
    _ header: [UInt8], _ externalData: [UInt8], _ payload: [UInt8]
  ) -> [UInt8] {
    let structure: CBOR = [
      "Signature1", .bytes(header), .bytes(externalData), .bytes(payload),
    ]
    return structure.encode()
  }
}

private func hex(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
