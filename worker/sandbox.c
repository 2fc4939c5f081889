/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.c - see sandbox.h
 *
 * A list of what is denied, not of what is allowed: which calls the C library, OpenMP and HDF5
 * make differs between their versions, and a worker that dies of a new harmless one is worse. */
#include "worker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/size.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BUILT_WITH_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BUILT_WITH_SANITIZER 1
#endif

#ifdef BUILT_WITH_SANITIZER
/* They map terabytes of shadow memory, and look for leaks from a process of their own. */
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

enum { OPEN_FILES_MAX = 128 };

static int fail(const char *what, int number, struct error *err)
{
    const char *text = strerrordesc_np(number);
    return error_set(err, ERROR_SYSTEM, "sandbox: %s: %s", what,
                     text == NULL ? "unknown error" : text);
}

/* Lowers a limit; one that is lower already stays. */
static int lower_limit(__rlimit_resource_t resource, const char *name, uint64_t value,
                       struct error *err)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0) {
        return fail(name, errno, err);
    }
    limit.rlim_cur = limit.rlim_cur < value ? limit.rlim_cur : value;
    limit.rlim_max = limit.rlim_max < value ? limit.rlim_max : value;
    return setrlimit(resource, &limit) == 0 ? 0 : fail(name, errno, err);
}

static int set_limits(const struct sandbox_limits *limits, struct error *err)
{
    if (lower_limit(RLIMIT_CORE, "RLIMIT_CORE", 0, err) != 0 ||
        (!limits->keeps_files && lower_limit(RLIMIT_FSIZE, "RLIMIT_FSIZE", 0, err) != 0) ||
        lower_limit(RLIMIT_NOFILE, "RLIMIT_NOFILE", OPEN_FILES_MAX, err) != 0) {
        return -1;
    }
    /* A write beyond RLIMIT_FSIZE, to a log for instance, shall fail and not kill. */
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGXFSZ, &ignore, NULL) != 0) {
        return fail("SIGXFSZ", errno, err);
    }
    if (limits->memory_bytes == 0 || sanitized) {
        return 0;
    }
    return lower_limit(RLIMIT_AS, "RLIMIT_AS", limits->memory_bytes, err);
}

static int set_process(struct error *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return fail("PR_SET_NO_NEW_PRIVS", errno, err);
    }
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0
               ? 0
               : fail("PR_SET_PDEATHSIG", errno, err);
}

struct denied {
    int call;
    int error;
};

/* Denied whatever the arguments. */
static const struct denied denied_calls[] = {
    /* clang-format off */
    /* network */
    {SCMP_SYS(socket), EPERM}, {SCMP_SYS(socketpair), EPERM}, {SCMP_SYS(connect), EPERM},
    {SCMP_SYS(bind), EPERM}, {SCMP_SYS(listen), EPERM}, {SCMP_SYS(accept), EPERM},
    {SCMP_SYS(accept4), EPERM}, {SCMP_SYS(sendto), EPERM}, {SCMP_SYS(sendmsg), EPERM},
    {SCMP_SYS(sendmmsg), EPERM},
    /* programs, and other processes */
    {SCMP_SYS(execve), EPERM}, {SCMP_SYS(execveat), EPERM}, {SCMP_SYS(process_vm_readv), EPERM},
    {SCMP_SYS(process_vm_writev), EPERM}, {SCMP_SYS(pidfd_open), EPERM},
    {SCMP_SYS(pidfd_getfd), EPERM}, {SCMP_SYS(pidfd_send_signal), EPERM},
    {SCMP_SYS(rt_sigqueueinfo), EPERM}, {SCMP_SYS(rt_tgsigqueueinfo), EPERM},
    {SCMP_SYS(tkill), EPERM}, {SCMP_SYS(unshare), EPERM}, {SCMP_SYS(setns), EPERM},
    /* the file system */
    {SCMP_SYS(creat), EACCES}, {SCMP_SYS(truncate), EACCES}, {SCMP_SYS(unlink), EACCES},
    {SCMP_SYS(unlinkat), EACCES}, {SCMP_SYS(rename), EACCES}, {SCMP_SYS(renameat), EACCES},
    {SCMP_SYS(renameat2), EACCES}, {SCMP_SYS(mkdir), EACCES}, {SCMP_SYS(mkdirat), EACCES},
    {SCMP_SYS(rmdir), EACCES}, {SCMP_SYS(link), EACCES}, {SCMP_SYS(linkat), EACCES},
    {SCMP_SYS(symlink), EACCES}, {SCMP_SYS(symlinkat), EACCES}, {SCMP_SYS(mknod), EACCES},
    {SCMP_SYS(mknodat), EACCES}, {SCMP_SYS(chmod), EACCES}, {SCMP_SYS(fchmod), EACCES},
    {SCMP_SYS(fchmodat), EACCES}, {SCMP_SYS(chown), EACCES}, {SCMP_SYS(fchown), EACCES},
    {SCMP_SYS(lchown), EACCES}, {SCMP_SYS(fchownat), EACCES}, {SCMP_SYS(utimensat), EACCES},
    {SCMP_SYS(utime), EACCES}, {SCMP_SYS(utimes), EACCES}, {SCMP_SYS(futimesat), EACCES},
    {SCMP_SYS(setxattr), EACCES}, {SCMP_SYS(lsetxattr), EACCES}, {SCMP_SYS(fsetxattr), EACCES},
    {SCMP_SYS(removexattr), EACCES}, {SCMP_SYS(lremovexattr), EACCES},
    {SCMP_SYS(fremovexattr), EACCES},
#ifdef __NR_fchmodat2 /* Linux 6.6 */
    {SCMP_SYS(fchmodat2), EACCES},
#endif
    {SCMP_SYS(mount), EPERM}, {SCMP_SYS(umount2), EPERM}, {SCMP_SYS(chroot), EPERM},
    {SCMP_SYS(pivot_root), EPERM},
    /* much of the kernel, that nobody here needs */
    {SCMP_SYS(io_uring_setup), ENOSYS}, {SCMP_SYS(bpf), EPERM}, {SCMP_SYS(userfaultfd), EPERM},
    {SCMP_SYS(perf_event_open), EPERM}, {SCMP_SYS(keyctl), EPERM}, {SCMP_SYS(add_key), EPERM},
    {SCMP_SYS(request_key), EPERM},
    /* arguments in memory, where no filter can look: the C library falls back to the older call */
    {SCMP_SYS(openat2), ENOSYS},
    /* clang-format on */
};

