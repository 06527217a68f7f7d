import Corpus
import Foundation
import TransparencyLog

/// The witness's signing key: one line of text in `witness.key`, readable for its owner alone.
package enum WitnessKey {
  package static func path(in folder: String) -> String { folder + "/witness.key" }

  /// Reads the key of a data folder.
  package static func load(in folder: String) throws -> CosignatureSigner {
    let path = path(in: folder)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    let permissions = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
    guard permissions & 0o077 == 0 else {
      throw WitnessError(
        file: path, field: "permissions", found: "0" + String(permissions, radix: 8),
        expected: "0600; run: chmod 600 \(path)")
    }
    let bytes = try DurableFile.read(path, maximumBytes: 4096)
    let text = String(decoding: bytes, as: UTF8.self)
    do {
      return try CosignatureSigner(skey: text.trimmingCharacters(in: .newlines))
    } catch {
      throw WitnessError(
        file: path, field: error.field, found: error.found, expected: error.expected)
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
      try DurableFile.write(
        Array((signer.skey + "\n").utf8), to: path, permissions: 0o600, replacing: false)
    }
    let signer = try load(in: folder)
    guard signer.verifier.name == name else {
      throw WitnessError(
        file: path, field: "name", found: signer.verifier.name,
        expected: "\(name); a witness never changes its name")
    }
    return signer
  }
}
