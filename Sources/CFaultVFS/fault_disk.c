#define _GNU_SOURCE
#include "fault_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512 };

static pthread_mutex_t disks_mutex = PTHREAD_MUTEX_INITIALIZER;
static fault_disk *disks;

static uint64_t draw(uint64_t *state) { // SplitMix64
  uint64_t mixed = (*state += 0x9e3779b97f4a7c15u);
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
  return mixed ^ (mixed >> 31);
}

fault_disk *fault_disk_create(const char *folder) {
  fault_disk *disk = calloc(1, sizeof *disk);
  pthread_mutex_init(&disk->mutex, NULL);
  disk->folder = strdup(folder);
  disk->crash_point = disk->capacity = -1;
  pthread_mutex_lock(&disks_mutex);
  disk->next = disks;
  disks = disk;
  pthread_mutex_unlock(&disks_mutex);
  return disk;
}

static void clear(fault_image *image) {
  while (image->first) {
    fault_change *change = image->first;
    image->first = change->next;
    free(change->bytes);
    free(change);
  }
  image->last = NULL;
}

static void forget_images(fault_disk *disk) {
  while (disk->images) {
    fault_image *image = disk->images;
    disk->images = image->next;
    clear(image);
    free(image->bytes);
    free(image->path);
    free(image);
  }
}

void fault_disk_free(fault_disk *disk) {
  pthread_mutex_lock(&disks_mutex);
  for (fault_disk **link = &disks; *link; link = &(*link)->next)
    if (*link == disk) {
      *link = disk->next;
      break;
    }
  pthread_mutex_unlock(&disks_mutex);
  forget_images(disk);
  pthread_mutex_destroy(&disk->mutex);
  free(disk->folder);
  free(disk);
}

fault_disk *fault_disk_find(const char *path) {
  if (!path) return NULL;
  pthread_mutex_lock(&disks_mutex);
  fault_disk *disk = disks;
  while (disk) {
    size_t count = strlen(disk->folder);
    if (strncmp(path, disk->folder, count) == 0 && path[count] == '/') break;
    disk = disk->next;
  }
  pthread_mutex_unlock(&disks_mutex);
  return disk;
}

static void resize(fault_image *image, size_t count) {
  if (count > image->count) {
    image->bytes = realloc(image->bytes, count);
    memset(image->bytes + image->count, 0, count - image->count);
  }
  image->count = count;
}

fault_image *fault_disk_image(fault_disk *disk, const char *path) {
  for (fault_image *image = disk->images; image; image = image->next)
    if (strcmp(image->path, path) == 0) return image;
  fault_image *image = calloc(1, sizeof *image);
  image->path = strdup(path);
  image->next = disk->images;
  disk->images = image;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (file >= 0 && fstat(file, &status) == 0) {
    image->exists = true;
    resize(image, (size_t)status.st_size);
    ssize_t count = pread(file, image->bytes, image->count, 0);
    if (count >= 0) image->count = (size_t)count;
  }
  if (file >= 0) close(file);
  return image;
}

bool fault_disk_pass(fault_disk *disk) {
  if (disk->crashed) return true;
  disk->crashed = disk->point++ == disk->crash_point;
  return disk->crashed;
}

void fault_image_note(
    fault_image *image, int kind, int64_t offset, size_t count, const void *bytes) {
  fault_change *change = calloc(1, sizeof *change);
  change->kind = kind;
  change->offset = offset;
  change->count = count;
  if (count) {
    change->bytes = malloc(count);
    memcpy(change->bytes, bytes, count);
  }
  if (image->last) image->last->next = change;
  else image->first = change;
  image->last = change;
}

static void put(fault_image *image, int64_t offset, const unsigned char *bytes, size_t count) {
  if ((size_t)offset + count > image->count) resize(image, (size_t)offset + count);
  memcpy(image->bytes + offset, bytes, count);
  image->exists = true;
}

/// Writes the sectors of a change that chance keeps.
static void tear(fault_image *image, const fault_change *change, uint64_t *state) {
  size_t start = 0;
  while (start < change->count) {
    size_t sector_end = SECTOR - (size_t)((change->offset + (int64_t)start) % SECTOR);
    size_t count = sector_end < change->count - start ? sector_end : change->count - start;
    if (draw(state) & 1)
      put(image, change->offset + (int64_t)start, change->bytes + start, count);
    start += count;
  }
}

