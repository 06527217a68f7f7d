import Hummingbird
import LedgerWire

/// Turns every error into the JSON of a ``LedgerRefusal``; what went wrong inside goes to the log.
struct RefusalMiddleware: RouterMiddleware {
  typealias Context = BasicRequestContext

  let metrics: LedgerMetrics

  func handle(
    _ request: Request, context: Context,
    next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch let refusal as LedgerRefusal {
      return try response(refusal, request, context)
    } catch let error as HTTPError where error.status == .notFound {
      return try response(
        LedgerRefusal(
          .notFound, field: "path", found: "\(request.method) \(request.uri.path)",
          expected: "a path of the API"), request, context)
    } catch let error as HTTPError where error.status.kind == .clientError {
      return try response(
        .malformed("request", error.body ?? error.status.reasonPhrase, "a request of the API"),
        request, context)
    } catch {
      context.logger.error("request failed", metadata: ["error": "\(error)"])
      return try response(
        LedgerRefusal(
          .internal, field: "ledger", found: "a failure", expected: "none; try again later"),
        request, context)
    }
  }

  /// The answer; a refusal is one line of the log, with what tells it from others.
  private func response(
    _ refusal: LedgerRefusal, _ request: Request, _ context: Context
  ) throws -> Response {
    metrics.refused(refusal.error)
    context.logger.info(
      "refused",
      metadata: [
        "kind": "\(refusal.error.rawValue)", "field": "\(refusal.field)",
        "found": "\(refusal.found.onOneLine)", "method": "\(request.method)",
        "path": "\(request.uri.path.prefix(200))",
      ])
    var response = try Response.json(refusal, status: .init(code: refusal.error.httpStatus))
    let wait = refusal.retryAfter ?? (refusal.error == .busy ? 1 : nil)
    if let wait { response.headers[.retryAfter] = String(wait) }
    return response
  }
}

extension String {
  /// Without characters that would let a stranger write lines of their own into the log.
  fileprivate var onOneLine: String {
    String(
      String.UnicodeScalarView(
        unicodeScalars.map { scalar in
          scalar.properties.generalCategory == .control || scalar.properties.isWhitespace
            ? " " : scalar
        }))
  }
}
