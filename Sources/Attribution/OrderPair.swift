/// An order of documents and the same order backwards.
///
/// Drawn together because their errors cancel: a game with interactions of at most two players is
/// valued exactly by a single pair.
struct OrderPair: Equatable, Sendable {
  let forward: [Int]

  init(forward: [Int]) {
    self.forward = forward
  }

  /// Orders the contributors, and each contributor's documents within its turn.
  init(twoLevel partition: Partition, generator: inout SplitMix64) {
    var forward: [Int] = []
    for contributor in generator.order(of: partition.contributors) {
      let documents = partition.unions[contributor].members
      forward += generator.order(of: documents.count).map { documents[$0] }
    }
    self.forward = forward
  }

  var orders: [[Int]] { [forward, forward.reversed()] }
}

/// The coalitions that grow along an order, from nobody to everyone in it.
func prefixes(of order: [Int]) -> [Coalition] {
  var grown = Coalition.nobody
  return [grown]
    + order.map { player in
      grown = grown.adding(player)
      return grown
    }
}
