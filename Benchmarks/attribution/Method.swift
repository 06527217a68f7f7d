import Answering
import Attribution
import AttributionMethods
import BenchmarkSupport

/// The methods that are compared: the rows of the tables.
enum Method: String, CaseIterable {
  case library = "**Shapley (Owen), as `ask` does**"
  case shapley = "Shapley (Owen), exact"
  case sampled = "Shapley, owners sampled"
  case leaveOneOut = "leave-one-out"
  case banzhaf = "Banzhaf, exact"
  case contextCite = "ContextCite-style"
  case contextCiteOwners = "ContextCite-style, owners as sources"
  case cosineWithQuestion = "similarity: cosine with the question"
  case cosineWithAnswer = "similarity: cosine with the answer"
  case bm25 = "similarity: BM25 with the question"

  /// Whether it looks at coalitions at all.
  var isCausal: Bool {
    switch self {
    case .library, .shapley, .sampled, .leaveOneOut, .banzhaf, .contextCite, .contextCiteOwners:
      true
    case .cosineWithQuestion, .cosineWithAnswer, .bm25: false
    }
  }
}

/// What a method says about one answer.
struct Verdict {
  /// By document of the game; in nats, or a similarity.
  let documents: [Double]
  /// By contributor of the game.
  let owners: [Double]
  /// The coalitions that it looked at.
  var coalitions: Set<Coalition> = []
  /// How many it asks for where some of them repeat.
  var asked: Int?
  /// How far the values of all contributors are from v(everyone) - v(nobody), in nats; nil where the
  /// question makes no sense.
  var residual: Double?

  var topOwner: Int { owners.indices.max { (owners[$0], $1) < (owners[$1], $0) } ?? 0 }

  /// The `count` documents of largest value.
  func top(_ count: Int) -> Coalition {
    Coalition(
      documents.indices.sorted { (documents[$1], $0) < (documents[$0], $1) }.prefix(count))
  }
}

/// Applies the methods to an answered item.
struct MethodRun {
  let answered: AnsweredItem
  let partition: Partition
  let engine: Engine
  let seed: UInt64

  /// The library's plan: as it comes, with everybody valued exactly, or with every owner sampled.
  func plan(_ method: Method) -> AttributionPlan {
    let limits =
      switch method {
      case .shapley:
        AttributionPlan.Limits(
          exactPlayers: Game.maximumPlayers, documentCoalitions: .max, smallestPart: nil)
      case .sampled: AttributionPlan.Limits(exactPlayers: 0)
      default: AttributionPlan.Limits()
      }
    return AttributionPlan(partition: partition, seed: seed, limits: limits)
  }

  var contextCite: ContextCite { ContextCite(sources: partition.documents, seed: seed) }

  /// v(everyone), v(nobody), and everyone without each document and each contributor.
  var leaveOneOutCoalitions: [Coalition] {
    let everyone = partition.everyDocument
    let single = everyone.members.map { everyone.removing($0) }
    let unions = partition.unions.map { everyone.subtracting($0) }
    return Set([everyone, .nobody] + single + unions).sorted()
  }

  func verdict(_ method: Method) throws -> Verdict {
    switch method {
    case .library, .shapley, .sampled: try library(plan(method))
    case .leaveOneOut: leaveOneOut
    case .banzhaf: try banzhaf()
    case .contextCite: ablated(contextCite) { Coalition([$0]) }
    case .contextCiteOwners:
      ablated(ContextCite(sources: partition.contributors, seed: seed)) { partition.unions[$0] }
    case .cosineWithQuestion:
      try similarity { try engine.similarity($0, answered.item.question) }
    case .cosineWithAnswer: try similarity { try engine.similarity($0, answered.answer.text) }
    case .bm25:
      similarity {
        engine.lexicon.overlap(
          question: Stems.content(of: answered.item.question), sentence: Stems.content(of: $0))
      }
    }
  }

  /// What the library makes of a plan's coalitions.
  func library(_ plan: AttributionPlan) throws -> Verdict {
    let coalitions = try answered.coalitions(of: plan)
    let influence = try plan.influence(from: answered.values(of: coalitions))
    let sum = influence.contributors.reduce(0) { $0 + $1.shapley }
    let documents = influence.documents.reduce(0) { $0 + $1.owen }
    let residual = max(abs(sum - answered.gain), abs(documents - answered.gain))
    return Verdict(
      documents: influence.documents.map { Double($0.owen) / 1e6 },
      owners: influence.contributors.map { Double($0.shapley) / 1e6 },
      coalitions: Set(coalitions), residual: Double(residual) / 1e6)
  }

  private var leaveOneOut: Verdict {
    let everyone = partition.everyDocument
    func lost(_ removed: Coalition) -> Double {
      answered.nats(everyone) - answered.nats(everyone.subtracting(removed))
    }
    return causal(
      documents: everyone.members.map { lost(Coalition([$0])) },
      owners: partition.unions.map(lost), coalitions: Set(leaveOneOutCoalitions))
  }

  private func banzhaf() throws -> Verdict {
    let documents = try Game(players: partition.documents, table: answered.table)
    let owners = try CoalitionValues(
      Dictionary(uniqueKeysWithValues: documents.values.map { ($0, $1) })
    ).game(of: partition)
    return causal(
      documents: documents.banzhaf().doubles.map { $0 / 1e6 },
      owners: owners.banzhaf().doubles.map { $0 / 1e6 },
      coalitions: Set(partition.everyDocument.subsets))
  }

  /// `source`: the documents of each of the method's sources, which share its weight equally.
  private func ablated(_ method: ContextCite, _ source: (Int) -> Coalition) -> Verdict {
    let coalitions = method.coalitions.map { kept in
      kept.members.reduce(Coalition.nobody) { $0.union(source($1)) }
    }
    let weights = method.weights(
      values: coalitions.map { answered.nats($0) }, answerTokens: answered.answer.answerTokens)
    var documents = [Double](repeating: 0, count: partition.documents)
    for (index, weight) in weights.enumerated() {
      let members = source(index).members
      for member in members { documents[member] = weight / Double(members.count) }
    }
    let logits = [partition.everyDocument, .nobody].map { ContextCite.logit(answered.nats($0)) }
    return Verdict(
      documents: documents, owners: summed(documents), coalitions: Set(coalitions),
      asked: coalitions.count,
      residual: abs(weights.reduce(0, +) - (logits[0] - logits[1])))
  }

  private func causal(
    documents: [Double], owners: [Double], coalitions: Set<Coalition>
  ) -> Verdict {
    Verdict(
      documents: documents, owners: owners, coalitions: coalitions,
      residual: abs(owners.reduce(0, +) - Double(answered.gain) / 1e6))
  }

  /// A contributor is as similar as its most similar document.
  private func similarity(_ score: (String) throws -> Double) rethrows -> Verdict {
    let documents = try answered.documents.map { try score($0.sentences.joined(separator: " ")) }
    return Verdict(
      documents: documents,
      owners: partition.unions.map { $0.members.map { documents[$0] }.max() ?? 0 })
  }

  private func summed(_ documents: [Double]) -> [Double] {
    partition.unions.map { $0.members.reduce(0) { $0 + documents[$1] } }
  }
}
