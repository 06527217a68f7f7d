import Corpus
import Foundation
import TransparencyLog

/// The witness's signing key: one line of text in `witness.key`, readable for its owner alone.
package enum WitnessKey {
  package static func path(in folder: String) -> String { folder + "/witness.key" }

  /// Reads the key of a data folder; throws `CorpusError` for what is no key.
  package static func load(in folder: String) throws -> CosignatureSigner {
    let path = path(in: folder)
    let text = try PrivateKeyFile.read(path)
    do {
      return try CosignatureSigner(skey: text.trimmingCharacters(in: .newlines))
    } catch {
      throw CorpusError(path, field: error.field, found: error.found, expected: error.expected)
    }
  }

  /// Reads the key, or creates one for that name; a key of another name is refused.
  package static func loadOrCreate(
    in folder: String, name: String
  ) throws -> CosignatureSigner {
    try DurableFile.createFolder(folder)
    let path = path(in: folder)
    if !FileManager.default.fileExists(atPath: path) {
      let signer = try CosignatureSigner(name: name, key: .init())
      try PrivateKeyFile.create(signer.skey + "\n", at: path)
    }
    let signer = try load(in: folder)
    guard signer.verifier.name == name else {
      throw CorpusError(
        path, field: "name", found: signer.verifier.name,
        expected: "\(name); a witness never changes its name")
    }
    return signer
  }
}
