/// When the batches that wait are integrated together, under one checkpoint.
package struct Batching: Equatable, Sendable {
  /// The least time between the starts of two integrations that are not full.
  ///
  /// An idle log does not wait: the first batch after a pause of this length is integrated at once,
  /// and those that follow are collected.
  package var interval: Duration
  /// A group of this many batches is integrated at once.
  package var size: Int

  package init(interval: Duration = .milliseconds(250), size: Int = 256) {
    precondition(interval >= .zero && size > 0)
    self.interval = interval
    self.size = size
  }

  /// Groups are what arrived during the last integration.
  package static let immediate = Batching(interval: .zero)
}
