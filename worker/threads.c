/* SPDX-License-Identifier: Apache-2.0 */
/* threads.c - see threads.h */
#include "worker/threads.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"

enum {
    PROCESSORS_MAX = 1 << 16,
    TEXT_SIZE_MAX = 1 << 16, /* of a file about control groups */
};

/* A positive number at *text, which is moved behind it; 0 for anything else. */
static unsigned long long positive(const char **text)
{
    const char *start = *text + strspn(*text, " \t");
    if (*start < '0' || *start > '9') {
        return 0;
    }
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(start, &end, 10);
    *text = end;
    return errno == 0 ? value : 0;
}

static size_t whole_processors(unsigned long long quota, unsigned long long period)
{
    if (quota == 0 || period == 0) {
        return 0;
    }
    unsigned long long whole = quota / period + (quota % period != 0);
    return whole > PROCESSORS_MAX ? 0 : (size_t)whole;
}

size_t threads_of_cpu_max(const char *text)
{
    unsigned long long quota = positive(&text);
    return whole_processors(quota, positive(&text));
}

size_t threads_of_cfs(const char *quota, const char *period)
{
    return whole_processors(positive(&quota), positive(&period));
}

/* Whether the list "cpu,cpuacct" of that length has the word. */
static bool has_word(const char *list, size_t length, const char *word)
{
    size_t n = strlen(word);
    for (size_t at = 0; at <= length;) {
        size_t end = at;
        while (end < length && list[end] != ',') {
            end++;
        }
        if (end - at == n && memcmp(list + at, word, n) == 0) {
            return true;
        }
        at = end + 1;
    }
    return false;
}

/* Lines are "3:cpu,cpuacct:/group"; of v2 "0::/group". */
bool threads_find_group(const char *text, const char *controller, char *path)
{
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        const char *end = line + length;
        const char *list = memchr(line, ':', length);
        const char *group =
            list == NULL ? NULL : memchr(list + 1, ':', (size_t)(end - list - 1));
        if (group != NULL && has_word(list + 1, (size_t)(group - list - 1), controller) &&
            end - group - 1 < THREADS_PATH_SIZE) {
            size_t n = (size_t)(end - group - 1);
            memcpy(path, group + 1, n);
            path[n] = '\0';
            return true;
        }
        line = *end == '\0' ? end : end + 1;
    }
    return false;
}

/* The content of folder/name; false if there is none. */
static bool read_text(const char *folder, const char *name, struct buffer *out)
{
    char path[THREADS_PATH_SIZE];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    buffer_clear(out);
    return n > 0 && n < THREADS_PATH_SIZE && file_read(path, TEXT_SIZE_MAX, out, NULL) == 0 &&
           buffer_string(out) != NULL;
}

static size_t quota_of_folder(const char *folder, bool has_v2)
{
    struct buffer first = {0};
    struct buffer second = {0};
    size_t quota = 0;
    if (has_v2) {
        quota = read_text(folder, "cpu.max", &first) ? threads_of_cpu_max(buffer_string(&first))
                                                     : 0;
    } else if (read_text(folder, "cpu.cfs_quota_us", &first) &&
               read_text(folder, "cpu.cfs_period_us", &second)) {
        quota = threads_of_cfs(buffer_string(&first), buffer_string(&second));
    }
    buffer_release(&first);
    buffer_release(&second);
    return quota;
}

static size_t smaller_limit(size_t a, size_t b)
{
    return a == 0 || b == 0 ? size_max(a, b) : size_min(a, b);
}

size_t threads_of_groups(const char *root, const char *group, bool has_v2)
{
    char folder[THREADS_PATH_SIZE];
    int n = snprintf(folder, sizeof folder, "%s%s", root, group);
    size_t root_length = strlen(root);
    if (n < 0 || n >= THREADS_PATH_SIZE) {
        return quota_of_folder(root, has_v2);
    }
    size_t limit = 0;
    for (char *slash = folder; slash != NULL;) {
        limit = smaller_limit(limit, quota_of_folder(folder, has_v2));
        slash = strrchr(folder + root_length, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
    }
    return limit;
}

static size_t quota_of_process(void)
{
    struct buffer text = {0};
    char group[THREADS_PATH_SIZE];
    size_t limit = 0;
    if (read_text("/proc/self", "cgroup", &text)) {
        const char *groups = buffer_string(&text);
        if (threads_find_group(groups, "", group)) {
            limit = threads_of_groups("/sys/fs/cgroup", group, true);
        }
        if (threads_find_group(groups, "cpu", group)) {
            limit = smaller_limit(limit, threads_of_groups("/sys/fs/cgroup/cpu", group, false));
        }
    }
    buffer_release(&text);
    return limit;
}

static size_t affinity_of_process(void)
{
    size_t bytes = CPU_ALLOC_SIZE(PROCESSORS_MAX);
    cpu_set_t *set = CPU_ALLOC(PROCESSORS_MAX);
    size_t n = 1;
    if (set != NULL && sched_getaffinity(0, bytes, set) == 0) {
        n = size_max(1, (size_t)CPU_COUNT_S(bytes, set));
    }
    CPU_FREE(set);
    return n;
}

size_t threads_available(void)
{
    return smaller_limit(affinity_of_process(), quota_of_process());
}
