import Crypto

/// A witness's public key (C2SP tlog-cosignature, signature type 0x04).
package struct CosignatureVerifier: Hashable, Sendable {
  let key: Ed25519PublicKey

  package var name: String { key.name }
  package var publicKey: [UInt8] { key.bytes }

  /// SHA-256(name || 0x0A || 0x04 || public key)[:4], big-endian.
  package var keyID: UInt32 { key.keyID }

  package init(name: String, publicKey: some Collection<UInt8>) throws(NoteError) {
    key = try Ed25519PublicKey(name: name, type: .cosignature, bytes: publicKey)
  }

  fileprivate init(_ key: Ed25519PublicKey) { self.key = key }

  /// Reads `name+hex(key id)+base64(0x04 || public key)`.
  package init(vkey: String) throws(NoteError) {
    key = try Ed25519PublicKey(vkey: vkey, type: .cosignature)
  }

  /// The text in which verifiers share the key.
  package var vkey: String { key.vkey }

  /// The witness's cosignature below a checkpoint.
  ///
  /// As in a note, the first line with the key's name and id decides.
  package func verify(_ note: SignedNote) -> CosignatureVerdict {
    let line = note.signatures.first { $0.name == name && $0.keyID == keyID }
    guard let line else { return .absent }
    guard let cosignature = Cosignature(bytes: line.bytes) else {
      return .invalid(
        reason: "the cosignature of \(name) has \(line.bytes.count) bytes or a time above "
          + "2^63 - 1, expected \(Cosignature.byteCount) bytes and a time below")
    }
    do throws(NoteError) { _ = try Checkpoint(text: note.text) } catch {
      return .invalid(reason: "\(name) signed what is no checkpoint: \(error)")
    }
    let message = Cosignature.message(text: note.text, time: cosignature.time)
    guard key.verify(message, signature: cosignature.signature) else {
      return .invalid(reason: "the cosignature of \(name) does not fit the checkpoint")
    }
    return .valid(cosignature)
  }
}

/// A witness's private key.
package struct CosignatureSigner: Sendable {
  private let key: Ed25519PrivateKey

  package var verifier: CosignatureVerifier { CosignatureVerifier(key.publicKey) }

  package init(name: String, key: Curve25519.Signing.PrivateKey) throws(NoteError) {
    self.key = try Ed25519PrivateKey(name: name, type: .cosignature, key: key)
  }

  /// Reads `PRIVATE+KEY+name+hex(key id)+base64(0x04 || seed)`.
  package init(skey: String) throws(NoteError) {
    key = try Ed25519PrivateKey(skey: skey, type: .cosignature)
  }

  /// The text in which the private key is kept; it must not leave the machine.
  package var skey: String { key.skey }

  /// The signature line for a checkpoint's text, extension lines included.
  ///
  /// The caller has to know that the checkpoint is consistent with all that it cosigned before.
  package func sign(checkpoint text: String, time: UInt64) throws -> SignedNote.Signature {
    _ = try Checkpoint(text: text)
    guard time <= UInt64(Int64.max) else {
      throw NoteError(field: "time", found: "\(time)", expected: "at most 2^63 - 1")
    }
    let signature = try key.sign(Cosignature.message(text: text, time: time))
    return SignedNote.Signature(
      name: key.publicKey.name, keyID: key.publicKey.keyID,
      bytes: Cosignature(time: time, signature: signature).bytes)
  }
}
