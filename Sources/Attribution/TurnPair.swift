/// The turn of one contributor's documents in a two-level order of all, and in the order backwards.
///
/// The part of an `OrderPair` that tells the contributor's documents apart: it costs their turn alone.
struct TurnPair: Equatable, Sendable {
  /// The documents of the contributors that come before.
  let before: Coalition
  /// Those of the contributors that come after, and so before in the order backwards.
  let after: Coalition
  let documents: [Int]

  init(of contributor: Int, partition: Partition, generator: inout SplitMix64) {
    let order = generator.order(of: partition.contributors)
    before = partition.documents(of: Coalition(order.prefix { $0 != contributor }))
    let union = partition.unions[contributor]
    after = partition.everyDocument.subtracting(before).subtracting(union)
    let members = union.members
    documents = generator.order(of: members.count).map { members[$0] }
  }

  /// The two orders of the documents, each with the coalitions that grow along it.
  var growths: [[Coalition]] {
    [
      prefixes(of: documents).map { before.union($0) },
      prefixes(of: documents.reversed()).map { after.union($0) },
    ]
  }
}

extension DocumentValues {
  /// Owen values from sampled turns, moved alike so that they sum to the contributor's value.
  ///
  /// The standard error has two parts, taken as independent: the spread between the turns of what
  /// tells the documents apart, and their part of the contributor's own error.
  init(
    of union: Coalition, turns: [TurnPair], contributor: Int128, denominator: Int128,
    standardError: Double, table: [Coalition: Int128]
  ) {
    documents = union.members
    let count = Int128(documents.count)
    let perTurn = turns.map { Self.deviations(in: $0, of: union, table: table) }
    let orders = Int128(2 * turns.count)
    values = ExactValues(
      numerators: documents.indices.map { index in
        perTurn.reduce(0) { $0 + $1[index] } * denominator + contributor * orders
      }, denominator: orders * count * denominator)
    let shared = standardError / Double(count)
    standardErrors = documents.indices.map { index in
      let own = meanError(of: perTurn.map { $0[index] }, divisor: 2 * Double(count))
      return (own * own + shared * shared).squareRoot()
    }
  }

  /// For each document its marginals of both orders less the mean of all documents', times the number
  /// of documents.
  private static func deviations(
    in turn: TurnPair, of union: Coalition, table: [Coalition: Int128]
  ) -> [Int128] {
    let members = union.members
    let count = Int128(members.count)
    var marginals: [Int: Int128] = [:]
    for (order, grown) in zip([turn.documents, turn.documents.reversed()], turn.growths) {
      let values = grown.map { table[$0, default: 0] }
      for (step, document) in order.enumerated() {
        marginals[document, default: 0] += values[step + 1] - values[step]
      }
    }
    let sum = marginals.values.reduce(0, +)
    return members.map { marginals[$0, default: 0] * count - sum }
  }
}

/// The standard error of the mean of independent draws, each over `divisor`.
///
/// Only additions, multiplications, divisions and a square root, all correctly rounded, in a fixed
/// order: the same bits on every machine.
func meanError(of sums: [Int128], divisor: Double) -> Double {
  let count = Double(sums.count)
  let total = sums.reduce(0, +)
  // Deviations are taken exactly, times the count, before anything is rounded.
  let squares = sums.reduce(0.0) { partial, sum in
    let deviation = Double(sum * Int128(sums.count) - total) / (divisor * count)
    return partial + deviation * deviation
  }
  return (squares / (count - 1) / count).squareRoot()
}
