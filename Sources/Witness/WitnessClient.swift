import AsyncHTTPClient
import Foundation
import LedgerWire
import NIOCore
import TransparencyLog

/// A witness as a log asks it, over HTTP (C2SP tlog-witness).
package actor WitnessClient {
  /// Why a witness did not cosign.
  package struct Failure: Error, Equatable, CustomStringConvertible {
    package let description: String
  }

  static let maximumAnswerBytes = 65_536

  package nonisolated let url: String
  package nonisolated let verifier: CosignatureVerifier
  private let http: HTTPClient
  /// The size that the witness cosigned last, as far as is known here.
  private var knownSize: UInt64 = 0

  package init(url: String, verifier: CosignatureVerifier, http: HTTPClient) {
    self.url = url
    self.verifier = verifier
    self.http = http
  }

  /// The witness's line for a checkpoint.
  ///
  /// `earlier` is a checkpoint before it: if the witness cosigned that, also for another front end of
  /// the log, it is at its size at least, and need not be asked where it is. `prove` gives the
  /// consistency proof from a size on; it is asked again when the witness says that it is at another
  /// size.
  package func cosign(
    _ note: SignedNote, after earlier: SignedNote? = nil, within limit: Duration,
    prove: @escaping @Sendable (UInt64) async throws -> [TreeHash]
  ) async throws -> SignedNote.Signature {
    let size = try Checkpoint(text: note.text).size
    if let earlier, case .valid = verifier.verify(earlier) {
      knownSize = max(knownSize, try Checkpoint(text: earlier.text).size)
    }
    do {
      return try await withDeadline(limit) { try await self.cosign(note, size, prove) }
    } catch is DeadlineError {
      throw Failure(description: "no answer within \(limit)")
    }
  }

  private func cosign(
    _ note: SignedNote, _ size: UInt64,
    _ prove: @Sendable (UInt64) async throws -> [TreeHash]
  ) async throws -> SignedNote.Signature {
    // The first answer may say where the witness is; another log server may move it meanwhile.
    for _ in 0..<3 {
      let old = knownSize
      guard old <= size else {
        throw Failure(
          description: "it has cosigned a tree of \(old) entries, and this one has \(size): "
            + "was the log rewound?")
      }
      let path = old == 0 || old == size ? [] : try await prove(old)
      let answer = try await post(AddCheckpointRequest(oldSize: old, path: path, note: note))
      switch answer.status {
      case 200:
        let line = try verified(answer.body, note)
        knownSize = size
        return line
      case 409 where answer.type == "text/x.tlog.size":
        knownSize = try self.size(answer.body)
      default:
        throw Failure(
          description: "HTTP \(answer.status): "
            + String(decoding: answer.body.prefix(500), as: UTF8.self))
      }
    }
    throw Failure(description: "its size changed at every request")
  }

  private func size(_ body: [UInt8]) throws -> UInt64 {
    let text = String(decoding: body, as: UTF8.self)
    guard text.hasSuffix("\n"), let size = UInt64(text.dropLast()),
      String(size) == text.dropLast()
    else {
      throw Failure(
        description: "found \"\(text.prefix(40))\" as its size, expected a decimal number")
    }
    return size
  }

  /// The witness's own line among those of its answer; the others are ignored.
  private func verified(_ body: [UInt8], _ note: SignedNote) throws -> SignedNote.Signature {
    for line in try SignedNote.signatures(encoded: body)
    where line.name == verifier.name && line.keyID == verifier.keyID {
      switch verifier.verify(SignedNote(text: note.text, signatures: [line])) {
      case .valid: return line
      case .absent: break
      case .invalid(let reason): throw Failure(description: reason)
      }
    }
    throw Failure(description: "its answer has no cosignature by \(verifier.vkey)")
  }

  private func post(
    _ body: AddCheckpointRequest
  ) async throws -> (status: UInt, type: String?, body: [UInt8]) {
    var request = HTTPClientRequest(url: url + "/add-checkpoint")
    request.method = .POST
    request.headers.add(name: "content-type", value: "text/plain; charset=utf-8")
    request.body = .bytes(ByteBuffer(string: body.encoded))
    let response = try await http.execute(request, timeout: .hours(1))
    let buffer = try await response.body.collect(upTo: Self.maximumAnswerBytes)
    return (
      response.status.code, response.headers.first(name: "content-type"), Array(buffer: buffer)
    )
  }
}
