import Hummingbird
import LedgerWire

extension LedgerRouter {
  func addContests(to group: RouterGroup<BasicRequestContext>) {
    let service = service
    group.post("/contests") { request, _ in
      let body = try await request.bytes(maximum: Contest.maximumBytes)
      return try Response.json(try await service.contest(body))
    }
    group.get("/contests") { request, _ in
      try service.checkRegistry("contest")
      let count = try request.optionalNumber("limit") ?? ContestPage.maximumCount
      guard (1...ContestPage.maximumCount).contains(count) else {
        throw LedgerRefusal.malformed("limit", "\(count)", "1 to \(ContestPage.maximumCount)")
      }
      return try Response.json(
        try await service.store.contests(
          from: request.optionalNumber("from") ?? 0, count: count))
    }
    group.get("/contests/:index") { _, context in
      try service.checkRegistry("contest")
      return try Response.json(try await service.store.contest(context.index()))
    }
    group.get("/contests/:index/record") { _, context in
      try service.checkRegistry("contest")
      return Response.cbor(try await service.store.contestRecord(context.index()))
    }
  }
}

extension Request {
  fileprivate func optionalNumber(_ name: String) throws -> Int? {
    try uri.queryParameters[Substring(name)] == nil ? nil : number(name)
  }
}
