import Logging
import ServiceLifecycle
import TransparencyLog
import Witness

/// Cosigns what a log publishes without being asked, from its static files.
///
/// A log that the witness follows in this way need not know of it; the cosigned checkpoint is at
/// the witness.
package struct WitnessFollower: Service {
  private let service: WitnessService
  private let url: String
  private let interval: Duration
  private let logger: Logger

  package init(service: WitnessService, url: String, interval: Duration, logger: Logger) {
    self.service = service
    self.url = url
    self.interval = interval
    self.logger = logger
  }

  /// Looks at the log at every interval until shutdown; trouble is logged and looked at again.
  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do {
          try await TileSource.connect(to: url) { try await look($0) }
        } catch is CancellationError {
          return
        } catch {
          logger.error("not cosigned: \(url): \(error)")
        }
        try? await Task.sleep(for: interval)
      }
    }
  }

  private func look(_ source: TileSource) async throws {
    let note = try await SignedNote(encoded: source.checkpoint())
    let shown = try Checkpoint(text: note.text)
    let last = try await service.last(of: shown.origin)
    guard last != shown else { return }
    let known = last?.size ?? 0
    guard known <= shown.size else {
      throw MonitorFailure.damaged(
        "the log went back to \(shown.size) entries; \(known) were cosigned here")
    }
    let path = try await source.consistency(from: known, to: shown.size)
    _ = try await service.cosign(AddCheckpointRequest(oldSize: known, path: path, note: note))
    logger.notice("cosigned \(shown.origin) at \(shown.size) entries")
  }
}

extension TileSource {
  /// The proof that a tree continues a smaller one, read from the tiles of the larger.
  func consistency(from old: UInt64, to new: UInt64) async throws -> [TreeHash] {
    guard old > 0, old < new else { return [] }
    // Room for every index of the storage of the tree.
    guard new < 1 << 53 else {
      throw MonitorFailure.damaged("\(prefix)/checkpoint: size: found \(new), expected < 2^53")
    }
    let (old, new) = (Int(old), Int(new))
    var tiles: [TilePath: [UInt8]] = [:]
    // The proof says which tiles it needs; there are at most a few for every eight levels.
    while true {
      let reader = TileHashReader(size: new) { [tiles] path in
        guard let tile = tiles[path] else { throw NeededTile(path: path) }
        return tile
      }
      do {
        return try ConsistencyProof.prove(oldSize: old, newSize: new, reader: reader).path
      } catch let needed as NeededTile {
        tiles[needed.path] = try await hashes(needed.path).flatMap(\.bytes)
      }
    }
  }
}

private struct NeededTile: Error {
  let path: TilePath
}
