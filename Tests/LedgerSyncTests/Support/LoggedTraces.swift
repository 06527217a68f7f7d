import Foundation
import Ledger
import Trace

/// What a stopped ledger has on its disk.
struct LoggedTraces {
  let headers: [[UInt8]]
  let ids: [String]

  init(folder: String) async throws {
    let ledger = try await RunningLedger(reading: folder)
    let contents = try await ledger.contents()
    try await ledger.stop()
    headers = contents.headers
    ids = try zip(contents.headers, contents.payloads).flatMap {
      try Batch.verify(signedHeader: $0, payload: $1).traces.map(\.id.hex)
    }
  }
}
