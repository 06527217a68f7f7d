// A file system for SQLite that loses power, or is full, when a test says so.
//
// The VFS becomes SQLite's default and hands every call to the VFS that was the default before. Only
// files inside the folder of a fault_disk are treated otherwise: their writes are noted until they
// are synced, and a crash keeps of the unsynced ones what the test asks for.

#ifndef FAULT_VFS_H
#define FAULT_VFS_H

#include <stdbool.h>
#include <stdint.h>

/// What becomes of writes that were not synced when the power fails.
typedef enum {
  FAULT_LOST, ///< None is on the disk.
  FAULT_TORN, ///< Each is there, is missing, or is there in some of its sectors.
  FAULT_KEPT, ///< All are on the disk, the last one included.
} fault_fate;

typedef struct fault_disk fault_disk;

/// Makes the VFS the default one; returns an SQLite code. Further calls do nothing.
int fault_vfs_register(void);

/// A disk that holds the SQLite files in `folder`, an absolute path without symbolic links.
fault_disk *fault_disk_create(const char *folder);

/// Forgets a disk; its files must be closed.
void fault_disk_free(fault_disk *disk);

/// Cuts the power at write point `point`, counted from 0 at this call; -1 for never.
///
/// Write points are creating, writing, truncating, syncing and deleting a file. From then on every
/// call fails.
void fault_disk_crash_at(fault_disk *disk, int64_t point, fault_fate fate, uint64_t seed);

/// The write points passed since the last call of fault_disk_crash_at.
int64_t fault_disk_points(fault_disk *disk);

bool fault_disk_has_crashed(fault_disk *disk);

/// Puts what survived into the real files, and the power back on. The files must be closed.
///
/// Also without a crash: then everything unsynced meets `fate`. Returns false if a real file could
/// not be written.
bool fault_disk_restore(fault_disk *disk, fault_fate fate, uint64_t seed);

/// Makes SQLite's files fail to grow when the folder's files would exceed that many bytes together;
/// -1 for no limit.
void fault_disk_limit(fault_disk *disk, int64_t capacity);

/// What is left of the limit, in bytes.
int64_t fault_disk_available(fault_disk *disk);

#endif
