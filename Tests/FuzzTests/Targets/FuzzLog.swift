import CBOR
import Corpus
import Crypto
import LedgerWire
import Trace
import TransparencyLog

/// Decodes CBOR; the encoding is deterministic, so that a value has the bytes that it was read from.
func fuzzCBOR(_ input: [UInt8]) {
  let limits = CBOR.Limits(bytes: 1 << 16, items: 4096, depth: 16)
  guard let value = try? CBOR.decode(input, limits: limits) else { return }
  precondition(value.encode() == input, "one value has two encodings")
}

/// Reads signed notes, checkpoints and keys.
func fuzzNote(_ input: [UInt8]) {
  let text = String(decoding: input, as: UTF8.self)
  if let key = try? NoteVerifier(vkey: text) {
    precondition(key.vkey == text, "one key has two names")
  }
  _ = try? CosignatureVerifier(vkey: text)
  guard let note = try? SignedNote(encoded: input) else { return }
  precondition(Array(note.encoded.utf8) == input, "one note has two encodings")
  if case .valid = Checkpoint.verify(note, by: Keys.stranger.verifier) {
    preconditionFailure("a made-up signature is valid")
  }
  if let checkpoint = try? Checkpoint(text: note.text), !note.text.hasPrefix(checkpoint.text) {
    preconditionFailure("a checkpoint says something else than its note")
  }
}

/// Reads proofs of all kinds and follows their paths, whatever sizes they claim.
func fuzzProof(_ input: [UInt8]) {
  if let proof = try? LogProof(encoded: input) {
    _ = proof.verify(entry: Keys.entry, by: Keys.log.verifier)
    let again = try? LogProof(encoded: Array(proof.encoded.utf8))
    precondition(again == proof, "a proof changes when it is written")
  }
  if let request = try? AddCheckpointRequest(encoded: input) {
    let leaf = TreeHash.leaf(Keys.entry)
    for newSize in [request.oldSize, request.oldSize &+ 1, .max] {
      let growth = ConsistencyProof(
        oldSize: request.oldSize, newSize: newSize, path: request.path)
      _ = growth.check(oldRoot: leaf, newRoot: .emptyTree)
      let inclusion = InclusionProof(
        leafIndex: request.oldSize, treeSize: newSize, path: request.path)
      _ = inclusion.check(leaf: leaf, root: .emptyTree)
    }
  }
  if let proof = try? TraceProof(encoded: input) {
    precondition(proof.encode() == input, "one proof has two encodings")
    _ = try? proof.verify(by: Keys.log.verifier)
  }
}

/// A line with a tile's path, then its bytes.
func fuzzTile(_ input: [UInt8]) {
  let end = input.firstIndex(of: 0x0A) ?? input.count
  let name = String(decoding: input[..<end], as: UTF8.self)
  guard let path = TilePath(name) else { return }
  precondition("\(path)" == name, "one tile has two paths")
  let bytes = Array(input[min(end + 1, input.count)...])
  if path.kind == .entries {
    guard let entries = try? EntryBundle.decode(bytes, at: path) else { return }
    precondition(EntryBundle.encode(entries) == bytes, "one bundle has two encodings")
  } else if let hashes = try? path.decode(bytes) {
    precondition(hashes.flatMap(\.bytes) == bytes, "one tile has two encodings")
  }
}

