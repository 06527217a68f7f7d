import Corpus
import Crypto
import Foundation

/// SHA-256 of files, read in pieces.
package enum FileDigest {
  package static func sha256(_ path: String) throws -> Corpus.Digest {
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? file.close() }
    var hash = SHA256()
    while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(data: piece) }
    guard let digest = Corpus.Digest(bytes: Array(hash.finalize())) else {
      preconditionFailure("SHA-256 has 32 bytes")
    }
    return digest
  }
}
