/// Which witnesses somebody listens to, and how many of them have to have cosigned a checkpoint.
package struct WitnessPolicy: Equatable, Sendable {
  /// A cosignature from further in the future is refused; it leaves room for a clock that is set
  /// to another time zone.
  package static let maximumClockDifference = 86_400

  package let witnesses: [CosignatureVerifier]
  /// How many distinct ones.
  package let quorum: Int

  /// Refuses a witness that is listed twice, under whatever name: an Ed25519 cosignature does not
  /// say whose it is, so that one key would count as two witnesses.
  package init(witnesses: [CosignatureVerifier], quorum: Int) throws(NoteError) {
    for (index, witness) in witnesses.enumerated() {
      let double = witnesses[..<index].first {
        $0.publicKey == witness.publicKey || $0.name == witness.name
      }
      if let double {
        throw NoteError(
          field: "witnesses", found: "\(double.vkey) and \(witness.vkey)",
          expected: "distinct witnesses, each with a name and a key of its own")
      }
    }
    guard quorum >= 1, quorum <= witnesses.count else {
      throw NoteError(
        field: "witness quorum", found: "\(quorum)",
        expected: "1 to \(witnesses.count), the number of witnesses")
    }
    self.witnesses = witnesses
    self.quorum = quorum
  }

  /// Reads the witnesses' vkeys; without a quorum a majority is demanded.
  package init(vkeys: [String], quorum: Int? = nil) throws(NoteError) {
    var witnesses: [CosignatureVerifier] = []
    for vkey in vkeys { witnesses.append(try CosignatureVerifier(vkey: vkey)) }
    try self.init(
      witnesses: witnesses, quorum: quorum ?? Self.majority(of: witnesses.count))
  }

  /// More than half of that many witnesses: two such groups have one in common.
  package static func majority(of count: Int) -> Int { count / 2 + 1 }

  /// Whether enough of the witnesses cosigned; lines of others are not looked at.
  ///
  /// `now` is in seconds since 1970-01-01 UTC. A line in the name of a witness that it did not
  /// sign spoils the whole note, as signed-note recommends.
  package func check(_ note: SignedNote, now: Int) -> WitnessVerdict {
    var (found, missing): ([String], [String]) = ([], [])
    for witness in witnesses {
      switch witness.verify(note) {
      case .absent: missing.append(witness.name)
      case .invalid(let reason): return .invalid(reason: reason)
      case .valid(let cosignature):
        let latest = UInt64(max(0, now)) + UInt64(Self.maximumClockDifference)
        guard cosignature.time <= latest else {
          return .invalid(
            reason: "\(witness.name) dates its cosignature at \(cosignature.time), expected at "
              + "most \(latest), which is a day after this device's clock")
        }
        found.append(witness.name)
      }
    }
    guard found.count < quorum else { return .valid(found) }
    return .invalid(
      reason: "found \(found.count) of the \(quorum) cosignatures that are demanded"
        + " (found: \(list(found)); not found: \(list(missing)))")
  }

  private func list(_ names: [String]) -> String {
    names.isEmpty ? "none" : names.joined(separator: ", ")
  }
}

/// What the check of a checkpoint's cosignatures found.
package enum WitnessVerdict: Equatable, Sendable {
  /// The names of the witnesses that cosigned.
  case valid([String])
  case invalid(reason: String)
}
