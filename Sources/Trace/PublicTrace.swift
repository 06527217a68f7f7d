import CBOR
import Corpus

/// The part of a trace that leaves the device: credits, and a commitment to everything else.
package struct PublicTrace: Equatable, Sendable {
  package static let contentType = "application/tributary-trace+cbor"
  package static let formatVersion = 1
  package static let maximumBytes = 16 << 10
  package static let maximumContributors = 64
  static let maximumCompanions = 8

  package var id: TraceID
  /// The key that signed; it stands in the protected header of the signed message.
  package var agent: ContributorKey
  /// Seconds since 1970-01-01 UTC, rounded down to the hour; the exact time stays private.
  package var created: Int
  package var engineVersion: Int
  /// SHA-256 of the model file.
  package var model: Digest
  /// SHA-256 of the other files that decide the values, such as the embedding model.
  package var companions: [Digest]
  package var mode: ContextMode
  /// The shards whose chunks were in the prompt, ascending, each once.
  package var shardRoots: [Digest]
  /// Ascending by key, each contributor once.
  package var shares: [ContributorShare]
  /// What no source caused; with the shares exactly 1,000,000.
  package var ownKnowledgePPM: Int
  /// The root over the salted private leaves.
  package var privateRoot: Digest
}

/// How the chunks stood to each other in the prompt.
package enum ContextMode: String, Sendable, CaseIterable {
  case independent, joint

  var code: Int { self == .independent ? 0 : 1 }
  init?(code: Int) {
    guard (0...1).contains(code) else { return nil }
    self = code == 0 ? .independent : .joint
  }
}

/// The information share of one contributor in an answer.
package struct ContributorShare: Equatable, Sendable {
  package var contributor: ContributorKey
  /// Parts per million of the answer's surprise that this contributor removed.
  package var sharePPM: Int
  /// Of a sampled value; nil if the value is exact.
  package var standardErrorPPM: Int?

  package init(contributor: ContributorKey, sharePPM: Int, standardErrorPPM: Int? = nil) {
    self.contributor = contributor
    self.sharePPM = sharePPM
    self.standardErrorPPM = standardErrorPPM
  }
}

extension PublicTrace {
  /// Signs the public part; `identity` must be the agent.
  func sign(by identity: ContributorIdentity) throws -> [UInt8] {
    try identity.signRecord(encode(), contentType: Self.contentType)
  }

  /// Decodes the signed public part of a trace and checks its signature and its arithmetic.
  ///
  /// With `agent` a trace of any other agent is refused.
  package static func verify(
    _ bytes: [UInt8], agent: ContributorKey? = nil
  ) throws(TraceError) -> PublicTrace {
    let message: COSESign1
    do throws(COSESign1.Failure) {
      message = try COSESign1.decode(bytes, maximumBytes: maximumBytes)
      try message.check(contentType: contentType, publicKey: agent?.bytes)
    } catch {
      throw TraceError(error, in: "public")
    }
    return try decode(message.payload, signedBy: message.publicKey)
  }

  /// Decodes a part of a batch and checks its arithmetic; in batches of version 1 parts have a
  /// signature, which is checked, and in later ones the header's stands for them.
  package static func open(
    _ part: [UInt8], in header: BatchHeader
  ) throws(TraceError) -> PublicTrace {
    switch header.contents {
    case .hash: return try verify(part, agent: header.agent)
    case .tree: return try decode(part, signedBy: header.agent.bytes)
    }
  }

  /// What a signed public part says, as it stands in a batch.
  static func withoutSignature(_ signed: [UInt8]) throws(TraceError) -> [UInt8] {
    do throws(COSESign1.Failure) {
      return try COSESign1.decode(signed, maximumBytes: maximumBytes).payload
    } catch {
      throw TraceError(error, in: "public")
    }
  }

  private static func decode(
    _ payload: [UInt8], signedBy agent: [UInt8]
  ) throws(TraceError) -> PublicTrace {
    do throws(CBORError) {
      return try decode(payload, agent: agent)
    } catch {
      throw TraceError(error, in: "public")
    }
  }

  func encode() -> [UInt8] {
    let value: CBOR = [
      1: .integer(Self.formatVersion),
      2: .bytes(id.bytes),
      3: .integer(created),
      4: .integer(engineVersion),
      5: .bytes(model.bytes),
      6: .integer(mode.code),
      7: .array(shardRoots.map { .bytes($0.bytes) }),
      8: .array(shares.map(\.cbor)),
      9: .integer(ownKnowledgePPM),
      10: .bytes(privateRoot.bytes),
      11: .array(companions.map { .bytes($0.bytes) }),
    ]
    return value.encode()
  }

