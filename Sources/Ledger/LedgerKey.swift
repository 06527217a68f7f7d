import Corpus
import Crypto
import Foundation
import TransparencyLog

/// The log's signing key: one line of text in `log.key`, readable for its owner alone.
package enum LedgerKey {
  package static func path(in folder: String) -> String { folder + "/log.key" }

  /// Reads the key of a data folder; throws `CorpusError` for what is no key.
  package static func load(in folder: String) throws -> NoteSigner {
    let path = path(in: folder)
    let text = try PrivateKeyFile.read(path)
    do {
      return try NoteSigner(skey: text.trimmingCharacters(in: .newlines))
    } catch {
      throw CorpusError(path, field: error.field, found: error.found, expected: error.expected)
    }
  }

  /// Reads the key, or creates one for that origin; a key of another origin is refused.
  package static func loadOrCreate(in folder: String, origin: String) throws -> NoteSigner {
    try DurableFile.createFolder(folder)
    let path = path(in: folder)
    if !FileManager.default.fileExists(atPath: path) {
      let signer = try NoteSigner(name: origin, key: .init())
      try PrivateKeyFile.create(signer.skey + "\n", at: path)
    }
    let signer = try load(in: folder)
    guard signer.verifier.name == origin else {
      throw CorpusError(
        path, field: "origin", found: signer.verifier.name,
        expected: "\(origin); a log never changes its origin")
    }
    return signer
  }
}
