import Corpus
import Crypto
import Foundation
import TransparencyLog

/// The log's signing key: one line of text in `log.key`, readable for its owner alone.
package enum LedgerKey {
  package static func path(in folder: String) -> String { folder + "/log.key" }

  /// Reads the key of a data folder.
  package static func load(in folder: String) throws -> NoteSigner {
    let path = path(in: folder)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    let permissions = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
    guard permissions & 0o077 == 0 else {
      throw LedgerError(
        file: path, field: "permissions", found: "0" + String(permissions, radix: 8),
        expected: "0600; run: chmod 600 \(path)")
    }
    let bytes = try DurableFile.read(path, maximumBytes: 4096)
    let text = String(decoding: bytes, as: UTF8.self)
    do {
      return try NoteSigner(skey: text.trimmingCharacters(in: .newlines))
    } catch {
      throw LedgerError(
        file: path, field: error.field, found: error.found, expected: error.expected)
    }
  }

  /// Reads the key, or creates one for that origin; a key of another origin is refused.
  package static func loadOrCreate(in folder: String, origin: String) throws -> NoteSigner {
    try DurableFile.createFolder(folder)
    let path = path(in: folder)
    if !FileManager.default.fileExists(atPath: path) {
      let signer = try NoteSigner(name: origin, key: .init())
      try DurableFile.write(
        Array((signer.skey + "\n").utf8), to: path, permissions: 0o600, replacing: false)
    }
    let signer = try load(in: folder)
    guard signer.verifier.name == origin else {
      throw LedgerError(
        file: path, field: "origin", found: signer.verifier.name,
        expected: "\(origin); a log never changes its origin")
    }
    return signer
  }
}
