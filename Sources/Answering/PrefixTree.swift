import Inference

/// Token sequences that share beginnings, so that what they share is computed once.
///
/// Each node is a KV segment of its own that attends to its ancestors. The engine's bits do not
/// depend on where a sequence is cut into segments, so a path gives what the whole sequence would.
struct PrefixTree {
  struct Node: Equatable {
    var tokens: ArraySlice<Int32>
    var parent: Int?
    var start: Int
    /// Ancestors above it; the nodes of one level are computed in one batch.
    var level: Int
  }

  private(set) var nodes: [Node] = []
  /// For each sequence the node at its end, nil for an empty one.
  private(set) var ends: [Int?]

  /// Merges `sequences`; equal ones share their end.
  init(_ sequences: [[Int32]]) {
    ends = Array(repeating: nil, count: sequences.count)
    grow(sequences.indices.map { ($0, sequences[$0][...]) }, parent: nil, start: 0, level: 0)
  }

  /// The nodes from the root to `end`.
  func path(to end: Int?) -> [Int] {
    var path: [Int] = []
    var node = end
    while let current = node {
      path.append(current)
      node = nodes[current].parent
    }
    return path.reversed()
  }

  /// Tokens of all nodes: what is computed instead of the sum of the sequences.
  var tokenCount: Int { nodes.reduce(0) { $0 + $1.tokens.count } }

  /// Adds `sequences`, what is left of them, below `parent`.
  private mutating func grow(
    _ sequences: [(index: Int, rest: ArraySlice<Int32>)], parent: Int?, start: Int, level: Int
  ) {
    var firsts: [Int32] = []
    for (index, rest) in sequences {
      guard let first = rest.first else {
        ends[index] = parent
        continue
      }
      if !firsts.contains(first) { firsts.append(first) }
    }
    for first in firsts {
      let branch = sequences.filter { $0.rest.first == first }
      let shared = Self.sharedCount(branch.map(\.rest))
      nodes.append(
        Node(tokens: branch[0].rest.prefix(shared), parent: parent, start: start, level: level))
      grow(
        branch.map { ($0.index, $0.rest.dropFirst(shared)) }, parent: nodes.count - 1,
        start: start + shared, level: level + 1)
    }
  }

  private static func sharedCount(_ sequences: [ArraySlice<Int32>]) -> Int {
    var count = sequences[0].count
    for sequence in sequences.dropFirst() {
      let same = zip(sequences[0], sequence).prefix { $0.0 == $0.1 }.count
      count = min(count, same)
    }
    return count
  }
}

extension PrefixTree {
  /// Computes every node, level by level, and returns their segments.
  func segments(computedBy model: LanguageModel) throws -> [KVSegment] {
    let segments = nodes.map { model.makeSegment(startPosition: $0.start) }
    let levels = nodes.map(\.level).max().map { $0 + 1 } ?? 0
    for level in 0..<levels {
      let requests = nodes.indices.filter { nodes[$0].level == level }.map { index in
        ForwardRequest(
          tokens: Array(nodes[index].tokens), segment: segments[index],
          attending: path(to: nodes[index].parent).map { segments[$0] }, outputs: .none)
      }
      _ = try model.forward(requests)
    }
    return segments
  }
}
