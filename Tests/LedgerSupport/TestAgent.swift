import Corpus
import LedgerWire
import Trace

/// An agent that keeps its own chain of batches and can also break the rules.
package struct TestAgent {
  package static let origin = "test.example/log"

  package let identity: ContributorIdentity
  package var sequence = 0
  package var previous = BatchHeader.noPrevious
  /// A batch that was sent without an answer.
  package var retained: Batch?

  package init(_ name: String = "agent", seed: UInt8? = nil) throws {
    identity = try ContributorIdentity(
      name: name, seed: seed.map { [UInt8](repeating: $0, count: 32) })
  }

  package func registration(
    origin: String = TestAgent.origin, proof: AdmissionProof = .none
  ) throws -> [UInt8] {
    try AgentRegistration.sign(origin: origin, identity: identity, proof: proof)
  }

  /// The signed public part of a trace with these shares in ppm.
  package func trace(
    _ shares: [(ContributorKey, Int)] = [], secret: TraceSecret = TraceSecret()
  ) throws -> [UInt8] {
    let record = TraceRecord(
      secret: secret, engineVersion: 1, model: Digest(sha256: Array("model".utf8)),
      modelName: "none", mode: .independent, question: "question", answer: "answer",
      players: shares.map { TracePlayer(contributor: $0.0, name: "name", sharePPM: $0.1) },
      ownKnowledgePPM: 1_000_000 - shares.reduce(0) { $0 + $1.1 })
    return try TraceCodec.seal(record, identity: identity).publicBytes
  }

  /// The next batch in the chain, without moving on.
  package func batch(_ parts: [[UInt8]], origin: String = TestAgent.origin) throws -> Batch {
    try Batch.seal(
      publicParts: parts, sequence: sequence, previous: previous, origin: origin,
      identity: identity)
  }

  /// The next batch in the chain, and moves on.
  package mutating func next(_ parts: [[UInt8]]) throws -> [UInt8] {
    let batch = try batch(parts)
    advance(past: batch)
    return batch.body
  }

  package mutating func advance(past batch: Batch) {
    sequence = batch.header.sequence + 1
    previous = batch.hash
  }
}

extension Batch {
  /// The body of `POST /v1/batches`.
  package var body: [UInt8] {
    BatchSubmission(signedHeader: signedHeader, payload: payload).encode()
  }

  /// The body that logs the header alone.
  package var voidBody: [UInt8] {
    BatchSubmission(signedHeader: signedHeader, payload: nil).encode()
  }
}

/// The refusal that `body` ends in.
package func refusal(_ body: () async throws -> Void) async throws -> LedgerRefusal? {
  do {
    try await body()
    return nil
  } catch let refusal as LedgerRefusal {
    return refusal
  }
}
