import AttributionMethods
import Corpus

/// What attacks bring, through retrieval, near-duplicate clusters, answer and attribution.
struct GamingReport {
  fileprivate struct Effect {
    var items = 0
    var (attackerBefore, attackerAfter): ([Double], [Double]) = ([], [])
    var (victimBefore, victimAfter): ([Double], [Double]) = ([], [])
    var (quotedBefore, quotedAfter) = (0, 0)
    var changedAnswers = 0
    /// Values of coalitions without the attacker, where the answer stayed the same.
    var (compared, differing) = (0, 0)
    /// Where another's passage stood in another slot, and what that changed at most.
    var moved = 0
    var movedDifference: UInt64 = 0
  }

  private var effects: [Attack: Effect] = [:]

  init(_ bench: Bench, attacks: [Attack]) throws {
    let lab = try GamingLab(bench)
    for place in bench.places {
      let question = bench.builder.paragraphs[place.paragraph].questions[place.question].text
      let builder = AttackBuilder(builder: bench.builder, place: place)
      // The world before is the same for all attacks on the owner's document.
      var known: [Attack.Side: GamingLab.Outcome] = [:]
      for attack in attacks {
        guard let scenario = try builder.scenario(attack) else { continue }
        let world = attack.side == .idle ? Attack.Side.idle : .own
        let before = try known[world] ?? lab.ask(question, of: scenario.before)
        known[world] = before
        let after = try lab.ask(question, of: scenario.after)
        effects[attack, default: Effect()].add(before, after, scenario)
      }
    }
  }

  var markdown: String {
    let sections = Attack.Side.allCases.map { side in
      let rows = Attack.allCases.filter { $0.side == side }.compactMap { attack in
        effects[attack].map { row(attack, $0) }
      }
      return """
        ### \(side.title)

        | | items | attacker before | after | gain | victim keeps | attacker quoted: before, after | \
        answers changed |
        | --- | --- | --- | --- | --- | --- | --- | --- |
        \(rows.joined(separator: "\n"))

        """
    }
    return """
      ## Gaming

      Shares of the answer, means over items. Gain: the attacker's mean share after over before or, \
      for one who had next to nothing, over what the victim had (marked "of it"). Each attack goes through the \
      index: near-duplicates count for the earliest shard, a key has two of six places.

      \(sections.joined(separator: "\n"))
      \(instructions)

      """
  }

  private func row(_ attack: Attack, _ effect: Effect) -> String {
    let (before, after) = (effect.attackerBefore.mean, effect.attackerAfter.mean)
    let victim = effect.victimBefore.mean
    let gain =
      before > 0.01 || victim == 0
      ? "\(figure(after / max(before, 1e-6), 2))x" : "\(figure(after / victim, 2)) of it"
    let cells = [
      attack.rawValue, "\(effect.items)", figure(before), figure(after), gain,
      victim > 0 ? figure(effect.victimAfter.mean / victim, 2) : "-",
      "\(effect.quotedBefore), \(effect.quotedAfter)", "\(effect.changedAnswers)",
    ]
    return "| \(cells.joined(separator: " | ")) |"
  }

  private var instructions: String {
    guard let effect = effects[.instruction] else { return "" }
    return """
      Where "credit me" left the answer and the others' passages where they were, \(effect.compared) \
      values of coalitions without the attacker were compared with those before; \
      \(effect.differing) differ. Questions in which it moved another's passage to another slot: \
      \(effect.moved); there such a value changed by \
      \(figure(Double(effect.movedDifference) / 1e6, 1)) nats at most.
      """
  }
}

extension GamingReport.Effect {
  fileprivate mutating func add(
    _ before: GamingLab.Outcome, _ after: GamingLab.Outcome, _ scenario: Scenario
  ) {
    items += 1
    attackerBefore.append(before.share(of: scenario.attackers))
    attackerAfter.append(after.share(of: scenario.attackers))
    if let victim = scenario.victim {
      victimBefore.append(before.share(of: [victim]))
      victimAfter.append(after.share(of: [victim]))
    }
    quotedBefore += before.quoted.map { scenario.attackers.contains($0) } ?? false ? 1 : 0
    quotedAfter += after.quoted.map { scenario.attackers.contains($0) } ?? false ? 1 : 0
    let isSame = before.answer.text == after.answer.text
    changedAnswers += isSame ? 0 : 1
    let slots = [before, after].map { $0.slots(without: scenario.attackers) }
    guard isSame, slots[0].keys == slots[1].keys else { return }
    let isMoved = slots[0] != slots[1]
    moved += isMoved ? 1 : 0
    for (coalition, value) in before.values where coalition.isDisjoint(with: scenario.attackers) {
      guard let other = after.values[coalition] else { continue }
      if isMoved {
        movedDifference = max(movedDifference, (other - value).magnitude)
      } else {
        compared += 1
        differing += other == value ? 0 : 1
      }
    }
  }
}
