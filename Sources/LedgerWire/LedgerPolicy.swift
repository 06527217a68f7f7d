import Corpus
import TransparencyLog

/// How an agent's key gets to be known to a ledger.
package enum AdmissionRule: String, Equatable, Sendable, CaseIterable {
  /// Any key registers.
  case open
  /// With a proof of work.
  case work
  /// With an invitation of the ledger's.
  case invitation
  /// With either of both.
  case workOrInvitation = "work-or-invitation"

  package var takesWork: Bool { self == .work || self == .workOrInvitation }
  package var takesInvitations: Bool { self == .invitation || self == .workOrInvitation }
}

/// What one agent's key may add to the log; batches that are logged already are not counted.
package struct AgentQuotas: Equatable, Sendable {
  /// Leaves in any 3600 seconds; 0 for any number.
  package var leavesPerHour: Int
  /// Bytes of headers and payloads in any 86,400 seconds; 0 for any number.
  package var bytesPerDay: Int
  /// Claims to shards in any 86,400 seconds; 0 for any number.
  package var claimsPerDay: Int

  package init(leavesPerHour: Int = 0, bytesPerDay: Int = 0, claimsPerDay: Int = 0) {
    self.leavesPerHour = leavesPerHour
    self.bytesPerDay = bytesPerDay
    self.claimsPerDay = claimsPerDay
  }

  package static let unlimited = AgentQuotas()
}

/// What a ledger asks of those who write to it.
package struct PolicyTerms: Equatable, Sendable {
  package var admission: AdmissionRule
  package var work: WorkParameters
  package var quotas: AgentQuotas
  package var contests: ContestTerms
  /// The logs among which agents' keys are divided; nil for a ledger of one log.
  package var logShards: LogShards?

  package init(
    admission: AdmissionRule = .open, work: WorkParameters = .standard,
    quotas: AgentQuotas = .unlimited, contests: ContestTerms = ContestTerms(),
    logShards: LogShards? = nil
  ) {
    self.contests = contests
    self.logShards = logShards
    self.admission = admission
    self.work = work
    self.quotas = quotas
  }

  /// Anybody may write as much as they like.
  package static let open = PolicyTerms()
}

/// A ledger's terms as it signs them: the text of a C2SP signed note.
///
/// The same key signs checkpoints. A policy is none: its first line is not the log's origin, and
/// its second line is not a number.
package struct LedgerPolicy: Equatable, Sendable {
  static let firstLine = "tributary-policy/v1"

  package let origin: String
  /// 1 for the log's first terms, and one more with every change.
  package let version: Int
  package let terms: PolicyTerms

  /// One line for each term, after the first three lines.
  package let text: String

  package init(origin: String, version: Int, terms: PolicyTerms) {
    self.origin = origin
    self.version = version
    self.terms = terms
    let lines = [
      Self.firstLine, "origin \(origin)", "version \(version)",
      "admission \(terms.admission.rawValue)", "work \(terms.work)",
      "leaves-per-hour \(terms.quotas.leavesPerHour)",
      "bytes-per-day \(terms.quotas.bytesPerDay)",
      "claims-per-day \(terms.quotas.claimsPerDay)",
    ]
    let shards = terms.logShards.map { [$0.line] } ?? []
    text = (lines + terms.contests.lines + shards).map { $0 + "\n" }.joined()
  }

  /// What a proof of work is bound to: SHA-256 of the text.
  package var digest: Digest { Digest(sha256: Array(text.utf8)) }

  package func sign(by signer: NoteSigner) throws -> SignedNote {
    try SignedNote(text: text, signers: [signer])
  }

  /// Reads a note's text; lines of terms that this program does not know are skipped.
  package init(text: String) throws(NoteError) {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    guard lines.popFirst().map(String.init) == Self.firstLine, lines.count <= 100 else {
      throw NoteError(field: "policy", found: "other text", expected: Self.firstLine)
    }
    var values: [Substring: Substring] = [:]
    for line in lines {
      let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, values.updateValue(parts[1], forKey: parts[0]) == nil else {
        throw NoteError(
          field: "policy", found: "\"\(line.prefix(80))\"",
          expected: "lines of a name and a value, each name once")
      }
    }
    let reader = TermReader(values: values)
    self.text = text
    origin = String(try reader.value("origin"))
    version = try reader.number("version", from: 1)
    let admission = try reader.value("admission")
    guard let rule = AdmissionRule(rawValue: String(admission)) else {
      throw NoteError(
        field: "policy admission", found: "\"\(admission.prefix(80))\"",
        expected: AdmissionRule.allCases.map(\.rawValue).joined(separator: ", "))
    }
    terms = PolicyTerms(
      admission: rule, work: try WorkParameters(text: reader.value("work")),
      quotas: AgentQuotas(
        leavesPerHour: try reader.number("leaves-per-hour", from: 0),
        bytesPerDay: try reader.number("bytes-per-day", from: 0),
        // Policies of the time before claims were logged have no such line.
        claimsPerDay: try reader.optionalNumber("claims-per-day", from: 0) ?? 0),
      contests: try ContestTerms(reader), logShards: try LogShards.read(reader))
  }

  /// The policy of a note, when the log's key signed it and it is that log's.
  package static func verify(
    _ note: SignedNote, by verifier: NoteVerifier
  ) throws(NoteError) -> LedgerPolicy {
    switch note.verify(by: verifier) {
    case .invalid(let reason):
      throw NoteError(
        field: "policy", found: reason, expected: "the signature of \(verifier.vkey)")
    case .valid(let text):
      let policy = try LedgerPolicy(text: text)
      guard policy.origin.utf8.elementsEqual(verifier.name.utf8) else {
        throw NoteError(
          field: "policy origin", found: policy.origin, expected: verifier.name)
      }
      if let shards = policy.terms.logShards, shards.index(of: verifier) == nil {
        throw NoteError(
          field: "policy log-shards", found: "\(shards.count) other logs",
          expected: "\(verifier.vkey) among them")
      }
      return policy
    }
  }
}

/// The values of a policy's lines.
struct TermReader {
  let values: [Substring: Substring]

  func value(_ name: String) throws(NoteError) -> Substring {
    guard let value = values[name[...]], !value.isEmpty else {
      throw NoteError(field: "policy", found: "no \(name)", expected: "one")
    }
    return value
  }

  /// Words with spaces between them; none where there is no such line.
  func list(_ name: String) -> [String] {
    guard let value = values[name[...]] else { return [] }
    return value.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
  }

  func optionalNumber(_ name: String, from least: Int) throws(NoteError) -> Int? {
    values[name[...]] == nil ? nil : try number(name, from: least)
  }

  func number(_ name: String, from least: Int) throws(NoteError) -> Int {
    let text = try value(name)
    guard let number = Int(text), number >= least, String(number) == text else {
      throw NoteError(
        field: "policy \(name)", found: "\"\(text.prefix(40))\"",
        expected: "a number from \(least)")
    }
    return number
  }
}