/// What an agent sends; the first byte says what the rest is.
///
/// Signatures are made here, so that what is behind them is reached.
func fuzzBatch(_ input: [UInt8]) {
  guard let kind = input.first else { return }
  let rest = Array(input.dropFirst())
  // Kept apart, so that the others mean what they meant when the corpora were made.
  if kind == 0xFF { return fuzzClaim(rest) }
  switch kind % 6 {
  case 0:
    guard let submission = try? BatchSubmission.decode(rest) else { return }
    precondition(submission.encode() == rest, "one submission has two encodings")
    _ = try? BatchHeader.verify(submission.signedHeader)
  case 1: _ = try? BatchHeader.verify(signed(rest, BatchHeader.contentType))
  case 2:
    let trace = try? PublicTrace.open(rest, in: Keys.header)
    let content = CBOR.array([.bytes(rest)]).encode()
    let scanned = content.withUnsafeBytes { BatchScanner.scan($0, count: 1, root: .leaf(rest)) }
    precondition(
      scanned == trace.map { BatchCredits([$0]) }, "a trace read in one pass says something else")
  case 3: _ = try? Batch.openTraces(rest, expecting: Keys.header, maximumBytes: 1 << 20)
  case 4:
    _ = try? AgentRegistration.verify(
      signed(rest, AgentRegistration.contentType), origin: "fuzz.example/log")
  default:
    _ = try? ShardRegistration.verify(
      signed(rest, ShardRegistration.contentType), origin: "fuzz.example/log")
  }
}

/// What a contributor sends, and what is kept of it.
private func fuzzClaim(_ input: [UInt8]) {
  let origin = "fuzz.example/log"
  if let claim = try? ShardClaim.decode(input, origin: origin) {
    precondition(claim.encode() == input, "one claim has two encodings")
  }
  if let proof = try? ClaimProof.decode(input) {
    precondition(proof.encode() == input, "one proof of a claim has two encodings")
    _ = try? proof.verify(by: Keys.log.verifier)
  }
  _ = try? ClaimHeader.verify(signed(input, ClaimHeader.contentType), origin: origin)
  _ = try? Contest.verify(signed(input, Contest.contentType), origin: origin)
}

private func signed(_ payload: [UInt8], _ contentType: String) throws -> [UInt8] {
  try COSESign1.sign(payload, contentType: contentType, key: Keys.agent)
}

/// The same keys in every run: what an input does must not depend on chance.
private enum Keys {
  static let agent = key(1)
  static let entry = Array("entry".utf8)

  /// What seeds are signed with.
  static let log = signer(2)
  /// The same name, and nothing is signed with this key.
  static let stranger = signer(3)

  private static func signer(_ seed: UInt8) -> NoteSigner {
    guard let log = try? NoteSigner(name: "fuzz.example/log", key: key(seed)) else {
      preconditionFailure("the name is a good one")
    }
    return log
  }

  static let header: BatchHeader = {
    guard let agent = ContributorKey(bytes: Array(agent.publicKey.rawRepresentation)) else {
      preconditionFailure("a key has 32 bytes")
    }
    return BatchHeader(
      agent: agent, sequence: 0, previous: BatchHeader.noPrevious, origin: "fuzz.example/log",
      contents: .tree(.leaf([])), count: 1, created: 0)
  }()

  private static func key(_ seed: UInt8) -> Curve25519.Signing.PrivateKey {
    guard
      let key = try? Curve25519.Signing.PrivateKey(
        rawRepresentation: [UInt8](repeating: seed, count: 32))
    else { preconditionFailure("any 32 bytes are a key") }
    return key
  }
}

/// Valid inputs of the log's formats.
enum LogSeeds {
  static var cbor: [[UInt8]] {
    let values: [CBOR] = [
      [1: 1, 2: .text("text"), 3: .bytes([1, 2]), 4: [.integer(-5), .bool(true)]],
      .tagged(18, [.bytes([]), [:], .bytes([1]), .bytes([2])]), .integer(Int64.max),
      .text("ä"),
      .array((0..<30).map { CBOR.integer(Int64($0 * 1000)) }),
    ]
    return values.map { $0.encode() }
  }

  static var note: [[UInt8]] {
    [Array(signedNote.encoded.utf8), Array(Keys.log.verifier.vkey.utf8)]
  }

