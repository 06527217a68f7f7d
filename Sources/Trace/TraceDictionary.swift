import Corpus
import Synchronization
import Zstd

/// A trained zstd dictionary that ships with the program, named by its SHA-256.
package struct TraceDictionary: Sendable {
  /// Counts the dictionaries ever shipped; old ones stay, so that old traces stay readable.
  package let version: Int
  package let sha256: Digest
  private let digest: Result<ZstdDictionary, ZstdError>

  private init(version: Int, bytes: [UInt8]) {
    self.version = version
    sha256 = Digest(sha256: bytes)
    digest = Result { () throws(ZstdError) in try ZstdDictionary(bytes) }
  }

  package func digested() throws(ZstdError) -> ZstdDictionary { try digest.get() }

  /// The dictionary that new traces and batches are written with.
  package static let current = TraceDictionary(
    version: 1, bytes: PackageResources.trace_dictionary_v1_zdict)

  /// Every dictionary that can be read, by hash.
  static let known: [Digest: TraceDictionary] = [current.sha256: current]
}
