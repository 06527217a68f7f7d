#if PostgreSQL
  import Foundation
  import Synchronization
  import Testing

  @testable import LedgerPostgreSQL

  /// A PostgreSQL server of its own in a temporary folder, with every commit synced as usual.
  ///
  /// A shell beside it stops it and removes the folder when this process ends, however it ends.
  final class TestPostgreSQL: Sendable {
    struct Problem: Error { let text: String }

    /// Shared by the tests that leave the server as it is.
    static let shared = Result { try TestPostgreSQL() }

    /// Where `initdb` and `pg_ctl` are, which Debian keeps out of the path.
    static let programs: String? = {
      let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
      let versions = (try? FileManager.default.contentsOfDirectory(atPath: debian)) ?? []
      let folders =
        path.split(separator: ":").map(String.init)
        + versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "\(debian)/\($0)/bin" }
      return folders.first { folder in
        ["initdb", "pg_ctl"].allSatisfy {
          FileManager.default.isExecutableFile(atPath: "\(folder)/\($0)")
        }
      }
    }()
    private static let debian = "/usr/lib/postgresql"

    /// In continuous integration a missing server is a failure, elsewhere the tests are skipped.
    static var isExpected: Bool {
      programs != nil || ProcessInfo.processInfo.environment["CI"] != nil
    }

    let folder: String
    /// Orders to the shell, which ends when it is closed, and its answers.
    private let (orders, answers) = (Pipe(), Pipe())
    private let count = Atomic(0)

    init() throws {
      guard let programs = Self.programs else {
        throw Problem(text: "initdb and pg_ctl are missing; run Scripts/setup test")
      }
      // A socket's path has to be short, so the folder is not below a long one.
      folder = "/tmp/tributary-pg-\(UUID().uuidString.prefix(8))"
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: false,
        attributes: [.posixPermissions: 0o755])
      let watch = Process()
      let script = [Self.script, "server", programs, folder, "\(getpid())"]
      if let user = Self.user {
        chown(folder, user.id, user.group)
        watch.executableURL = URL(filePath: "/usr/bin/setpriv")
        watch.arguments =
          ["--reuid=\(user.id)", "--regid=\(user.group)", "--clear-groups", "bash", "-c"] + script
      } else {
        watch.executableURL = URL(filePath: "/bin/bash")
        watch.arguments = ["-c"] + script
      }
      watch.standardInput = orders
      watch.standardOutput = answers
      watch.currentDirectoryURL = URL(filePath: "/")
      try watch.run()
      try expect("ready")
    }

    deinit { try? orders.fileHandleForWriting.close() }

    private func expect(_ word: String) throws {
      let answer = String(decoding: answers.fileHandleForReading.availableData, as: UTF8.self)
      guard answer == word + "\n" else {
        let log = try? String(contentsOfFile: "\(folder)/log", encoding: .utf8)
        throw Problem(text: "PostgreSQL is not \(word): \(answer) \(log ?? "no log")")
      }
    }

    /// Ends the server at once, as a crash does, and starts it again.
    func restartImmediately() throws {
      try orders.fileHandleForWriting.write(contentsOf: Data("immediate\n".utf8))
      try expect("restarted")
    }

    func url(_ name: String) -> String { "postgres://postgres@/\(name)?host=\(folder)" }

    func address(_ name: String = "postgres") throws -> PostgreSQLAddress {
      try PostgreSQLAddress(url(name))
    }

    /// Creates an empty database; returns its name.
    func createDatabase(_ properties: String = "") throws -> String {
      let name = "test\(count.add(1, ordering: .relaxed).newValue)"
      try run("CREATE DATABASE \(name) \(properties)")
      return name
    }

    /// Runs a statement on a connection of its own.
    func run(_ statement: String, in name: String = "postgres") throws {
      try PostgreSQLConnection(address(name), access: .reading, limits: .init()).run(statement)
    }

    /// PostgreSQL refuses to run as root.
    private static var user: (id: uid_t, group: gid_t)? {
      guard getuid() == 0 else { return nil }
      return ["postgres", "nobody"].lazy.compactMap { (name: String) in getpwnam(name) }.first
        .map { ($0.pointee.pw_uid, $0.pointee.pw_gid) }
    }

    /// $1 PostgreSQL's programs, $2 the folder, $3 the process to live as long as.
    private static let script = """
      set -u
      trap '' INT
      data=$2/data
      "$1/initdb" -D "$data" -U postgres -A trust -E UTF8 --no-locale -N >"$2/log" 2>&1 &&
      echo "listen_addresses = ''
      unix_socket_directories = '$2'
      shared_buffers = 16MB
      max_connections = 80" >>"$data/postgresql.conf" &&
      "$1/pg_ctl" -D "$data" -l "$2/log" -w start >>"$2/log" 2>&1 || { echo failed; exit 1; }
      echo ready
      while [ -d "/proc/$3" ]; do
        read -r -t 1 word
        status=$?
        [ $status -gt 128 ] && continue
        [ $status -ne 0 ] && break
        # The server may be up though pg_ctl gave up waiting for it.
        "$1/pg_ctl" -D "$data" -l "$2/log" -m "$word" -w restart >>"$2/log" 2>&1 ||
          "$1/pg_isready" -q -h "$2" && echo restarted || echo failed
      done
      "$1/pg_ctl" -D "$data" -m immediate stop >/dev/null 2>&1
      rm -rf "$2"
      """
  }
#endif
