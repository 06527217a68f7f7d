import Answering
import Attribution
import AttributionMethods

/// One passage answers, seven do not: how the methods compare, and what they cost.
struct SingleSourceReport {
  static let documents = 8
  static let owners = 4

  private var shared: [Method: MethodSummary] = [:]
  private var separate: [Method: MethodSummary] = [:]
  private var budgets = BudgetReport()
  private var (asked, quoted, right) = (0, 0, 0)
  private var heldOut: [Double] = []

  init(_ bench: Bench) throws {
    let engine = bench.engine
    for (number, place) in bench.places.enumerated() {
      let item = bench.builder.single(
        place, documents: Self.documents, owners: Self.owners)
      let seed = bench.seed &+ UInt64(number)
      asked += 1
      let answered = try AnsweredItem(item, answerer: engine.answerer)
      guard !answered.answer.isRefusal else { continue }
      quoted += 1
      right += answered.isRight ? 1 : 0
      let run = MethodRun(
        answered: answered, partition: answered.partition, engine: engine, seed: seed)
      let verdicts = try verdicts(run)
      add(verdicts, run, to: \.shared)
      let single = MethodRun(
        answered: answered, partition: Partition(contributorOfDocument: Array(0..<Self.documents)),
        engine: engine, seed: seed)
      add(try self.verdicts(single), single, to: \.separate)
      try budgets.add(single)
    }
  }

  private func verdicts(_ run: MethodRun) throws -> [Method: Verdict] {
    var verdicts: [Method: Verdict] = [:]
    let isShared = run.partition.contributors < run.partition.documents
    // With an owner for each document, some methods are the same as others.
    let methods = Method.allCases.filter { ![.contextCiteOwners, .sampled].contains($0) }
    for method in isShared ? Method.allCases : methods {
      verdicts[method] = try run.verdict(method)
    }
    return verdicts
  }

  /// Coalitions are held out from every method but those that look at all of them.
  private mutating func add(
    _ verdicts: [Method: Verdict], _ run: MethodRun,
    to summaries: WritableKeyPath<SingleSourceReport, [Method: MethodSummary]>
  ) {
    let answered = run.answered
    let all = 1 << run.partition.documents
    let used = verdicts.values.map(\.coalitions).filter { $0.count < all }
    let coalitions = DatamodelingScore.heldOut(
      players: run.partition.documents, excluding: used.reduce([]) { $0.union($1) },
      seed: run.seed)
    heldOut.append(Double(coalitions.count))
    let values = coalitions.map { answered.nats($0) }
    let gold = answered.item.owner(.gold)
    let scores = verdicts.compactMapValues {
      DatamodelingScore.score(weights: $0.documents, coalitions: coalitions, values: values)
    }
    for (method, verdict) in verdicts {
      var summary = self[keyPath: summaries][method] ?? MethodSummary()
      summary.add(verdict, answered, correlation: scores[method])
      if let own = scores[method], let other = scores[.contextCite] {
        summary.advantages.append(own - other)
      }
      let owners = Coalition.everyone(run.partition.contributors).subsets
      summary.ownerCorrelations += [
        DatamodelingScore.score(
          weights: verdict.owners, coalitions: owners,
          values: owners.map { answered.nats(run.partition.documents(of: $0)) })
      ].compactMap { $0 }
      if method.isCausal {
        summary.coalitions.append(Double(verdict.asked ?? verdict.coalitions.count))
      }
      let top = run.partition.unions[verdict.topOwner].members.first ?? 0
      let owner = answered.documents[top].owner
      let isShared = run.partition == answered.partition
      let isGold = isShared ? owner == gold : answered.documents[top].role == .gold
      if answered.isRight && isGold { summary.credited += 1 }
      self[keyPath: summaries][method] = summary
    }
  }
}

// MARK: - Markdown

extension SingleSourceReport {
  var markdown: String {
    """
    ## One source among \(Self.documents - 1) others

    The gold passage and the \(Self.documents - 1) nearest windows by BM25, \(Self.owners) owners \
    drawn at random. \(asked) asked, \(quoted) answered with a quotation, \(right) of them right. \
    Coalitions held out: \(figure(heldOut.min() ?? 0, 0)) to \(figure(heldOut.max() ?? 0, 0)), none \
    of them looked at by a method, but those in brackets look at every coalition.

    \(table(shared))

    ## The same passages, each of an owner of its own

    \(Self.documents) players: exact values look at all \(1 << Self.documents) coalitions; above \
    its limit the library samples.

    \(table(separate))

    \(budgets.markdown)

    """
  }

  private func table(_ summaries: [Method: MethodSummary]) -> String {
    let rows = Method.allCases.compactMap { method in
      summaries[method].map { row(method, $0) }
    }
    return """
      | method | top-1 | LDS | over ContextCite's | LDS of owners | drop, k = 1 | k = 3 | k = 5 | \
      residual | coalitions |
      | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
      \(rows.joined(separator: "\n"))
      """
  }

  private func row(_ method: Method, _ summary: MethodSummary) -> String {
    let looked = summary.coalitions.mean
    let score =
      "\(figure(summary.correlations.mean)) ± \(figure(summary.correlations.standardError))"
    let drops = summary.drops.map { figure($0 / Double(max(1, quoted)), 1) }
    let cells = [
      method.rawValue, figure(Double(summary.credited) / Double(max(1, right))),
      looked == Double(1 << Self.documents) ? "[\(score)]" : score,
      method == .contextCite ? "-" : signed(summary.advantages),
      "[\(figure(summary.ownerCorrelations.mean))]", drops.joined(separator: " | "),
      summary.residuals.isEmpty ? "-" : residual(summary.residuals),
      method.isCausal ? figure(looked, 1) : "0",
    ]
    return "| \(cells.joined(separator: " | ")) |"
  }

  private func signed(_ values: [Double]) -> String {
    (values.mean < 0 ? "" : "+") + "\(figure(values.mean)) ± \(figure(values.standardError))"
  }

  /// 0 stands for 0 micro-nats in every item.
  private func residual(_ values: [Double]) -> String {
    values.allSatisfy { $0 == 0 } ? "0" : figure(values.mean, 2)
  }
}
