/* SPDX-License-Identifier: Apache-2.0 */
/* look.c - see look.h; look_status.c puts it into words */
#include "scheduler/look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

/* "run.yaml is a run file; give its run folder, e.g. run.run" */
static int refuse_file(const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');
    bool is_run_file = dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
    if (!is_run_file) {
        return error_set(err, ERROR_INPUT, "%s is a file; give a run folder", path);
    }
    return error_set(err, ERROR_INPUT, "%s is a run file; give its run folder, e.g. %.*s.run",
                     path, (int)(dot - name), name);
}

int look_check_folder(const char *folder, struct error *err)
{
    struct stat info;
    if (stat(folder, &info) != 0) {
        return 0;
    }
    if (!S_ISDIR(info.st_mode)) {
        return refuse_file(folder, err);
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool has_ledger = fd < 0 || faccessat(fd, "ledger.db", F_OK, 0) == 0 || errno != ENOENT;
    if (fd >= 0) {
        (void)close(fd);
    }
    return has_ledger ? 0
                      : error_set(err, ERROR_INPUT,
                                  "%s is not a run folder (no ledger.db in it)", folder);
}

static int merge_new(struct look *l, struct error *err)
{
    uint64_t start_us = clock_now_us();
    int rc = merge_update(&l->merge, l->run, err);
    l->merge_us += clock_now_us() - start_us;
    return rc;
}

/* State and sums out of one view of the ledger, so that both are of the same sequence number. Only
 * what is new is read, unless files or shards are other ones now. */
static int bring_up(struct look *l, struct error *err)
{
    struct run *r = l->run;
    if (ledger_begin(r->ledger, err) != 0) {
        return -1;
    }
    int rc = run_refresh(r, err);
    rc = rc == 0 && r->is_stale ? run_reload(r, err) : rc;
    rc = rc == 0 ? merge_new(l, err) : rc;
    ledger_rollback(r->ledger);
    return rc;
}

/* Which file is the ledger of the folder; 0: none is there. */
static ino_t find_ledger(const char *folder)
{
    struct stat info = {.st_ino = 0};
    char *path = file_join(folder, "ledger.db");
    if (path == NULL || stat(path, &info) != 0) {
        info.st_ino = 0;
    }
    free(path);
    return info.st_ino;
}

int look_open(struct look *l, const char *folder, struct error *err)
{
    *l = (struct look){.ledger = find_ledger(folder)};
    if (look_check_folder(folder, err) != 0) {
        return -1;
    }
    l->run = run_open(folder, LEDGER_READ, err);
    if (l->run == NULL || merge_init(&l->merge, l->run, err) != 0 || bring_up(l, err) != 0) {
        look_close(l);
        return -1;
    }
    return 0;
}

void look_close(struct look *l)
{
    merge_release(&l->merge);
    run_close(l->run);
    l->run = NULL;
}

/* The file that is open tells nothing new any more once another has its name. */
static int open_anew(struct look *l, struct error *err)
{
    struct look now;
    if (look_open(&now, l->run->folder, err) != 0) {
        return -1;
    }
    look_close(l);
    *l = now;
    return 0;
}

int look_refresh(struct look *l, struct error *err)
{
    uint64_t sequence = 0;
    if (find_ledger(l->run->folder) != l->ledger) {
        return open_anew(l, err);
    }
    if (ledger_sequence(l->run->ledger, &sequence, err) != 0) {
        return -1;
    }
    if (sequence == l->merge.sequence && sequence == l->run->seen) {
        return 0;
    }
    return bring_up(l, err);
}

bool look_complete(const struct look *l)
{
    return merge_complete(&l->merge, l->run);
}

enum exit_status look_status(const struct look *l)
{
    return look_complete(l) ? EXIT_COMPLETE : EXIT_INCOMPLETE;
}

bool look_has_scheduler(const struct run *r)
{
    char *path = run_path(r, "lock");
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    struct flock asked = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    bool held = fd >= 0 && fcntl(fd, F_OFD_GETLK, &asked) == 0 && asked.l_type != F_UNLCK;
    if (fd >= 0) {
        (void)close(fd);
    }
    free(path);
    return held;
}
