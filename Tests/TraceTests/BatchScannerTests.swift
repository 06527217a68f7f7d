import CBOR
import Corpus
import Testing
import TransparencyLog

@testable import Trace

@Suite("A batch read in one pass")
struct BatchScannerTests {
  let agent: ContributorKey
  let traces: [PublicTrace]

  init() throws {
    agent = try TraceSamples.identity().publicKey
    traces =
      try (1...3).map { try PublicTrace.verify(TraceSamples.sealed($0).publicBytes) }
      + [Self.largest(agent), Self.smallest(agent)]
  }

  private static func digests(_ count: Int) -> [Digest] {
    (0..<count).map { Digest(sha256: [UInt8($0)]) }.sorted()
  }

  /// As many of everything as a trace may have.
  private static func largest(
    _ agent: ContributorKey, contributors: Int = PublicTrace.maximumContributors
  ) -> PublicTrace {
    let keys = digests(contributors)
    let shares = keys.enumerated().compactMap { index, key in
      ContributorKey(bytes: key.bytes).map {
        ContributorShare(
          contributor: $0, sharePPM: index * 400,
          standardErrorPPM: index.isMultiple(of: 3) ? index * 1000 : nil)
      }
    }
    return PublicTrace(
      id: TraceSecret().id, agent: agent, created: 3600 * 500_000, engineVersion: 70_000,
      model: keys[0], companions: digests(PublicTrace.maximumCompanions), mode: .joint,
      shardRoots: keys, shares: shares,
      ownKnowledgePPM: 1_000_000 - shares.reduce(0) { $0 + $1.sharePPM }, privateRoot: keys[1])
  }

  /// Nobody caused the answer.
  private static func smallest(_ agent: ContributorKey) -> PublicTrace {
    let digest = Digest(sha256: [])
    return PublicTrace(
      id: TraceSecret().id, agent: agent, created: 0, engineVersion: 0, model: digest,
      companions: [], mode: .independent, shardRoots: [], shares: [], ownKnowledgePPM: 1_000_000,
      privateRoot: digest)
  }

  /// What both readers make of a content; the header names the parts that are in it, if it is CBOR.
  private func read(_ content: [UInt8]) -> (fast: BatchCredits?, careful: BatchCredits?) {
    var parts: [[UInt8]] = []
    if case .array(let items) = try? CBOR.decode(content) {
      for case .bytes(let part) in items { parts.append(part) }
    }
    let root = BatchTree.root(of: parts)
    let header = BatchHeader(
      agent: agent, sequence: 0, previous: BatchHeader.noPrevious, origin: "log",
      contents: .tree(root), count: parts.count, created: 1)
    let careful = try? Batch.traces(of: content, expecting: header, maximumBytes: 1 << 20)
    let fast = content.withUnsafeBytes { BatchScanner.scan($0, count: parts.count, root: root) }
    return (fast, careful.map(BatchCredits.init))
  }

  @Test func `has the credits of the careful reader`() throws {
    for count in 1...traces.count {
      let content = Batch.content(of: traces.prefix(count).map { $0.encode() })
      let (fast, careful) = read(content)
      #expect(fast == careful)
      let credits = try #require(fast)
      for (trace, credited) in zip(traces, credits.traces) {
        #expect(credited.id == trace.id)
        let shares = credits.shares[credited.shares]
        #expect(
          shares.map { credits.contributors[$0.contributor] } == trace.shares.map(\.contributor))
        #expect(shares.map(\.sharePPM) == trace.shares.map(\.sharePPM))
      }
    }
  }

  @Test func `takes the same damaged contents as the careful reader, and no others`() throws {
    // Twenty-five contributors: counts of more than one byte.
    let traces = [traces[0], Self.largest(agent, contributors: 25), Self.smallest(agent)]
    let content = Batch.content(of: traces.map { $0.encode() })
    var taken = 0
    for index in content.indices {
      for value in [content[index] ^ 1, content[index] ^ 0x20, 0xff] {
        var damaged = content
        damaged[index] = value
        let (fast, careful) = read(damaged)
        #expect(fast == careful, "byte \(index) as \(value)")
        if fast != nil { taken += 1 }
      }
    }
    // Hashes may be any bytes, as far as they are not ordered.
    #expect(taken > 100 && taken < 3 * content.count - 100)
    for index in 0..<content.count {
      let (fast, careful) = read(Array(content[..<index]))
      #expect(fast == nil && careful == nil)
    }
  }

  @Test func `refuses one id twice, another count and another root`() throws {
    let parts = traces.map { $0.encode() }
    let (fast, careful) = read(Batch.content(of: parts + [parts[1]]))
    #expect(fast == nil && careful == nil)
    let content = Batch.content(of: parts)
    let root = BatchTree.root(of: parts)
    content.withUnsafeBytes { content in
      #expect(BatchScanner.scan(content, count: parts.count, root: root) != nil)
      #expect(BatchScanner.scan(content, count: parts.count + 1, root: root) == nil)
      #expect(BatchScanner.scan(content, count: parts.count, root: .leaf([])) == nil)
    }
  }
}

@Suite("The root of a small tree")
struct LeafHashesTests {
  @Test(arguments: 0...40) func `is that of a tree which grows leaf by leaf`(_ count: Int) {
    var (leaves, frontier) = (LeafHashes(capacity: 0), Frontier())
    for entry in (0..<count).map({ [UInt8](repeating: UInt8($0), count: $0) }) {
      entry.withUnsafeBytes { leaves.append(entry: $0) }
      _ = frontier.append(.leaf(entry))
    }
    #expect(leaves.root() == frontier.root)
  }
}
