import Foundation
import GGUF
import Kernels

/// The packed weights of a model on disk: who starts with it maps them instead of packing them again.
///
/// A file is named by the engine's layout of weights and the model file's hash, so nothing in the folder
/// ever has to be invalidated, and all of it is verified before use: results have the bits of results
/// without it. Whatever goes wrong is a miss: a file that is damaged or of another kind is removed with a
/// warning, a folder that cannot be written is warned about. Processes may share the folder.
package struct WeightCache {
  private let folder: CacheFolder
  private let modelHash: [UInt8]
  private let minimumBytes: Int
  private let warn: (String) -> Void

  /// Opens or makes the folder, for one model.
  ///
  /// `modelHash`: at most 64 bytes that identify the model file's contents, such as its SHA-256. Models
  /// with less than `minimumBytes` of packed weights are not stored: they are packed in no time.
  /// `onWarning` gets one sentence for each thing that went wrong.
  package init(
    directory: String, capacityBytes: Int, modelHash: [UInt8], minimumBytes: Int = 32 << 20,
    onWarning: @escaping (String) -> Void = { _ in }
  ) throws {
    precondition(modelHash.count <= PackedWeights.hashBytes, "a model's hash has at most 64 bytes")
    folder = try CacheFolder(path: directory, suffix: ".weights", capacity: capacityBytes)
    self.modelHash =
      modelHash + [UInt8](repeating: 0, count: PackedWeights.hashBytes - modelHash.count)
    self.minimumBytes = minimumBytes
    warn = onWarning
  }

  private var name: String {
    let identity = PackedWeights.magic + [UInt8(PackedMatrix.layoutVersion)] + modelHash
    return identity.withUnsafeBytes(XXHash64.hash).hexadecimal + ".weights"
  }

  /// The stored weights, mapped and verified by the backend's threads; nil where there are none.
  func open(_ backend: Backend) -> PackedWeights? {
    guard folder.exists(name) else { return nil }
    do {
      let stored = try PackedWeights(
        path: folder.path(of: name), modelHash: modelHash, backend: backend)
      folder.touch(name)
      return stored
    } catch {
      folder.remove(name)
      warn("\(error); dropped from the cache of weights")
      return nil
    }
  }

  /// Stores what a model was loaded with, unless it is small, too large, or would fill the disk.
  func store(_ matrices: [PackedWeights.Source]) {
    let image = PackedWeights.Image(matrices, modelHash: modelHash)
    guard image.byteCount >= minimumBytes, image.byteCount <= folder.capacity, image.hasUniqueNames
    else { return }
    do {
      guard try leavesRoom(image.byteCount) else {
        return warn("\(folder.path): weights are not stored, the disk would be almost full")
      }
      _ = try folder.write(image.byteCount, as: name, image.write)
    } catch {
      warn("weights are not stored: \(error)")
    }
  }

  /// Whether a twentieth of the disk, which others need, is free with `bytes` more.
  private func leavesRoom(_ bytes: Int) throws -> Bool {
    let disk = try FileManager.default.attributesOfFileSystem(forPath: folder.path)
    guard let free = (disk[.systemFreeSize] as? NSNumber)?.intValue,
      let size = (disk[.systemSize] as? NSNumber)?.intValue
    else { return true }
    return free - bytes >= size / 20
  }
}
