import Hummingbird
import LedgerWire

/// Turns every error into the JSON of a ``LedgerRefusal``; what went wrong inside goes to the log.
struct RefusalMiddleware: RouterMiddleware {
  typealias Context = BasicRequestContext

  func handle(
    _ request: Request, context: Context,
    next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch let refusal as LedgerRefusal {
      return try response(refusal)
    } catch let error as HTTPError where error.status == .notFound {
      return try response(
        LedgerRefusal(
          .notFound, field: "path", found: "\(request.method) \(request.uri.path)",
          expected: "a path of the API"))
    } catch let error as HTTPError where error.status.kind == .clientError {
      return try response(
        .malformed("request", error.body ?? error.status.reasonPhrase, "a request of the API"))
    } catch {
      context.logger.error("request failed", metadata: ["error": "\(error)"])
      return try response(
        LedgerRefusal(
          .internal, field: "ledger", found: "a failure", expected: "none; try again later"))
    }
  }

  private func response(_ refusal: LedgerRefusal) throws -> Response {
    var response = try Response.json(refusal, status: .init(code: refusal.error.httpStatus))
    if refusal.error == .busy { response.headers[.retryAfter] = "1" }
    return response
  }
}