  static var proof: [[UInt8]] {
    let path = (0..<4).map { TreeHash.leaf([UInt8($0)]) }
    let proof = LogProof(leafIndex: 3, path: path, note: signedNote).encoded
    let request = AddCheckpointRequest(oldSize: 5, path: path, note: signedNote)
    let header = try? signed([], BatchHeader.contentType)
    let value: CBOR = [
      1: 1, 2: .bytes(header ?? []), 3: 1, 4: .array(path.map { .bytes($0.bytes) }),
      5: .bytes([1, 2, 3]), 6: .text(proof),
    ]
    return [Array(proof.utf8), Array(request.encoded.utf8), value.encode()]
  }

  static var tile: [[UInt8]] {
    let hash = TreeHash.leaf([]).bytes
    return [
      Array("tile/0/000.p/2\n".utf8) + hash + hash,
      Array("tile/1/x001/x234/067\n".utf8) + (0..<256).flatMap { _ in hash },
      Array("tile/entries/000.p/3\n".utf8) + EntryBundle.encode([[1, 2, 3], [], [4]]),
    ]
  }

  static var batch: [[UInt8]] {
    let key = [UInt8](repeating: 7, count: 32)
    let header: CBOR = [
      1: 2, 2: 0, 3: .bytes(BatchHeader.noPrevious.bytes), 4: .text("fuzz.example/log"),
      5: .bytes(key), 6: 1, 7: 1_790_000_000,
    ]
    let trace: CBOR = [
      1: 1, 2: .bytes(Array(key.prefix(16))), 3: 1_789_999_200, 4: 2, 5: .bytes(key), 6: 0,
      7: [.bytes(key)], 8: [[.bytes(key), 400_000], [.bytes(key.map { $0 + 1 }), 100_000, 5]],
      9: 500_000, 10: .bytes(key), 11: [.bytes(key)],
    ]
    let submission = BatchSubmission(
      signedHeader: (try? signed(header.encode(), BatchHeader.contentType)) ?? [], payload: [1])
    let agent: CBOR = [1: 1, 2: .text("fuzz.example/log"), 3: .text("name")]
    let shard: CBOR = [
      1: 1, 2: .text("fuzz.example/log"), 3: .bytes(key), 4: .text("shard"), 5: .text("name"),
    ]
    let bodies = [submission.encode(), header.encode(), trace.encode(), [], agent.encode()]
    return (bodies + [shard.encode()]).enumerated().map { [UInt8($0.offset)] + $0.element }
      + claims.map { [0xFF] + $0 }
  }

  private static var claims: [[UInt8]] {
    let key = [UInt8](repeating: 7, count: 32)
    let header: CBOR = [
      1: 1, 2: .text("fuzz.example/log"), 3: .bytes(key), 4: .bytes(key),
    ]
    let claim = try? ShardClaim.sign(
      origin: "fuzz.example/log", root: .init(sha256: key), name: "shard",
      documents: [DocumentFingerprint("A text."), DocumentFingerprint("Another text.")],
      identity: ContributorIdentity(name: "name", seed: key))
    let proof = claim.map { claim in
      ClaimProof(
        signedHeader: claim.signedHeader, signedRegistration: claim.signedRegistration,
        proof: LogProof(leafIndex: 3, path: [.leaf([]), .leaf([1])], note: signedNote))
    }
    let contest: CBOR = [
      1: 1, 2: .text("fuzz.example/log"), 3: .bytes(key), 4: .bytes(key.map { $0 + 1 }),
      5: [
        .bytes(claim?.signedHeader ?? []), .bytes(claim?.signedRegistration ?? []),
        .text(proof?.proof.encoded ?? ""),
      ],
    ]
    return [header.encode(), claim?.encode() ?? [], proof?.encode() ?? [], contest.encode()]
  }

  private static var signedNote: SignedNote {
    let checkpoint = Checkpoint(origin: "fuzz.example/log", size: 7, root: .leaf([]))
    guard let note = try? checkpoint.sign(by: Keys.log) else {
      preconditionFailure("a good key signs")
    }
    return note
  }
}
