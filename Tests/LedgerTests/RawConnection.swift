import Foundation

/// A TCP connection on which a test writes whatever it likes.
final class RawConnection: Sendable {
  private let socket: Int32

  struct Failed: Error {}

  init(port: Int) throws {
    socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw Failed() }
    var timeout = timeval(tv_sec: 0, tv_usec: 10_000)
    setsockopt(
      socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(socket) }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    Foundation.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
  }

  /// Sends the text again and again until the other side closes; false when it never does.
  func drip(_ text: String, every pause: Duration, for limit: Duration) async -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
      guard send(text), receive() != nil else { return true }
      try? await Task.sleep(for: pause)
    }
    return false
  }

  /// What arrives within some seconds, up to the first pause.
  func read() async -> String {
    var bytes: [UInt8] = []
    for _ in 0..<500 {
      guard let more = receive() else { break }
      if more.isEmpty, !bytes.isEmpty { break }
      bytes += more
      if more.isEmpty { try? await Task.sleep(for: .milliseconds(10)) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// What has arrived; nil when the connection is closed.
  private func receive() -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(socket, &buffer, buffer.count, 0)
    if count > 0 { return Array(buffer[..<count]) }
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? [] : nil
  }
}
