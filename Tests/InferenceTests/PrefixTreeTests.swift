import Testing

@testable import Inference

@Suite struct PrefixTreeTests {
  @Test func `every path spells its sequence and shared beginnings are stored once`() {
    let sequences: [[Int32]] = [
      [1, 2, 3, 4], [1, 2, 3, 5, 6], [1, 2], [7], [], [1, 2, 3, 4],
    ]
    let tree = PrefixTree(sequences)
    for (sequence, end) in zip(sequences, tree.ends) {
      #expect(tree.path(to: end).flatMap { Array(tree.nodes[$0].tokens) } == sequence)
    }
    #expect(tree.tokenCount == 7)
    #expect(tree.ends[0] == tree.ends[5])
  }

  @Test func `starts follow the path and descendants their ancestor`() {
    let tree = PrefixTree([[1, 2, 3], [1, 2, 4], [5]])
    #expect(tree.nodes.map(\.start) == [0, 2, 2, 0])
    #expect(tree.nodes.map(\.end) == [3, 2, 3, 4])
    #expect(tree.nodes.map(\.parent) == [nil, 0, 0, nil])
  }
}
