import Corpus
import LedgerWire
import Trace

/// An agent with one batch on its way at most, as real ones have.
struct BenchAgent: Sendable {
  let identity: ContributorIdentity
  private let contributors: [TracePlayer]
  private let shards: [Digest]
  private var sequence = 0
  private var previous = BatchHeader.noPrevious

  init(index: Int, contributors: [ContributorKey]) throws {
    identity = try ContributorIdentity(name: "agent \(index)")
    // Three of them, who differ from agent to agent.
    let first = index % contributors.count
    self.contributors = (0..<3).map { offset in
      TracePlayer(
        contributor: contributors[(first + offset * 7) % contributors.count], name: "contributor",
        sharePPM: [420_000, 230_000, 90_000][offset])
    }
    shards = (0..<3).map { Digest(sha256: Array("shard \((first + $0 * 7) % 50)".utf8)) }
  }

  /// A new batch in the chain; whatever comes of it, the next one follows it.
  mutating func next(origin: String, traces: Int) throws -> [UInt8] {
    let parts = try (0..<traces).map { _ in try trace() }
    let batch = try Batch.seal(
      publicParts: parts, sequence: sequence, previous: previous, origin: origin,
      identity: identity)
    sequence += 1
    previous = batch.hash
    return BatchSubmission(
      signedHeader: batch.signedHeader, payload: traces == 0 ? nil : batch.payload
    ).encode()
  }

  private func trace() throws -> [UInt8] {
    let record = TraceRecord(
      secret: TraceSecret(), engineVersion: 2, model: shards[0], modelName: "reader",
      mode: .independent, question: "question", answer: "answer", players: contributors,
      ownKnowledgePPM: 260_000)
    return try TraceCodec.write(record, identity: identity).publicBytes
  }
}
