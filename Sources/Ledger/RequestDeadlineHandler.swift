import NIOCore
import NIOHTTPTypes

/// Closes connections whose requests arrive, or whose answers are taken, too slowly.
///
/// A body that drips in, or an answer that is never read, keeps a connection "active" for ever; an
/// idle time-out does not see it. Heads are bounded by that one, because a head counts only when it
/// is complete.
final class RequestDeadlineHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let deadlines: RequestDeadlines
  /// What is under way has to be over by then.
  private var deadline: NIODeadline?
  /// Looks at the deadline; it is never later than one that is set after it.
  private var timer: Scheduled<Void>?
  private var isReceiving = false
  private var unanswered = 0

  init(_ deadlines: RequestDeadlines) {
    self.deadlines = deadlines
  }

  func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head:
      isReceiving = true
      unanswered += 1
      close(context, after: deadlines.request)
    case .end:
      isReceiving = false
      close(context, after: deadlines.answer)
    case .body: break
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard case .end = unwrapOutboundIn(data) else {
      return context.write(data, promise: promise)
    }
    let written = promise ?? context.eventLoop.makePromise()
    let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    written.futureResult.whenComplete { _ in
      let (handler, context) = loopBound.value
      handler.answered(context)
    }
    context.write(data, promise: written)
  }

  private func answered(_ context: ChannelHandlerContext) {
    unanswered -= 1
    // A request that is arriving has its own deadline already.
    guard !isReceiving else { return }
    deadline = nil
    if unanswered > 0 { close(context, after: deadlines.answer) }
  }

  private func close(_ context: ChannelHandlerContext, after time: TimeAmount) {
    deadline = .now() + time
    if timer == nil { look(context) }
  }

  /// Looks again when the next deadline could be over.
  ///
  /// Timers are not cancelled with every answer: an event loop searches all of its own for that one.
  private func look(_ context: ChannelHandlerContext) {
    timer = nil
    guard let deadline else { return }
    let now = NIODeadline.now()
    guard now < deadline else { return context.close(promise: nil) }
    let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let next = min(deadline, now + min(deadlines.request, deadlines.answer))
    timer = context.eventLoop.scheduleTask(deadline: next) {
      let (handler, context) = loopBound.value
      handler.look(context)
    }
  }
}

/// How long a client may take.
package struct RequestDeadlines: Sendable {
  /// A connection without a request, or before the head of one is complete.
  package var idle = TimeAmount.seconds(30)
  /// From a request's head to the end of its body of at most 1 MiB.
  package var request = TimeAmount.seconds(60)
  /// From there until the answer was taken; the wait for the next integration is in it.
  package var answer = TimeAmount.seconds(120)

  package init() {}
}
