import Hummingbird
import LedgerWire
import NIOPosix
import TransparencyLog

extension LedgerRouter {
  /// The static files of the log, as any web server would serve them (C2SP tlog-tiles).
  func addTiles(to router: Router<BasicRequestContext>) {
    let folder = service.store.publicFolder
    router.get("/checkpoint") { request, _ in
      let note = try await read { try folder.readCheckpoint() }
      guard let note else { throw notFound(request, expected: "a log with a checkpoint") }
      return Response.bytes(note, type: "text/plain; charset=utf-8").caching("no-cache")
    }
    router.get("/tile/**") { request, _ in
      guard let path = TilePath(request.uri.path.dropFirst()) else {
        throw notFound(request, expected: "/tile/<L>/<N>[.p/<W>] or /tile/entries/<N>[.p/<W>]")
      }
      let content = try await read { try folder.read(path) }
      guard let content else {
        throw notFound(request, expected: "a tile of the tree that the checkpoint signs")
      }
      return Response.bytes(content, type: "application/octet-stream")
        .caching("public, max-age=31536000, immutable")
    }
  }
}

private func read(_ body: @escaping @Sendable () throws -> [UInt8]?) async throws -> [UInt8]? {
  try await NIOThreadPool.singleton.runIfActive(body)
}

private func notFound(_ request: Request, expected: String) -> LedgerRefusal {
  LedgerRefusal(
    .notFound, field: "path", found: String(request.uri.path.prefix(100)), expected: expected)
}

extension Response {
  fileprivate func caching(_ policy: String) -> Response {
    var response = self
    response.headers[.cacheControl] = policy
    return response
  }
}
