import CBOR
import Crypto

/// A private Ed25519 key with the display name of its owner.
///
/// On disk it is three lines of text with permissions 0600: a format line, `name: ...` and
/// `key: ` with the 64 hexadecimal digits of the seed.
package struct ContributorIdentity: Sendable {
  package let publicKey: ContributorKey
  package let name: String
  package let privateKey: Curve25519.Signing.PrivateKey

  /// Makes an identity in memory; `seed` (32 bytes) fixes the key, nil draws a random one.
  package init(name: String, seed: [UInt8]? = nil) throws {
    if let problem = DisplayText.problem(name, maximumBytes: 100) {
      throw CorpusError("identity", field: "name", found: problem, expected: "a display name")
    }
    self.name = name
    privateKey = try seed.map { try .init(rawRepresentation: $0) } ?? .init()
    publicKey = ContributorKey(privateKey.publicKey)
  }

  /// Signs a bare message (a note, a request); records are signed with `signRecord`.
  package func sign(_ message: [UInt8]) throws -> [UInt8] {
    Array(try privateKey.signature(for: message))
  }

  /// Signs `payload` as a COSE_Sign1 message of this content type.
  package func signRecord(_ payload: [UInt8], contentType: String) throws -> [UInt8] {
    try COSESign1.sign(payload, contentType: contentType, key: privateKey)
  }
}

extension ContributorIdentity {
  private static let formatLine = "tributary-private-key-1"

  /// Reads a key file and refuses one that anybody but its owner may open.
  package static func load(path: String) throws -> ContributorIdentity {
    let text = try PrivateKeyFile.read(path)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 4, lines[0] == formatLine, lines[3].isEmpty,
      lines[1].hasPrefix("name: "), lines[2].hasPrefix("key: "),
      let seed = Hex.decode(String(lines[2].dropFirst(5))), seed.count == 32
    else {
      throw CorpusError(
        path, field: "key file", found: "other content", expected: "the lines of \(formatLine)")
    }
    return try ContributorIdentity(name: String(lines[1].dropFirst(6)), seed: seed)
  }

  /// Writes a new random key to `path` in one step and refuses to replace a file that exists.
  package static func create(path: String, name: String) throws -> ContributorIdentity {
    let identity = try ContributorIdentity(name: name)
    let seed = Hex.encode(identity.privateKey.rawRepresentation)
    let text = "\(formatLine)\nname: \(name)\nkey: \(seed)\n"
    try DurableFile.createFolder(DurableFile.parent(of: path), permissions: 0o700)
    try PrivateKeyFile.create(text, at: path)
    return identity
  }

  /// Reads the key file, or creates it if there is none.
  package static func loadOrCreate(path: String, name: String) throws -> ContributorIdentity {
    do {
      return try load(path: path)
    } catch let error as FileError where error.isMissing {
      do {
        return try create(path: path, name: name)
      } catch let error as FileError where error.isExisting {
        return try load(path: path)  // Another process was faster.
      }
    }
  }

  /// The person's contributor key in `home`.
  package static func load(in home: Home) throws -> ContributorIdentity {
    try load(path: home.contributorKey)
  }

  /// Creates the person's contributor key in `home`.
  package static func create(in home: Home, name: String) throws -> ContributorIdentity {
    try create(path: home.contributorKey, name: name)
  }

  /// The key that signs this agent's traces, created on first use.
  ///
  /// It is not the contributor key, so that the ledger cannot tell what a contributor asks.
  package static func agent(in home: Home) throws -> ContributorIdentity {
    try loadOrCreate(path: home.agentKey, name: "agent")
  }
}
