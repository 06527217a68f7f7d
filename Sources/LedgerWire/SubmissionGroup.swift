import CBOR

/// The body of `POST /v1/batches/group`: submissions in the order in which they are to be logged.
///
/// An agent that was away sends what waits in a few requests, and who forwards the batches of many
/// agents needs no request for each. Every submission has its own outcome, as if it had come alone.
package struct SubmissionGroup: Equatable, Sendable {
  package static let contentType = "application/tributary-submissions+cbor"

  package let submissions: [BatchSubmission]

  package init(_ submissions: [BatchSubmission]) {
    self.submissions = submissions
  }

  package func encode() -> [UInt8] { CBOR.array(submissions.map(\.cbor)).encode() }

  /// Reads a body within ``LedgerLimits``.
  package static func decode(_ bytes: [UInt8]) throws(LedgerRefusal) -> SubmissionGroup {
    let value: CBOR
    do {
      let limits = CBOR.Limits(
        bytes: LedgerLimits.submissionBytes, items: 1 + 3 * LedgerLimits.batchesPerRequest, depth: 3
      )
      value = try CBOR.decode(bytes, limits: limits)
    } catch {
      throw LedgerRefusal(error)
    }
    guard case .array(let items) = value, !items.isEmpty else {
      throw LedgerRefusal(
        .malformed, field: "group", found: value.kind, expected: "an array of submissions")
    }
    var submissions: [BatchSubmission] = []
    for (index, item) in items.enumerated() {
      do throws(LedgerRefusal) {
        submissions.append(try BatchSubmission(item))
      } catch {
        throw LedgerRefusal(
          error.error, field: "group[\(index)].\(error.field)", found: error.found,
          expected: error.expected)
      }
    }
    return SubmissionGroup(submissions)
  }

  /// The first of them, as many as one request takes; at least one, if there are any.
  package static func first(of submissions: [BatchSubmission]) -> ArraySlice<BatchSubmission> {
    var bytes = 16
    let end = submissions.prefix(LedgerLimits.batchesPerRequest).firstIndex { submission in
      bytes += submission.signedHeader.count + (submission.payload?.count ?? 0) + 16
      return bytes > LedgerLimits.submissionBytes
    }
    let most = min(submissions.count, LedgerLimits.batchesPerRequest)
    return submissions.prefix(max(min(1, most), end ?? most))
  }
}

/// What became of the submissions of a group, in their order.
package struct GroupMessage: Equatable, Sendable, Codable {
  /// One of both.
  package struct Outcome: Equatable, Sendable, Codable {
    /// The receipt, a C2SP tlog-proof.
    package var proof: String?
    package var refusal: LedgerRefusal?

    package init(proof: String? = nil, refusal: LedgerRefusal? = nil) {
      self.proof = proof
      self.refusal = refusal
    }
  }

  package var outcomes: [Outcome]

  package init(outcomes: [Outcome]) {
    self.outcomes = outcomes
  }
}
