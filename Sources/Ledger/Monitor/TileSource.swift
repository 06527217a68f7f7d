import AsyncHTTPClient
import Foundation
import NIOCore
import TransparencyLog

/// A log's static files over HTTP: bounded requests below one prefix.
package struct TileSource: Sendable {
  let prefix: String
  private let http: HTTPClient
  private let timeout: TimeAmount

  /// Runs `body` with a source for the log at `url`, and closes its connections.
  package static func connect<Result: Sendable>(
    to url: String, timeout: TimeAmount = .seconds(30),
    isolation: isolated (any Actor)? = #isolation,
    _ body: (TileSource) async throws -> Result
  ) async throws -> Result {
    guard let prefix = prefix(of: url) else {
      throw MonitorFailure.unreachable("\(url): expected http://HOST[:PORT][/PREFIX] or https")
    }
    // A full bundle of the longest entries is 16 MiB, whatever it is packed as.
    let configuration = HTTPClient.Configuration(
      redirectConfiguration: .follow(max: 3, allowCycles: false),
      timeout: .init(connect: .seconds(10)), decompression: .enabled(limit: .size(17 << 20)))
    let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    do {
      let result = try await body(TileSource(prefix: prefix, http: http, timeout: timeout))
      try await http.shutdown()
      return result
    } catch {
      try await http.shutdown()
      throw error
    }
  }

  /// What stands before the names of a log's files; nil for an address that cannot have any.
  package static func prefix(of url: String) -> String? {
    var prefix = url
    while prefix.hasSuffix("/") { prefix.removeLast() }
    guard let parts = URLComponents(string: prefix), ["http", "https"].contains(parts.scheme),
      parts.host?.isEmpty == false, parts.query == nil, parts.fragment == nil
    else { return nil }
    return prefix
  }

  /// The signed checkpoint, unread.
  func checkpoint() async throws -> [UInt8] {
    guard let note = try await get("checkpoint", maximumBytes: SignedNote.maximumBytes) else {
      throw MonitorFailure.unreachable("\(prefix)/checkpoint: found HTTP status 404, expected 200")
    }
    return note
  }

  /// The hashes of a tile; a full tile stands for a partial one that is gone.
  func hashes(_ path: TilePath) async throws -> [TreeHash] {
    let (path, bytes, width) = try await content(path, bytesPerItem: TreeHash.byteCount)
    return Array(try path.decode(bytes).prefix(width))
  }

  /// The entries of a bundle.
  func entries(_ path: TilePath) async throws -> [[UInt8]] {
    let (path, bytes, width) = try await content(
      path, bytesPerItem: 2 + EntryBundle.maximumEntryBytes)
    return Array(try EntryBundle.decode(bytes, at: path).prefix(width))
  }

  private func content(
    _ path: TilePath, bytesPerItem: Int
  ) async throws -> (path: TilePath, bytes: [UInt8], width: Int) {
    for candidate in path.isPartial ? [path, path.full] : [path] {
      let bytes = try await get("\(candidate)", maximumBytes: candidate.width * bytesPerItem)
      if let bytes { return (candidate, bytes, path.width) }
    }
    throw TileError(
      path, field: "file", found: "none", expected: "a tile of the tree that was signed")
  }

  /// Nil when the server says that there is no such file.
  private func get(_ name: String, maximumBytes: Int) async throws -> [UInt8]? {
    let url = "\(prefix)/\(name)"
    do {
      var request = HTTPClientRequest(url: url)
      request.headers.add(name: "accept-encoding", value: "gzip, identity")
      let response = try await http.execute(request, timeout: timeout)
      switch response.status.code {
      case 200: return Array(buffer: try await response.body.collect(upTo: maximumBytes))
      case 404, 410: return nil
      default:
        throw MonitorFailure.unreachable(
          "\(url): found HTTP status \(response.status.code), expected 200")
      }
    } catch let error as MonitorFailure {
      throw error
    } catch let error as CancellationError {
      throw error
    } catch is NIOTooManyBytesError {
      throw MonitorFailure.damaged("\(url): found more than \(maximumBytes) bytes, expected fewer")
    } catch {
      throw MonitorFailure.unreachable("\(url): \(error)")
    }
  }
}
