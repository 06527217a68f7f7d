#include "fault_disk.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

/// An open file of a fault_disk; the file of the VFS below follows it in memory.
typedef struct {
  sqlite3_file head;
  fault_disk *disk;
  const char *path;
  bool syncs_folder; ///< Like SQLite's VFS for Unix: the first sync of a new journal.
} fault_file;

static sqlite3_vfs *below;

static sqlite3_file *real(sqlite3_file *file) {
  return (sqlite3_file *)((fault_file *)file + 1);
}

static fault_disk *locked(sqlite3_file *file) {
  fault_disk *disk = ((fault_file *)file)->disk;
  pthread_mutex_lock(&disk->mutex);
  return disk;
}

static int unlocked(fault_disk *disk, int code) {
  pthread_mutex_unlock(&disk->mutex);
  return code;
}

static int file_close(sqlite3_file *file) { return real(file)->pMethods->xClose(real(file)); }

static int file_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
  fault_disk *disk = locked(file);
  if (disk->crashed) return unlocked(disk, SQLITE_IOERR_READ);
  return unlocked(disk, real(file)->pMethods->xRead(real(file), bytes, count, offset));
}

/// Whether the file may grow to that size.
static bool fits(fault_disk *disk, const char *path, sqlite3_int64 size) {
  struct stat status;
  if (disk->capacity < 0) return true;
  sqlite3_int64 now = stat(path, &status) == 0 ? status.st_size : 0;
  return size <= now || fault_disk_used(disk) + size - now <= disk->capacity;
}

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
  fault_disk *disk = locked(file);
  const char *path = ((fault_file *)file)->path;
  if (disk->crashed) return unlocked(disk, SQLITE_IOERR_WRITE);
  if (!fits(disk, path, offset + count)) return unlocked(disk, SQLITE_FULL);
  fault_image_note(
      fault_disk_image(disk, path), CHANGE_WRITE, offset, (size_t)count, bytes);
  if (fault_disk_pass(disk)) return unlocked(disk, SQLITE_IOERR_WRITE);
  return unlocked(disk, real(file)->pMethods->xWrite(real(file), bytes, count, offset));
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
  fault_disk *disk = locked(file);
  if (disk->crashed) return unlocked(disk, SQLITE_IOERR_TRUNCATE);
  fault_image_note(
      fault_disk_image(disk, ((fault_file *)file)->path), CHANGE_TRUNCATE, size, 0, NULL);
  if (fault_disk_pass(disk)) return unlocked(disk, SQLITE_IOERR_TRUNCATE);
  return unlocked(disk, real(file)->pMethods->xTruncate(real(file), size));
}

/// What is synced is certain for this disk; nothing need be waited for.
static int file_sync(sqlite3_file *file, int flags) {
  (void)flags;
  fault_disk *disk = locked(file);
  if (fault_disk_pass(disk)) return unlocked(disk, SQLITE_IOERR_FSYNC);
  if (((fault_file *)file)->syncs_folder) fault_disk_sync_folder(disk);
  ((fault_file *)file)->syncs_folder = false;
  fault_image_sync(fault_disk_image(disk, ((fault_file *)file)->path));
  return unlocked(disk, SQLITE_OK);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
  fault_disk *disk = locked(file);
  if (disk->crashed) return unlocked(disk, SQLITE_IOERR_FSTAT);
  return unlocked(disk, real(file)->pMethods->xFileSize(real(file), size));
}