/* New processes, and ptrace. Threads still start: clone with CLONE_THREAD. */
static const struct denied denied_processes[] = {
    {SCMP_SYS(fork), EPERM},
    {SCMP_SYS(vfork), EPERM},
    {SCMP_SYS(clone3), ENOSYS}, /* arguments in memory, as above */
    {SCMP_SYS(ptrace), EPERM},
};

static int deny_all(scmp_filter_ctx filter, const struct denied *list, size_t n)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned)list[i].error), list[i].call, 0);
    }
    return rc;
}

/* Denies call if (argument & mask) == value. */
static int deny_if(scmp_filter_ctx filter, struct denied what, unsigned argument, uint64_t mask,
                   uint64_t value)
{
    const struct scmp_arg_cmp compare = {
        .arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
    return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((unsigned)what.error), what.call, 1,
                                  &compare);
}

static int deny_writing(scmp_filter_ctx filter)
{
    static const struct {
        struct denied what;
        unsigned flags; /* which argument they are */
    } opens[] = {{{SCMP_SYS(open), EACCES}, 1}, {{SCMP_SYS(openat), EACCES}, 2}};
    static const struct {
        uint64_t mask;
        uint64_t value;
    } writing[] = {
        {O_ACCMODE, O_WRONLY}, {O_ACCMODE, O_RDWR}, {O_CREAT, O_CREAT}, {O_TRUNC, O_TRUNC}};
    int rc = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(opens) * ARRAY_LENGTH(writing) && rc == 0; i++) {
        size_t o = i % ARRAY_LENGTH(opens);
        size_t w = i / ARRAY_LENGTH(opens);
        rc = deny_if(filter, opens[o].what, opens[o].flags, writing[w].mask, writing[w].value);
    }
    return rc;
}

/* Signals go to this process only: abort() sends itself one. The same for limits, where 0 means
 * this process, which is what the C library says. */
static int deny_others(scmp_filter_ctx filter)
{
    const struct {
        int call;
        scmp_datum_t own; /* the process that the first argument may say */
    } calls[] = {{SCMP_SYS(kill), (scmp_datum_t)getpid()},
                 {SCMP_SYS(tgkill), (scmp_datum_t)getpid()},
                 {SCMP_SYS(prlimit64), 0}};
    int rc = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(calls) && rc == 0; i++) {
        const struct scmp_arg_cmp others = {
            .arg = 0, .op = SCMP_CMP_NE, .datum_a = calls[i].own};
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), calls[i].call, 1, &others);
    }
    return rc;
}

static int deny_processes(scmp_filter_ctx filter)
{
    if (sanitized) {
        return 0;
    }
    int rc = deny_all(filter, denied_processes, ARRAY_LENGTH(denied_processes));
    const struct denied clone_call = {SCMP_SYS(clone), EPERM};
    return rc != 0 ? rc : deny_if(filter, clone_call, 0, CLONE_THREAD, 0);
}

/* 0, or a negative errno: the raw one where the kernel refuses. */
static int load_filter(scmp_filter_ctx filter)
{
    int rc = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
    if (rc == 0) {
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    }
    if (rc == 0) {
        rc = deny_all(filter, denied_calls, ARRAY_LENGTH(denied_calls));
    }
    if (rc == 0) {
        rc = deny_writing(filter);
    }
    if (rc == 0) {
        rc = deny_others(filter);
    }
    if (rc == 0) {
        rc = deny_processes(filter);
    }
    return rc == 0 ? seccomp_load(filter) : rc;
}

int sandbox_enter(const struct sandbox_limits *limits, bool *filtered, struct error *err)
{
    *filtered = false;
    if (set_limits(limits, err) != 0 || set_process(err) != 0) {
        return -1;
    }
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL) {
        return error_no_memory(err, "the sandbox");
    }
    int rc = load_filter(filter);
    seccomp_release(filter);
    /* A kernel, or a container's own filter, without seccomp: EOPNOTSUPP for TSYNC is such too. */
    if (rc == -EINVAL || rc == -ENOSYS || rc == -EOPNOTSUPP) {
        return 0;
    }
    if (rc != 0) {
        return fail("the filter of system calls", -rc, err);
    }
    *filtered = true;
    return 0;
}
