/// Token sequences that share beginnings, so that what they share is computed once.
///
/// A node is a run of tokens between two forks. The engine's bits do not depend on where a sequence
/// is cut into segments, so the segments of a path give what the whole sequence would.
struct PrefixTree {
  struct Node: Equatable {
    var tokens: ArraySlice<Int32>
    var parent: Int?
    /// Tokens before it on its path.
    var start: Int
    /// The index after its last descendant: descendants follow their ancestor without a gap.
    var end: Int
  }

  private(set) var nodes: [Node] = []
  /// For each sequence the node at its end, nil for an empty one.
  private(set) var ends: [Int?]

  /// Merges `sequences`; equal ones share their end.
  init(_ sequences: [[Int32]]) {
    ends = Array(repeating: nil, count: sequences.count)
    grow(sequences.indices.map { ($0, sequences[$0][...]) }, parent: nil, start: 0)
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
    _ sequences: [(index: Int, rest: ArraySlice<Int32>)], parent: Int?, start: Int
  ) {
    var branches: [[(index: Int, rest: ArraySlice<Int32>)]] = []
    var branchOfToken: [Int32: Int] = [:]
    for (index, rest) in sequences {
      guard let first = rest.first else {
        ends[index] = parent
        continue
      }
      let branch = branchOfToken[first] ?? branches.count
      if branch == branches.count {
        branchOfToken[first] = branch
        branches.append([])
      }
      branches[branch].append((index, rest))
    }
    for branch in branches {
      let shared = Self.sharedCount(branch.map(\.rest))
      let node = nodes.count
      nodes.append(
        Node(tokens: branch[0].rest.prefix(shared), parent: parent, start: start, end: node + 1))
      grow(
        branch.map { ($0.index, $0.rest.dropFirst(shared)) }, parent: node, start: start + shared)
      nodes[node].end = nodes.count
    }
  }

  private static func sharedCount(_ sequences: [ArraySlice<Int32>]) -> Int {
    sequences.dropFirst().reduce(sequences[0].count) { count, sequence in
      min(count, zip(sequences[0], sequence).prefix { $0.0 == $0.1 }.count)
    }
  }
}
