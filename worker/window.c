/* SPDX-License-Identifier: Apache-2.0 */
/* window.c - see window.h
 *
 * The handler of SIGBUS must know which addresses are ours, whichever thread stumbles: a table of
 * slots in the process, one a window. A slot is taken and given back where no other thread runs; in
 * between its window's owner moves it, with atomics, for the handler's eyes. The handler puts
 * zeros where pages are missing and returns: the thread reads them, and is told afterwards. */
#include "worker/window.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/size.h"

static struct slot {
    atomic_bool taken;
    atomic_bool torn;
    atomic_uintptr_t first; /* addresses [first, stop) are mapped */
    atomic_uintptr_t stop;
} slots[WINDOWS_MAX];

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static struct slot *slot_of(uintptr_t address)
{
    for (size_t i = 0; i < WINDOWS_MAX; i++) {
        if (address >= atomic_load(&slots[i].first) && address < atomic_load(&slots[i].stop)) {
            return &slots[i];
        }
    }
    return NULL;
}

/* From the missing page to the end of the window, which the file does not have either. */
static void on_bus_error(int number, siginfo_t *info, void *context)
{
    (void)context;
    int before = errno;
    /* One that somebody sent has no address. */
    struct slot *slot = info->si_code == BUS_ADRERR ? slot_of((uintptr_t)info->si_addr) : NULL;
    uintptr_t address = (uintptr_t)info->si_addr / page_bytes() * page_bytes();
    if (slot != NULL) {
        size_t size = atomic_load(&slot->stop) - address;
        /* The kernel's own call, whatever the C library wraps around it. */
        void *zeros =
            mmap((void *)address, size, PROT_READ, /* NOLINT(performance-no-int-to-ptr) */
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (zeros != MAP_FAILED) {
            atomic_store(&slot->torn, true);
            errno = before;
            return;
        }
    }
    (void)signal(number, SIG_DFL);
    (void)raise(number); /* ends the process when this handler returns */
}

int window_guard(struct error *err)
{
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
    return sigemptyset(&action.sa_mask) == 0 && sigaction(SIGBUS, &action, NULL) == 0
               ? 0
               : error_set(err, ERROR_SYSTEM, "SIGBUS: %s", strerrordesc_np(errno));
}

static void unmap(struct window *w)
{
    struct slot *slot = &slots[w->slot - 1];
    atomic_store(&slot->stop, 0);
    if (w->size > 0) {
        (void)munmap(w->data, w->size);
    }
    w->data = NULL;
    w->size = 0;
}

/* Around the bytes, WINDOW_BYTES if the file has so many. */
static int map(struct window *w, uint64_t offset, size_t size)
{
    uint64_t from =
        offset / WINDOW_STEP_BYTES * WINDOW_STEP_BYTES; /* a whole page everywhere */
    size_t wanted = size_max(WINDOW_BYTES, size + (size_t)(offset - from));
    size_t there = w->file_bytes - from < wanted ? (size_t)(w->file_bytes - from) : wanted;
    void *data = mmap(NULL, there, PROT_READ, MAP_SHARED, w->fd, (off_t)from);
    if (data == MAP_FAILED) {
        return -1;
    }
    w->data = data;
    w->offset = from;
    w->size = there;
    struct slot *slot = &slots[w->slot - 1];
    uintptr_t pages = (there + page_bytes() - 1) / page_bytes();
    atomic_store(&slot->first, (uintptr_t)data);
    atomic_store(&slot->stop, (uintptr_t)data + pages * page_bytes());
    return 0;
}

bool window_open(struct window *w, int fd, uint64_t file_bytes)
{
    size_t i = 0;
    while (i < WINDOWS_MAX && atomic_load(&slots[i].taken)) {
        i++;
    }
    if (i == WINDOWS_MAX || file_bytes == 0) {
        return false;
    }
    *w = (struct window){.fd = fd, .file_bytes = file_bytes, .slot = i + 1};
    atomic_store(&slots[i].taken, true);
    atomic_store(&slots[i].torn, false);
    if (map(w, 0, 1) != 0) {
        window_close(w);
        return false;
    }
    unmap(w);
    return true;
}

void window_close(struct window *w)
{
    if (w->slot == 0) {
        return;
    }
    unmap(w);
    atomic_store(&slots[w->slot - 1].taken, false);
    *w = (struct window){0};
}

const uint8_t *window_at(struct window *w, uint64_t offset, size_t size, struct error *err)
{
    bool inside = offset >= w->offset && offset - w->offset <= w->size &&
                  size <= w->size - (size_t)(offset - w->offset);
    if (!inside || w->size == 0) {
        unmap(w);
        if (map(w, offset, size) != 0) {
            error_no_memory(err, "a window on the file");
            return NULL;
        }
    }
    return w->data + (offset - w->offset);
}

bool window_is_torn(const struct window *w)
{
    return w->slot > 0 && atomic_load(&slots[w->slot - 1].torn);
}
