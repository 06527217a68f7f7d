/// What one synchronisation did, in numbers and in words.
package struct SyncReport: Equatable, Sendable {
  package enum Outcome: String, Equatable, Sendable {
    /// Everything that waited is in the log, with verified receipts.
    case complete
    case nothingToSend
    /// The ledger could not be asked or asked to wait; nothing is lost.
    case later
    /// A receipt, a checkpoint or a key is not to be believed; nothing is marked as done.
    case distrusted
    /// The ledger refuses to go on with this agent.
    case held
    /// Another process of this person is at it.
    case busy
    case dryRun
  }

  package var outcome: Outcome = .nothingToSend
  /// Batches sent, each counted once.
  package var sentBatches = 0
  package var sentBytes = 0
  package var receiptedBatches = 0
  package var receiptedTraces = 0
  package var quarantinedBatches = 0
  package var quarantinedTraces = 0
  /// Traces that still wait here.
  package var waitingTraces = 0
  /// When to try again, in seconds since 1970-01-01 UTC; nil when there is no need.
  package var nextAttempt: Int?
  /// What happened, for people, in order.
  package var sentences: [String] = []
  /// In a dry run: every request that would be made, with its exact body.
  package var requests: [OutgoingRequest] = []

  package init() {}

  /// After sysexits.h: 0, 65 (refused for good), 75 (try later), 77 (a signature or proof).
  package var exitCode: Int32 {
    switch outcome {
    case .complete, .nothingToSend, .dryRun: quarantinedBatches > 0 ? 65 : 0
    case .later, .busy: 75
    case .distrusted: 77
    case .held: 65
    }
  }
}

/// A request as it would leave this device.
package struct OutgoingRequest: Equatable, Sendable {
  package let method: String
  package let url: String
  package let body: [UInt8]
  /// What the request is for.
  package let purpose: String

  package init(method: String, url: String, body: [UInt8], purpose: String) {
    self.method = method
    self.url = url
    self.body = body
    self.purpose = purpose
  }
}

/// Words for numbers of things and for times.
enum Phrase {
  static func count(_ number: Int, _ noun: String) -> String {
    let plural = noun.hasSuffix("h") ? noun + "es" : noun + "s"
    return "\(number) \(number == 1 ? noun : plural)"
  }

  /// `in 5 seconds (02:40:05 UTC)`.
  static func moment(_ time: Int, now: Int) -> String {
    "in \(span(max(0, time - now))) (\(clock(time)) UTC)"
  }

  private static func span(_ seconds: Int) -> String {
    switch seconds {
    case ..<120: count(seconds, "second")
    case ..<7200: count(seconds / 60, "minute")
    default: count(seconds / 3600, "hour")
    }
  }

  private static func clock(_ time: Int) -> String {
    [time / 3600 % 24, time / 60 % 60, time % 60]
      .map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
  }
}
