/* SPDX-License-Identifier: Apache-2.0 */
/* format_hdf5_link.c - see format_hdf5_check.h
 *
 * HDF5 follows links by itself, into other files too. So every step of a path is looked at
 * before it is taken, and soft links are resolved here. */
#include "worker/format_hdf5_check.h"

#include <stdio.h>
#include <string.h>

enum { SOFT_LINKS_MAX = 8 };

/* A path being followed: done is behind us and holds hard links only, rest lies before us. */
struct walk {
    hid_t file;
    char *done; /* [FORMAT_PATH_SIZE] */
    char rest[FORMAT_PATH_SIZE];
    bool missing;
};

/* done + "/" + the next name of rest; false if that is too long. */
static bool walk_step(struct walk *w)
{
    const char *name = w->rest + strspn(w->rest, "/");
    size_t length = strcspn(name, "/");
    const char *slash = w->done[0] == '\0' ? "" : "/";
    size_t used = strlen(w->done);
    int n =
        snprintf(w->done + used, FORMAT_PATH_SIZE - used, "%s%.*s", slash, (int)length, name);
    if (n < 0 || (size_t)n >= FORMAT_PATH_SIZE - used) {
        return false;
    }
    const char *left = name + length;
    left += strspn(left, "/");
    memmove(w->rest, left, strlen(left) + 1);
    return true;
}

/* Replaces the soft link at the end of done by what it points to, and begins at the root. */
static int walk_soft(struct walk *w, size_t value_size, struct error *err)
{
    char value[FORMAT_PATH_SIZE] = "";
    if (value_size >= sizeof value ||
        H5Lget_val(w->file, w->done, value, sizeof value, H5P_DEFAULT) < 0) {
        return hdf5_fail(err, "the soft link %s cannot be followed", w->done);
    }
    for (const char *c = value; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~') {
            return error_set(err, ERROR_INPUT, "the soft link %s leads to no printable name",
                             w->done);
        }
    }
    char *slash = strrchr(w->done, '/');
    int parent = slash == NULL || value[0] == '/' ? 0 : (int)(slash - w->done);
    char whole[FORMAT_PATH_SIZE];
    int n = snprintf(whole, sizeof whole, "%.*s/%s/%s", parent, w->done, value, w->rest);
    if (n < 0 || (size_t)n >= sizeof whole) {
        return error_set(err, ERROR_INPUT, "the soft link %s is too long", w->done);
    }
    memcpy(w->rest, whole, (size_t)n + 1);
    w->done[0] = '\0';
    return 0;
}

/* The link at the end of done, or that it is missing. */
static int look_up(struct walk *w, H5L_info_t *info, struct error *err)
{
    if (H5Lget_info(w->file, w->done, info, H5P_DEFAULT) >= 0) {
        return 0;
    }
    htri_t exists = H5Lexists(w->file, w->done, H5P_DEFAULT);
    if (exists == 0) {
        w->missing = true;
        (void)H5Eclear2(H5E_DEFAULT);
        return 0;
    }
    if (exists > 0) { /* for its reason, which was cleared */
        (void)H5Lget_info(w->file, w->done, info, H5P_DEFAULT);
    }
    return hdf5_fail(err, "%s cannot be looked up", w->done);
}

/* Follows hard links up to the end, to nothing, or through one soft link (*soft). */
static int walk_on(struct walk *w, bool *soft, struct error *err)
{
    *soft = false;
    while (w->rest[strspn(w->rest, "/")] != '\0' && !*soft) {
        if (!walk_step(w)) {
            return error_set(err, ERROR_INPUT, "its name in the file is too long");
        }
        H5L_info_t info;
        if (look_up(w, &info, err) != 0) {
            return -1;
        }
        if (w->missing) {
            return 0;
        }
        if (info.type == H5L_TYPE_SOFT) {
            *soft = true;
        } else if (info.type != H5L_TYPE_HARD) {
            return error_set(err, ERROR_INPUT, "%s is %s, which is refused", w->done,
                             info.type == H5L_TYPE_EXTERNAL ? "a link to another file"
                                                            : "a user-defined link");
        }
        if (*soft && walk_soft(w, info.u.val_size, err) != 0) {
            return -1;
        }
    }
    return 0;
}

int hdf5_resolve(hid_t file, const char *where, char path[FORMAT_PATH_SIZE], struct error *err)
{
    struct walk w = {.file = file, .done = path};
    path[0] = '\0';
    if (strlen(where) >= sizeof w.rest) {
        return error_set(err, ERROR_INPUT, "its name in the file is too long");
    }
    memcpy(w.rest, where, strlen(where) + 1);
    bool soft = true;
    for (int hops = 0; soft && !w.missing; hops++) {
        if (hops > SOFT_LINKS_MAX) {
            return error_set(err, ERROR_INPUT, "more than %d soft links, or a loop of them",
                             SOFT_LINKS_MAX);
        }
        if (walk_on(&w, &soft, err) != 0) {
            return -1;
        }
    }
    if (w.missing) {
        path[0] = '\0';
    }
    return 0;
}
