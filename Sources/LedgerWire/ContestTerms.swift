import TransparencyLog

/// How ownership may be contested, and whose word on the time of a claim is taken.
package struct ContestTerms: Equatable, Sendable {
  /// Seconds in which a registration, or a contest that was won, may be contested; 0 for never.
  package var window: Int
  /// Logs whose claims are proof, besides the ledger's own.
  package var logs: [NoteVerifier]
  /// Whose cosignatures say when those logs had a claim; nil without such logs.
  package var witnesses: WitnessPolicy?

  /// 14 days.
  package static let standardWindow = 14 * 86_400

  package init(
    window: Int = standardWindow, logs: [NoteVerifier] = [], witnesses: WitnessPolicy? = nil
  ) {
    self.window = window
    self.logs = logs
    self.witnesses = witnesses
  }

  /// The lines of a policy, each a name and a value.
  var lines: [String] {
    var lines = ["contest-seconds \(window)"]
    if !logs.isEmpty { lines.append("contest-logs \(list(logs.map(\.vkey)))") }
    if let witnesses {
      lines.append("contest-witnesses \(list(witnesses.witnesses.map(\.vkey)))")
      lines.append("contest-quorum \(witnesses.quorum)")
    }
    return lines
  }

  private func list(_ vkeys: [String]) -> String { vkeys.joined(separator: " ") }

  /// Reads the lines; policies of the time before there were contests have none.
  init(_ reader: TermReader) throws(NoteError) {
    window = try reader.optionalNumber("contest-seconds", from: 0) ?? 0
    logs = []
    for vkey in reader.list("contest-logs") { logs.append(try NoteVerifier(vkey: vkey)) }
    let vkeys = reader.list("contest-witnesses")
    witnesses =
      vkeys.isEmpty
      ? nil : try WitnessPolicy(vkeys: vkeys, quorum: reader.number("contest-quorum", from: 1))
  }
}
