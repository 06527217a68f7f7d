extension WitnessPolicy {
  /// What enough witnesses say about the time of a checkpoint.
  package enum TimeVerdict: Equatable, Sendable {
    /// Seconds since 1970-01-01 UTC.
    case valid(Int)
    case invalid(reason: String)
  }

  /// The time by which as many witnesses as the quorum had cosigned a checkpoint.
  ///
  /// That is the quorum's latest time, so that as long as fewer witnesses than the quorum lie about
  /// theirs, the checkpoint existed then.
  package func time(of note: SignedNote, now: Int) -> TimeVerdict {
    if case .invalid(let reason) = check(note, now: now) { return .invalid(reason: reason) }
    let times = witnesses.compactMap { witness -> Int? in
      guard case .valid(let cosignature) = witness.verify(note) else { return nil }
      return Int(exactly: cosignature.time)
    }.sorted()
    guard times.count >= quorum else {
      return .invalid(reason: "found \(times.count) times of cosignatures, expected \(quorum)")
    }
    return .valid(times[quorum - 1])
  }
}
