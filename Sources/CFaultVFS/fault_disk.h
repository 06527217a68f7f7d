// What a fault_disk remembers; shared by its two source files.

#ifndef FAULT_DISK_H
#define FAULT_DISK_H

#include <pthread.h>
#include <stddef.h>

#include "fault_vfs.h"

/// One change that is not on the disk for certain.
typedef struct fault_change {
  enum { CHANGE_WRITE, CHANGE_TRUNCATE, CHANGE_DELETE } kind;
  int64_t offset; ///< Of a write; the new size of a truncation.
  size_t count;
  unsigned char *bytes;
  struct fault_change *next;
} fault_change;

/// A file: what is on the disk for certain, and what came after.
typedef struct fault_image {
  char *path;
  bool exists;
  unsigned char *bytes;
  size_t count;
  fault_change *first, *last;
  struct fault_image *next;
} fault_image;

struct fault_disk {
  pthread_mutex_t mutex;
  char *folder;
  fault_image *images;
  int64_t point, crash_point, capacity;
  fault_fate fate;
  uint64_t seed;
  bool crashed;
  fault_disk *next;
};

/// The disk that holds `path`; NULL for none.
fault_disk *fault_disk_find(const char *path);

/// The file's image, read from the real file when it is seen first.
fault_image *fault_disk_image(fault_disk *disk, const char *path);

/// Passes a write point; true if the power is off now. With the mutex held.
bool fault_disk_pass(fault_disk *disk);

/// Notes a change; copies `bytes`.
void fault_image_note(fault_image *image, int kind, int64_t offset, size_t count, const void *bytes);

/// Moves every change of a file into what is on the disk for certain.
void fault_image_sync(fault_image *image);

/// Makes the names in the folder certain: deleted files stay deleted.
void fault_disk_sync_folder(fault_disk *disk);

/// The bytes of all files in the folder.
int64_t fault_disk_used(fault_disk *disk);

#endif