static int file_lock(sqlite3_file *file, int level) {
  return real(file)->pMethods->xLock(real(file), level);
}
static int file_unlock(sqlite3_file *file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
static int file_check_lock(sqlite3_file *file, int *result) {
  return real(file)->pMethods->xCheckReservedLock(real(file), result);
}
static int file_control(sqlite3_file *file, int operation, void *argument) {
  // A hint at the final size would let the file grow without a write.
  if (operation == SQLITE_FCNTL_SIZE_HINT) return SQLITE_OK;
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}
static int file_sector_size(sqlite3_file *file) {
  return real(file)->pMethods->xSectorSize(real(file));
}
static int file_characteristics(sqlite3_file *file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **map) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, map);
}
static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
static void file_shm_barrier(sqlite3_file *file) {
  real(file)->pMethods->xShmBarrier(real(file));
}
static int file_shm_unmap(sqlite3_file *file, int delete_flag) {
  return real(file)->pMethods->xShmUnmap(real(file), delete_flag);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int open_on(
    fault_disk *disk, sqlite3_filename path, fault_file *file, int flags, int *out_flags) {
  struct stat status;
  if (disk->crashed) return SQLITE_CANTOPEN;
  fault_disk_image(disk, path); // what is there before it may be created
  bool creates = stat(path, &status) != 0 && (flags & SQLITE_OPEN_CREATE);
  if (creates && fault_disk_pass(disk)) return SQLITE_CANTOPEN;
  int code = below->xOpen(below, path, real(&file->head), flags, out_flags);
  if (code != SQLITE_OK) return code;
  file->head.pMethods = &methods;
  file->disk = disk;
  file->path = path;
  file->syncs_folder = creates && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL));
  return SQLITE_OK;
}

static int vfs_open(
    sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *file, int flags, int *out_flags) {
  (void)vfs;
  fault_disk *disk = fault_disk_find(path);
  file->pMethods = NULL;
  if (!disk) return below->xOpen(below, path, file, flags, out_flags);
  pthread_mutex_lock(&disk->mutex);
  return unlocked(disk, open_on(disk, path, (fault_file *)file, flags, out_flags));
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync) {
  (void)vfs;
  fault_disk *disk = fault_disk_find(path);
  if (!disk) return below->xDelete(below, path, sync);
  pthread_mutex_lock(&disk->mutex);
  if (disk->crashed) return unlocked(disk, SQLITE_IOERR_DELETE);
  fault_image *image = fault_disk_image(disk, path);
  fault_image_note(image, CHANGE_DELETE, 0, 0, NULL);
  if (fault_disk_pass(disk)) return unlocked(disk, SQLITE_IOERR_DELETE);
  if (sync) fault_disk_sync_folder(disk);
  return unlocked(disk, below->xDelete(below, path, 0));
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *result) {
  (void)vfs;
  return below->xAccess(below, path, flags, result);
}
static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int count, char *out) {
  (void)vfs;
  return below->xFullPathname(below, path, count, out);
}
static int vfs_randomness(sqlite3_vfs *vfs, int count, char *out) {
  (void)vfs;
  return below->xRandomness(below, count, out);
}
static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
  (void)vfs;
  return below->xSleep(below, microseconds);
}
static int vfs_time(sqlite3_vfs *vfs, double *out) {
  (void)vfs;
  return below->xCurrentTime(below, out);
}
static int vfs_last_error(sqlite3_vfs *vfs, int count, char *out) {
  (void)vfs;
  return below->xGetLastError ? below->xGetLastError(below, count, out) : 0;
}
static int vfs_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *out) {
  (void)vfs;
  return below->xCurrentTimeInt64(below, out);
}

static sqlite3_vfs fault_vfs = {
    .iVersion = 2,
    .zName = "fault",
    .xOpen = vfs_open,
    .xDelete = vfs_delete,
    .xAccess = vfs_access,
    .xFullPathname = vfs_full_path,
    .xRandomness = vfs_randomness,
    .xSleep = vfs_sleep,
    .xCurrentTime = vfs_time,
    .xGetLastError = vfs_last_error,
    .xCurrentTimeInt64 = vfs_time_int64,
};

static int registration;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void register_once(void) {
  below = sqlite3_vfs_find(NULL);
  fault_vfs.szOsFile = (int)sizeof(fault_file) + below->szOsFile;
  fault_vfs.mxPathname = below->mxPathname;
  registration = sqlite3_vfs_register(&fault_vfs, 1);
}

int fault_vfs_register(void) {
  pthread_once(&once, register_once);
  return registration;
}
