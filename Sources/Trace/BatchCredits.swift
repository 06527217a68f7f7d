import Corpus

/// What the traces of a batch earn: all that a ledger keeps of them besides the payload.
package struct BatchCredits: Equatable, Sendable {
  /// A part of an answer that a contributor is credited with.
  package struct Share: Equatable, Sendable {
    /// The place among ``BatchCredits/contributors``.
    package let contributor: Int
    package let sharePPM: Int
  }

  package struct Trace: Equatable, Sendable {
    package let id: TraceID
    /// The places of its shares among ``BatchCredits/shares``.
    package fileprivate(set) var shares: Range<Int>
  }

  /// Those with a share in any of the traces, each once.
  package private(set) var contributors: [ContributorKey] = []
  package private(set) var shares: [Share] = []
  package private(set) var traces: [Trace] = []
  private var places: [ContributorKey: Int] = [:]

  /// So many contributors are looked through before they are looked up.
  private static let few = 8

  init(capacity: Int) {
    traces.reserveCapacity(capacity)
    shares.reserveCapacity(4 * capacity)
  }

  package init(_ traces: [PublicTrace]) {
    self.init(capacity: traces.count)
    for trace in traces {
      begin(trace.id)
      for share in trace.shares {
        share.contributor.bytes.withUnsafeBytes { add($0, sharePPM: share.sharePPM) }
      }
    }
  }

  /// Adds a trace that has no shares yet.
  mutating func begin(_ id: TraceID) {
    traces.append(Trace(id: id, shares: shares.count..<shares.count))
  }

  /// Adds a share to the last trace; the contributor's key has 32 bytes.
  mutating func add(_ contributor: UnsafeRawBufferPointer, sharePPM: Int) {
    shares.append(Share(contributor: place(of: contributor), sharePPM: sharePPM))
    let last = traces.count - 1
    traces[last].shares = traces[last].shares.lowerBound..<shares.count
  }

  private mutating func place(of key: UnsafeRawBufferPointer) -> Int {
    for index in 0..<min(Self.few, contributors.count)
    where contributors[index].bytes.withUnsafeBytes({ isEqual($0, key) }) {
      return index
    }
    guard let key = ContributorKey(bytes: Array(key)) else {
      preconditionFailure("a key of \(key.count) bytes")
    }
    if let place = places[key] { return place }
    places[key] = contributors.count
    contributors.append(key)
    return contributors.count - 1
  }

  private func isEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    stride(from: 0, to: 32, by: 8).allSatisfy {
      left.loadUnaligned(fromByteOffset: $0, as: UInt64.self)
        == right.loadUnaligned(fromByteOffset: $0, as: UInt64.self)
    }
  }
}

extension Batch {
  /// What the traces of a payload earn, with all the checks of ``openTraces``.
  ///
  /// Most payloads are read in one pass over their bytes; ``openTraces`` reads the others, and says
  /// what is wrong with them.
  package static func openCredits(
    _ payload: [UInt8], expecting header: BatchHeader, maximumBytes: Int = maximumPayloadBytes
  ) throws(TraceError) -> BatchCredits {
    let content = try openContent(payload, maximumBytes: maximumBytes)
    if case .tree(let root) = header.contents {
      let credits = content.withUnsafeBytes {
        BatchScanner.scan($0, count: header.count, root: root)
      }
      if let credits { return credits }
    }
    return BatchCredits(
      try traces(of: content, expecting: header, maximumBytes: maximumBytes))
  }
}
