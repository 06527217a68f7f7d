#define _GNU_SOURCE
#include "CMappedFile.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// A slot of the table that the handler searches. The table only grows, so that the handler may walk it
// without a lock; slots are used again.
struct cm_mapping {
  // Odd while the range changes. The handler skips such a slot: nobody reads a range that is being
  // registered or given up.
  atomic_uint version;
  atomic_uintptr_t start;
  atomic_uintptr_t end;  // 0 in a free slot
  atomic_bool damaged;
};

enum { BLOCK_SLOTS = 64 };

struct block {
  struct cm_mapping slots[BLOCK_SLOTS];
  _Atomic(struct block *) next;
};

static struct block table;
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous;
static atomic_bool installed;

static struct cm_mapping *find(uintptr_t address) {
  for (struct block *b = &table; b; b = atomic_load(&b->next)) {
    for (int i = 0; i < BLOCK_SLOTS; i++) {
      struct cm_mapping *slot = &b->slots[i];
      unsigned before = atomic_load(&slot->version);
      uintptr_t start = atomic_load(&slot->start), end = atomic_load(&slot->end);
      if ((before & 1) || before != atomic_load(&slot->version)) continue;
      if (address >= start && address < end) return slot;
    }
  }
  return NULL;
}

// Zeros under all of the mapping: one signal per mapping, however many pages are gone.
static bool replace(struct cm_mapping *slot) {
  uintptr_t start = atomic_load(&slot->start);
  size_t length = atomic_load(&slot->end) - start;
  atomic_store(&slot->damaged, true);
  return mmap((void *)start, length, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
         MAP_FAILED;
}

static void pass_on(int number, siginfo_t *info, void *context) {
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(number, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(number);
  } else if (previous.sa_handler == SIG_DFL || info->si_code > 0) {
    // The default ends the process: for a fault when the instruction runs again, else by the raise,
    // which waits until this handler returns. A fault cannot be ignored.
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigemptyset(&standard.sa_mask);
    sigaction(SIGBUS, &standard, NULL);
    if (info->si_code <= 0) raise(number);
  }
}

// Async-signal-safe: atomics, and mmap and sigaction, which are plain system calls.
static void handle(int number, siginfo_t *info, void *context) {
  int error = errno;
  // A code of 0 or less: sent by a process; the address then means nothing.
  struct cm_mapping *slot = info->si_code > 0 ? find((uintptr_t)info->si_addr) : NULL;
  if (!slot || !replace(slot)) pass_on(number, info, context);
  errno = error;
}

static bool install(void) {
  if (atomic_load(&installed)) return true;
  // The handler needs `previous` from its first moment on.
  if (sigaction(SIGBUS, NULL, &previous) != 0) return false;
  struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGBUS, &action, NULL) != 0) return false;
  atomic_store(&installed, true);
  return true;
}

static struct cm_mapping *free_slot(void) {
  struct block *b = &table;
  while (true) {
    for (int i = 0; i < BLOCK_SLOTS; i++) {
      if (atomic_load(&b->slots[i].end) == 0) return &b->slots[i];
    }
    struct block *next = atomic_load(&b->next);
    if (!next) {
      if (!(next = calloc(1, sizeof *next))) return NULL;
      atomic_store(&b->next, next);
    }
    b = next;
  }
}

static void set(struct cm_mapping *slot, uintptr_t start, uintptr_t end) {
  atomic_fetch_add(&slot->version, 1);
  atomic_store(&slot->start, start);
  atomic_store(&slot->end, end);
  atomic_store(&slot->damaged, false);
  atomic_fetch_add(&slot->version, 1);
}

cm_mapping *cm_watch(const void *base, size_t length) {
  pthread_mutex_lock(&table_lock);
  struct cm_mapping *slot = install() ? free_slot() : NULL;
  if (slot) set(slot, (uintptr_t)base, (uintptr_t)base + length);
  pthread_mutex_unlock(&table_lock);
  return slot;
}

bool cm_is_damaged(const cm_mapping *mapping) { return atomic_load(&mapping->damaged); }

void cm_unwatch(cm_mapping *mapping) {
  pthread_mutex_lock(&table_lock);
  set(mapping, 0, 0);
  pthread_mutex_unlock(&table_lock);
}

void cm_prefer_large_pages(const void *base, size_t length) {
#if defined(MADV_HUGEPAGE)
  madvise((void *)base, length, MADV_HUGEPAGE);
#else
  (void)base;
  (void)length;
#endif
}

void cm_populate(const void *base, size_t length) {
#if defined(MADV_POPULATE_READ)
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)base & -page;
  madvise((void *)start, (uintptr_t)base + length - start, MADV_POPULATE_READ);
#else
  (void)base;
  (void)length;
#endif
}
