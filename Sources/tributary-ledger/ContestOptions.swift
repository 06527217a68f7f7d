import ArgumentParser
import Ledger
import LedgerWire
import TransparencyLog

/// Who may take ownership back, and with what proof, as options of `serve`.
struct ContestOptions: ParsableArguments {
  @Option(
    help: """
      Days in which the registration of a shard, or a contest that was won, may be contested; 0 for \
      no contests.
      """)
  var contestDays = ContestTerms.standardWindow / 86_400

  @Option(
    help: """
      A log's public key (vkey) whose claims are proof in a contest; may be repeated. Claims of this \
      log always are.
      """)
  var trustLog: [String] = []

  @Option(
    help: """
      A witness's public key (vkey) whose cosignatures say when those logs had a claim; may be \
      repeated. Without it the witnesses of --witness.
      """)
  var trustWitness: [String] = []

  @Option(help: "How many of those witnesses have to have cosigned; without it a majority.")
  var trustQuorum: Int?

  func validate() throws {
    guard (0...36_500).contains(contestDays) else {
      throw ValidationError("--contest-days is \(contestDays), expected 0...36500")
    }
    guard trustLog.count <= 32, trustWitness.count <= 32 else {
      throw ValidationError(
        "at most 32 times --trust-log and --trust-witness, the policy lists all")
    }
  }

  /// The terms; `witnesses` are those of --witness.
  func terms(witnesses own: [String]) throws -> ContestTerms {
    var terms = ContestTerms(window: contestDays * 86_400)
    do throws(NoteError) {
      for vkey in trustLog { terms.logs.append(try NoteVerifier(vkey: vkey)) }
      guard !terms.logs.isEmpty else { return terms }
      var vkeys = trustWitness
      if vkeys.isEmpty {
        for text in own { vkeys.append(try Witnesses.Settings.read(text).verifier.vkey) }
      }
      guard !vkeys.isEmpty else {
        throw NoteError(
          field: "trusted witnesses", found: "none",
          expected: "--trust-witness VKEY: a log does not say when it was signed, its witnesses do")
      }
      terms.witnesses = try WitnessPolicy(vkeys: vkeys, quorum: trustQuorum)
    } catch {
      try fail("--trust-log: \(error)", Exit.usage)
    }
    return terms
  }
}
