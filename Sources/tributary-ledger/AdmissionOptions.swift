import ArgumentParser
import LedgerWire

/// What the ledger's signed policy says, as options of `serve`.
struct AdmissionOptions: ParsableArguments {
  @Option(
    help: """
      Which agents are admitted: open (any key), work (for a proof of work), invitation (see \
      'tributary-ledger invite') or work-or-invitation.
      """)
  var admission = AdmissionRule.workOrInvitation

  @Option(
    help: """
      An agent's proof of work takes 2^BITS tries in the mean. 3 takes an agent under a second, \
      once; a ledger that strangers can reach is better off with 6 to 8.
      """)
  var workBits = WorkParameters.standard.bits

  @Option(help: "The memory of one try in MiB, a power of two; agents refuse more than 256.")
  var workMemory = WorkParameters.standard.memory

  @Option(help: "The batches that one agent may add in an hour; 0 for any number.")
  var quotaLeaves = 1000

  @Option(help: "The megabytes (MiB) that one agent may add in 24 hours; 0 for any number.")
  var quotaMegabytes = 256

  @Option(help: "The shards that one contributor may claim in 24 hours; 0 for any number.")
  var quotaClaims = 100

  func validate() throws {
    guard (0...1_000_000).contains(quotaClaims) else {
      throw ValidationError("--quota-claims is \(quotaClaims), expected 0...1000000")
    }
    guard (0...20).contains(workBits) else {
      throw ValidationError("--work-bits is \(workBits), expected 0...20")
    }
    guard (1...1024).contains(workMemory), workMemory & (workMemory - 1) == 0 else {
      throw ValidationError(
        "--work-memory is \(workMemory), expected a power of two from 1 to 1024")
    }
    guard (0...1_000_000_000).contains(quotaLeaves) else {
      throw ValidationError("--quota-leaves is \(quotaLeaves), expected 0...1000000000")
    }
    // One batch of the largest size always fits.
    guard quotaMegabytes == 0 || (2...1_000_000).contains(quotaMegabytes) else {
      throw ValidationError("--quota-megabytes is \(quotaMegabytes), expected 0 or 2...1000000")
    }
  }

  func terms(contests: ContestTerms) throws -> PolicyTerms {
    PolicyTerms(
      admission: admission, work: try WorkParameters(memory: workMemory, bits: workBits),
      quotas: AgentQuotas(
        leavesPerHour: quotaLeaves, bytesPerDay: quotaMegabytes << 20, claimsPerDay: quotaClaims),
      contests: contests)
  }
}

extension AdmissionRule: ExpressibleByArgument {}
