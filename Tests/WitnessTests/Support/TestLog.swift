import Crypto
import TransparencyLog

/// A log in memory that signs whatever it is told to: copies of it are forks with one key.
struct TestLog: Sendable {
  let signer: NoteSigner
  private var stored = StoredHashes()
  private var frontier = Frontier()
  private(set) var roots: [TreeHash] = [.emptyTree]

  var size: Int { frontier.size }
  var origin: String { signer.verifier.name }

  init(origin: String = "log.example/test", key: Curve25519.Signing.PrivateKey = .init()) throws {
    signer = try NoteSigner(name: origin, key: key)
  }

  mutating func append(_ count: Int, _ word: String = "honest") {
    for _ in 0..<count {
      stored.append(contentsOf: frontier.append(.leaf(Array("\(word) \(size)".utf8))))
      roots.append(frontier.root)
    }
  }

  func appending(_ count: Int, _ word: String = "honest") -> TestLog {
    var copy = self
    copy.append(count, word)
    return copy
  }

  /// The checkpoint of a size, signed; the present size if none is given.
  func checkpoint(_ size: Int? = nil) throws -> SignedNote {
    let size = size ?? self.size
    return try Checkpoint(origin: origin, size: UInt64(size), root: roots[size]).sign(by: signer)
  }

  func path(from old: Int, to new: Int) throws -> [TreeHash] {
    guard old > 0, old < new else { return [] }
    return try ConsistencyProof.prove(oldSize: old, newSize: new, reader: stored).path
  }

  /// The request to cosign a size after an older one.
  func request(from old: Int, to new: Int? = nil) throws -> AddCheckpointRequest {
    let new = new ?? size
    return AddCheckpointRequest(
      oldSize: UInt64(old), path: try path(from: old, to: new), note: try checkpoint(new))
  }
}
