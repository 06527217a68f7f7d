import Foundation
import LedgerTestSupport
import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// A peer made of bare sockets, which need not keep to HTTP or to anything else.
final class HostileServer: Sendable {
  /// What to do with one request.
  enum Reaction: Sendable {
    /// Sends these bytes and waits for the next request.
    case bytes([UInt8])
    /// Sends bytes one at a time, so slowly that no reasonable client waits.
    case drip([UInt8], every: Duration)
    /// Says nothing until the client goes away.
    case silence
    /// Closes the connection.
    case hangUp
  }

  private struct State {
    var requests: [[UInt8]] = []
    var isStopped = false
  }

  private let listener: Int32
  let port: Int
  private let state = Mutex(State())
  private let react: @Sendable ([UInt8]) -> Reaction

  var url: String { "http://127.0.0.1:\(port)" }
  /// Every request that arrived, as its bytes.
  var requests: [[UInt8]] { state.withLock { $0.requests } }

  init(_ react: @escaping @Sendable ([UInt8]) -> Reaction) throws {
    self.react = react
    (listener, port) = try Sockets.listen()
    let thread = Thread { [self] in acceptAll() }
    thread.start()
  }

  func stop() {
    state.withLock { $0.isStopped = true }
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private func acceptAll() {
    while true {
      let connection = accept(listener, nil, nil)
      guard connection >= 0 else { return }
      Thread { [self] in serve(connection) }.start()
    }
  }

  private func serve(_ connection: Int32) {
    defer { close(connection) }
    while let request = Sockets.readMessage(connection) {
      state.withLock { $0.requests.append(request) }
      switch react(request) {
      case .bytes(let bytes):
        guard Sockets.write(connection, bytes) else { return }
      case .drip(let bytes, let pause):
        for byte in bytes {
          guard Sockets.write(connection, [byte]) else { return }
          usleep(UInt32(pause.components.attoseconds / 1_000_000_000_000))
        }
      case .silence: Sockets.waitForEnd(connection)
      case .hangUp: return
      }
    }
  }
}

extension HostileServer {
  /// An HTTP answer with a body.
  static func answer(
    _ status: Int, _ body: [UInt8] = [], headers: [String] = []
  ) -> Reaction {
    let head =
      ["HTTP/1.1 \(status) X", "content-length: \(body.count)"] + headers + ["", ""]
    return .bytes(Array(head.joined(separator: "\r\n").utf8) + body)
  }

  static func answer(_ status: Int, _ body: String, headers: [String] = []) -> Reaction {
    answer(status, Array(body.utf8), headers: headers)
  }
}

/// Blocking TCP on the loopback interface.
enum Sockets {
  struct Failure: Error { let call: String }

  static func listen() throws -> (descriptor: Int32, port: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, length) == 0 && Glibc.listen(descriptor, 16) == 0
          && getsockname(descriptor, address, &length) == 0
      }
    }
    guard bound else { throw Failure(call: "listen") }
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
  }

  static func connect(port: Int) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, length) == 0
      }
    }
    if connected { return descriptor }
    close(descriptor)
    return nil
  }

  /// One HTTP message: the head and as many bytes as its content length says; nil at the end.
  static func readMessage(_ descriptor: Int32) -> [UInt8]? {
    var message: [UInt8] = []
    var expected: Int?
    while true {
      if expected == nil, let end = endOfHead(message) {
        expected = end + contentLength(String(decoding: message[..<end], as: UTF8.self))
      }
      if let expected, message.count >= expected { return message }
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      message += buffer[..<count]
    }
  }

  static func write(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  static func waitForEnd(_ descriptor: Int32) {
    var buffer = [UInt8](repeating: 0, count: 1 << 12)
    while recv(descriptor, &buffer, buffer.count, 0) > 0 {}
  }

  private static func endOfHead(_ bytes: [UInt8]) -> Int? {
    guard bytes.count >= 4 else { return nil }
    for index in 3..<bytes.count
    where bytes[index] == 10 && bytes[index - 1] == 13 && bytes[index - 2] == 10 {
      return index + 1
    }
    return nil
  }

  private static func contentLength(_ head: String) -> Int {
    for line in head.split(separator: "\r\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2, parts[0].lowercased() == "content-length" {
        return Int(parts[1].trimmingCharacters(in: .whitespaces)) ?? 0
      }
    }
    return 0
  }
}

/// Short names: the runner prints arguments, and some are megabytes.
extension HostileServer.Reaction: CustomTestStringConvertible {
  var testDescription: String {
    switch self {
    case .bytes(let bytes):
      "\(bytes.count) bytes, \(String(decoding: bytes.prefix(40), as: UTF8.self).debugDescription)"
    case .drip(let bytes, let pause): "\(bytes.count) bytes, one every \(pause)"
    case .silence: "silence"
    case .hangUp: "hanging up"
    }
  }
}
