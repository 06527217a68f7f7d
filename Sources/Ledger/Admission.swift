import Corpus
import LedgerWire
import Trace

/// A batch whose header is genuine: all that needs no look at the log has been checked.
struct AdmittedBatch: Sendable {
  let header: BatchHeader
  let signedHeader: [UInt8]
  /// Nil for a void batch, of which the header alone is logged.
  var content: Content?

  struct Content: Sendable {
    let payload: [UInt8]
    let credits: BatchCredits
  }

  /// What identifies the batch besides its agent and sequence.
  var hash: Digest { Digest(sha256: signedHeader) }

  /// What it counts of its agent's quota: the signed header and the payload as sent.
  var byteCount: Int { signedHeader.count + (content?.payload.count ?? 0) }
}

/// Checks of what agents send, without state: any number may run at once.
struct Admission: Sendable {
  let origin: String

  /// The header of a submission, when its agent signed it for this log.
  func admitHeader(of submission: BatchSubmission) throws(LedgerRefusal) -> AdmittedBatch {
    let header: BatchHeader
    do throws(TraceError) {
      header = try BatchHeader.verify(submission.signedHeader)
    } catch {
      let isSignature = error.field.hasSuffix(".signature") || error.field.hasSuffix(".key")
      throw LedgerRefusal(
        isSignature ? .badSignature : .malformed, field: error.field, found: error.found,
        expected: error.expected)
    }
    guard header.origin == origin else {
      throw LedgerRefusal(
        .wrongOrigin, field: "batch.origin", found: header.origin, expected: origin)
    }
    return AdmittedBatch(header: header, signedHeader: submission.signedHeader, content: nil)
  }

  /// The traces of a payload: decoded within limits, each by the header's agent, each with shares
  /// that sum up, and none twice.
  func admitContent(
    _ payload: [UInt8], of header: BatchHeader
  ) throws(LedgerRefusal) -> AdmittedBatch.Content {
    do throws(TraceError) {
      guard header.count <= LedgerLimits.tracesPerBatch else {
        throw TraceError(
          "batch.count", found: "\(header.count)",
          expected: "at most \(LedgerLimits.tracesPerBatch)")
      }
      let credits = try Batch.openCredits(
        payload, expecting: header, maximumBytes: LedgerLimits.contentBytes)
      return AdmittedBatch.Content(payload: payload, credits: credits)
    } catch {
      throw LedgerRefusal(
        .invalidTrace, field: error.field, found: error.found, expected: error.expected)
    }
  }
}