static void settle(fault_image *image, fault_fate fate, uint64_t *state) {
  for (fault_change *change = image->first; change; change = change->next) {
    uint64_t chance = fate == FAULT_KEPT ? 0 : fate == FAULT_LOST ? 1 : draw(state) % 3;
    if (chance == 1) {
      // What follows an unlink that is lost went into another file, which nobody can find.
      if (change->kind == CHANGE_DELETE) break;
      continue;
    }
    switch (change->kind) {
    case CHANGE_WRITE:
      if (chance == 0) put(image, change->offset, change->bytes, change->count);
      else tear(image, change, state);
      break;
    case CHANGE_TRUNCATE:
      resize(image, (size_t)change->offset);
      image->exists = true;
      break;
    case CHANGE_DELETE:
      resize(image, 0);
      image->exists = false;
    }
  }
  clear(image);
}

void fault_image_sync(fault_image *image) {
  uint64_t none = 0;
  settle(image, FAULT_KEPT, &none);
  image->exists = true;
}

void fault_disk_sync_folder(fault_disk *disk) {
  for (fault_image *image = disk->images; image; image = image->next) {
    fault_change *last = NULL;
    for (fault_change *change = image->first; change; change = change->next)
      if (change->kind == CHANGE_DELETE) last = change;
    if (!last) continue;
    // What was written before is gone, and what came after stays uncertain.
    fault_change *rest = last->next;
    while (image->first != rest) {
      fault_change *change = image->first;
      image->first = change->next;
      free(change->bytes);
      free(change);
    }
    if (!image->first) image->last = NULL;
    resize(image, 0);
    image->exists = false;
  }
}

static bool write_image(const fault_image *image) {
  if (!image->exists) return unlink(image->path) == 0 || access(image->path, F_OK) != 0;
  int file = open(image->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return false;
  bool written = ftruncate(file, (off_t)image->count) == 0
      && pwrite(file, image->bytes, image->count, 0) == (ssize_t)image->count;
  close(file);
  return written;
}

/// The shared index of a write-ahead log is memory: it does not outlive the power.
static void remove_shared_memory(const char *path) {
  char name[4096];
  size_t count = strlen(path);
  if (count > 4 && strcmp(path + count - 4, "-wal") == 0) return;
  snprintf(name, sizeof name, "%s-shm", path);
  unlink(name);
}

bool fault_disk_restore(fault_disk *disk, fault_fate fate, uint64_t seed) {
  pthread_mutex_lock(&disk->mutex);
  uint64_t state = disk->crashed ? disk->seed : seed;
  bool restored = true;
  for (fault_image *image = disk->images; image; image = image->next) {
    settle(image, disk->crashed ? disk->fate : fate, &state);
    restored = write_image(image) && restored;
    remove_shared_memory(image->path);
  }
  forget_images(disk);
  disk->crashed = false;
  disk->crash_point = -1;
  pthread_mutex_unlock(&disk->mutex);
  return restored;
}

void fault_disk_crash_at(fault_disk *disk, int64_t point, fault_fate fate, uint64_t seed) {
  pthread_mutex_lock(&disk->mutex);
  disk->point = 0;
  disk->crash_point = point;
  disk->fate = fate;
  disk->seed = seed;
  pthread_mutex_unlock(&disk->mutex);
}

int64_t fault_disk_points(fault_disk *disk) {
  pthread_mutex_lock(&disk->mutex);
  int64_t points = disk->point;
  pthread_mutex_unlock(&disk->mutex);
  return points;
}

bool fault_disk_has_crashed(fault_disk *disk) {
  pthread_mutex_lock(&disk->mutex);
  bool crashed = disk->crashed;
  pthread_mutex_unlock(&disk->mutex);
  return crashed;
}

void fault_disk_limit(fault_disk *disk, int64_t capacity) {
  pthread_mutex_lock(&disk->mutex);
  disk->capacity = capacity;
  pthread_mutex_unlock(&disk->mutex);
}

int64_t fault_disk_used(fault_disk *disk) {
  DIR *folder = opendir(disk->folder);
  if (!folder) return 0;
  int64_t used = 0;
  struct dirent *entry;
  struct stat status;
  while ((entry = readdir(folder)))
    if (fstatat(dirfd(folder), entry->d_name, &status, 0) == 0 && S_ISREG(status.st_mode))
      used += status.st_size;
  closedir(folder);
  return used;
}

int64_t fault_disk_available(fault_disk *disk) {
  pthread_mutex_lock(&disk->mutex);
  int64_t available = disk->capacity < 0 ? INT64_MAX : disk->capacity - fault_disk_used(disk);
  pthread_mutex_unlock(&disk->mutex);
  return available < 0 ? 0 : available;
}
