/// The nodes of all texts' trees, each of them a request; parents come first.
struct ScoringForest {
  struct Node {
    let tokens: ArraySlice<Int32>
    let position: Int
    /// Shared by the whole tree.
    let attending: [KVSegment]
    let adapters: [LoRAAdapter]
    /// Nodes above it, from the root.
    let ancestors: [Int]
    /// The index after its last descendant.
    let end: Int
    var targets: [Target] = []
  }

  struct Target {
    let row: Int
    let token: Int32
    /// Where the result belongs.
    let sequence: Int
    let index: Int
  }

  private(set) var nodes: [Node] = []

  /// Texts share nodes where tokens, positions, adapters and what they attend to are the same.
  ///
  /// Tokens after a text's last target are left out.
  init(_ sequences: [ScoredSequence]) throws {
    var groups: [[Int]] = []
    var groupOfKey: [Key: Int] = [:]
    for (index, sequence) in sequences.enumerated() {
      try Self.check(sequence)
      guard !sequence.targets.isEmpty else { continue }
      let group = groupOfKey[Key(sequence)] ?? groups.count
      if group == groups.count {
        groupOfKey[Key(sequence)] = group
        groups.append([])
      }
      groups[group].append(index)
    }
    for group in groups { add(group, of: sequences) }
  }

  /// Ranges of nodes of about `tokens` tokens; a node is never cut.
  func batches(of tokens: Int) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var first = 0
    var count = 0
    for (index, node) in nodes.enumerated() {
      if count > 0, count + node.tokens.count > tokens {
        ranges.append(first..<index)
        (first, count) = (index, 0)
      }
      count += node.tokens.count
    }
    if first < nodes.count { ranges.append(first..<nodes.count) }
    return ranges
  }

  private struct Key: Hashable {
    let position: Int
    let attending: [ObjectIdentifier]
    let adapters: [ObjectIdentifier]

    init(_ sequence: ScoredSequence) {
      position = sequence.startPosition
      attending = sequence.attending.map(ObjectIdentifier.init)
      adapters = sequence.adapters.map(ObjectIdentifier.init)
    }
  }

  private static func check(_ sequence: ScoredSequence) throws {
    guard !sequence.tokens.isEmpty else {
      throw InferenceError.invalidRequest("a text has at least one token")
    }
    let count = sequence.tokens.count
    if let target = sequence.targets.first(where: { !(0..<count).contains($0.row) }) {
      throw InferenceError.invalidRequest(
        "row \(target.row) is not one of the text's \(count) tokens")
    }
  }

  private mutating func add(_ group: [Int], of sequences: [ScoredSequence]) {
    let tree = PrefixTree(group.map { sequences[$0].neededTokens })
    let first = nodes.count
    let shared = sequences[group[0]]
    for node in tree.nodes {
      nodes.append(
        Node(
          tokens: node.tokens, position: shared.startPosition + node.start,
          attending: shared.attending, adapters: shared.adapters,
          ancestors: tree.path(to: node.parent).map { first + $0 }, end: first + node.end))
    }
    for (place, sequence) in group.enumerated() {
      let path = tree.path(to: tree.ends[place])
      for (index, target) in sequences[sequence].targets.enumerated() {
        let node = path.last { tree.nodes[$0].start <= target.row } ?? path[0]
        nodes[first + node].targets.append(
          Target(
            row: target.row - tree.nodes[node].start, token: target.token, sequence: sequence,
            index: index))
      }
    }
  }
}

extension ScoredSequence {
  fileprivate var neededTokens: [Int32] {
    Array(tokens.prefix((targets.map(\.row).max() ?? -1) + 1))
  }
}