  private static func decode(_ payload: [UInt8], agent: [UInt8]) throws(CBORError) -> PublicTrace {
    let limits = CBOR.Limits(bytes: maximumBytes, items: 1024, depth: 4)
    var fields = try CBORFields(decoding: payload, record: "public", limits: limits)
    _ = try fields.int(1, "format version", formatVersion...formatVersion)
    guard let id = TraceID(bytes: try fields.bytes(2, "id", count: 16)),
      let agent = ContributorKey(bytes: agent)
    else { throw fields.error("id", found: "another length", expected: "16 bytes") }
    let created = try fields.int(3, "created")
    guard created.isMultiple(of: 3600) else {
      throw fields.error("created", found: "\(created)", expected: "a whole hour")
    }
    var trace = PublicTrace(
      id: id, agent: agent, created: created,
      engineVersion: try fields.int(4, "engine version"),
      model: try fields.digest(5, "model"),
      companions: [],
      mode: try fields.mode(6),
      shardRoots: try fields.roots(7),
      shares: try fields.shares(8),
      ownKnowledgePPM: try fields.int(9, "own knowledge", 0...1_000_000),
      privateRoot: try fields.digest(10, "private root"))
    trace.companions = try fields.companions(11)
    try fields.finish()
    try trace.checkSum(fields)
    return trace
  }

  private func checkSum(_ fields: CBORFields) throws(CBORError) {
    let sum = shares.reduce(ownKnowledgePPM) { $0 + $1.sharePPM }
    guard sum == 1_000_000 else {
      throw fields.error(
        "shares", found: "a sum of \(sum) ppm with own knowledge", expected: "1000000 ppm")
    }
  }
}

extension ContributorShare {
  fileprivate var cbor: CBOR {
    let exact: [CBOR] = [.bytes(contributor.bytes), .integer(sharePPM)]
    return .array(exact + (standardErrorPPM.map { [.integer($0)] } ?? []))
  }
}

extension CBORFields {
  fileprivate mutating func mode(_ key: Int64) throws(CBORError) -> ContextMode {
    let code = try int(key, "mode", 0...1)
    guard let mode = ContextMode(code: code) else {
      throw error("mode", found: "\(code)", expected: "0 or 1")
    }
    return mode
  }

  fileprivate mutating func companions(_ key: Int64) throws(CBORError) -> [Digest] {
    var companions: [Digest] = []
    for item in try array(key, "companions", maximumCount: PublicTrace.maximumCompanions) {
      guard case .bytes(let bytes) = item, let digest = Digest(bytes: bytes) else {
        throw error("companions", found: item.kind, expected: "32 bytes")
      }
      companions.append(digest)
    }
    return companions
  }

  fileprivate mutating func roots(_ key: Int64) throws(CBORError) -> [Digest] {
    var roots: [Digest] = []
    for item in try array(key, "shard roots", maximumCount: PublicTrace.maximumContributors) {
      guard case .bytes(let bytes) = item, let root = Digest(bytes: bytes) else {
        throw error("shard roots", found: item.kind, expected: "32 bytes")
      }
      if let last = roots.last, last >= root {
        throw error("shard roots", found: "\(root) out of order", expected: "each once, ascending")
      }
      roots.append(root)
    }
    return roots
  }

  fileprivate mutating func shares(_ key: Int64) throws(CBORError) -> [ContributorShare] {
    var shares: [ContributorShare] = []
    for item in try array(key, "shares", maximumCount: PublicTrace.maximumContributors) {
      let share = try share(item)
      if let last = shares.last, last.contributor >= share.contributor {
        throw error(
          "shares", found: "\(share.contributor) out of order", expected: "each once, ascending")
      }
      shares.append(share)
    }
    return shares
  }

  private func share(_ item: CBOR) throws(CBORError) -> ContributorShare {
    guard case .array(let parts) = item, (2...3).contains(parts.count),
      case .bytes(let bytes) = parts[0], let key = ContributorKey(bytes: bytes),
      let share = parts[1].integer, (0...1_000_000).contains(share),
      parts.count == 2 || (0...1_000_000).contains(parts[2].integer ?? -1)
    else {
      throw error("shares", found: item.kind, expected: "[key, 0...1000000, standard error?]")
    }
    return ContributorShare(
      contributor: key, sharePPM: Int(share),
      standardErrorPPM: parts.count == 3 ? parts[2].integer.map(Int.init) : nil)
  }
}
