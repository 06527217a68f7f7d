import Agent
import ArgumentParser
import Corpus
import Foundation
import LedgerSync
import LedgerWire
import TransparencyLog

extension ShardCommand {
  struct Contest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Take back what others registered of your shard, with the receipt of an earlier claim.",
      discussion: """
        The receipt is a file that 'tributary shard register' kept, from this ledger or from a log \
        that it trusts. Without --against everybody is contested who owns the shard's root or one of \
        its documents.
        """)

    @Argument(help: "The shard file.") var file: String
    @Option(help: "The kept receipt of your earlier claim, FILE.LOG.claim.") var receipt: String
    @Option(help: "The root of the shard whose registration is contested.") var against: String?
    @Option(help: "The ledger's address (default: the setting).") var ledger: String?

    func run() async throws {
      let identity = try requireIdentity(in: Home.locate())
      _ = try verified(file, key: identity.publicKey.hex)
      let contested = try against.map { text in
        guard let root = Corpus.Digest(hex: text) else {
          throw ValidationError("--against is '\(text)'; expected 64 hexadecimal digits")
        }
        return root
      }
      var options = AgentOptions()
      options.overrides = { settings in
        if let ledger { try settings.set("ledger", to: ledger) }
      }
      let shard = try ShardFile.open(file, signedBy: identity.publicKey)
      let lines = try await AgentSession(options: options).contest(
        shard, with: receipt, against: contested, identity: identity)
      lines.forEach { print($0) }
    }
  }

  struct CheckClaim: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check-claim",
      abstract: "Check the kept receipt of a claim offline; exit 77 if it does not hold.")

    @Argument(help: "The receipt, FILE.LOG.claim.") var file: String
    @Option(help: "The log's public key (vkey).") var log: String

    func run() throws {
      for line in try ClaimReceipt(path: file).check(log: log) { print(line) }
      print("valid")
    }
  }
}
