/* A filesystem that fails once: the Nth call of some kinds on a path below a root.
 *
 *   fault_arm(root, kinds, at, errno, told)   kinds: letters of the list below
 *
 *   o open   w write   s fsync   r rename   d read   m make or remove a name
 *
 * errno 0 kills the process instead, before the call; of a write, after half of it. What failed is
 * told in a file of its own, through the kernel directly.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char root[PATH_MAX], told[PATH_MAX], kinds[16];
static int armed, error;
static long left;

void fault_arm(const char *r, const char *k, long at, int e, const char *t) {
    snprintf(root, sizeof root, "%s", r);
    snprintf(kinds, sizeof kinds, "%s", k);
    snprintf(told, sizeof told, "%s", t);
    left = at, error = e, armed = 1;
}

void fault_disarm(void) { armed = 0; }

long fault_left(void) { return left; }

static int below(const char *path) {
    size_t n = strlen(root);
    return strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == 0);
}

static void tell(const char *name, const char *path) {
    char line[PATH_MAX + 64];
    int n = snprintf(line, sizeof line, "%s %s\n", name, path);
    int fd = syscall(SYS_openat, AT_FDCWD, told, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (fd >= 0) {
        syscall(SYS_write, fd, line, n);
        syscall(SYS_close, fd);
    }
}

static int is_due(char kind, const char *name, const char *path) {
    if (!armed || !strchr(kinds, kind) || !below(path)) return 0;
    if (__sync_sub_and_fetch(&left, 1) != 0) return 0;
    tell(name, path);
    return 1;
}

static int fails(void) {
    if (!error) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    errno = error;
    return -1;
}

static const char *absolute(int folder, const char *path, char *held) {
    char at[64], base[PATH_MAX];
    if (path[0] == '/') return path;
    if (folder == AT_FDCWD) {
        if (syscall(SYS_getcwd, base, sizeof base) < 0) return path;
    } else {
        snprintf(at, sizeof at, "/proc/self/fd/%d", folder);
        ssize_t n = syscall(SYS_readlink, at, base, sizeof base - 1);
        if (n < 0) return path;
        base[n] = 0;
    }
    snprintf(held, 2 * PATH_MAX, "%s/%s", base, path);
    return held;
}

static int fd_is_due(char kind, const char *name, int fd) {
    char at[64], path[PATH_MAX];
    if (!armed) return 0;
    int saved = errno;
    snprintf(at, sizeof at, "/proc/self/fd/%d", fd);
    ssize_t n = syscall(SYS_readlink, at, path, sizeof path - 1);
    errno = saved;
    if (n < 0) return 0;
    path[n] = 0;
    return is_due(kind, name, path);
}

static int path_is_due(char kind, const char *name, int folder, const char *path) {
    char held[2 * PATH_MAX];
    return armed && path && is_due(kind, name, absolute(folder, path, held));
}

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))
#define MODE(flags, last) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { \
        va_list list; \
        va_start(list, last); \
        mode = va_arg(list, mode_t); \
        va_end(list); \
    }
#ifndef __O_TMPFILE
#define __O_TMPFILE 020000000
#endif

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        MODE(flags, flags) \
        if (path_is_due('o', "open", AT_FDCWD, path)) return fails(); \
        return syscall(SYS_openat, AT_FDCWD, path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        MODE(flags, flags) \
        if (path_is_due('o', "open", folder, path)) return fails(); \
        return syscall(SYS_openat, folder, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)

int creat(const char *path, mode_t mode) {
    if (path_is_due('o', "open", AT_FDCWD, path)) return fails();
    return syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

#define FOPEN(name) \
    FILE *name(const char *path, const char *mode) { \
        if (path_is_due('o', "open", AT_FDCWD, path)) { \
            fails(); \
            return NULL; \
        } \
        return REAL(name)(path, mode); \
    }
FOPEN(fopen)
FOPEN(fopen64)

ssize_t write(int fd, const void *content, size_t size) {
    if (fd_is_due('w', "write", fd)) {
        if (!error || size > 1) syscall(SYS_write, fd, content, size / 2);
        return fails();
    }
    return syscall(SYS_write, fd, content, size);
}

#define PWRITE(name) \
    ssize_t name(int fd, const void *content, size_t size, off64_t at) { \
        if (fd_is_due('w', "write", fd)) return fails(); \
        return syscall(SYS_pwrite64, fd, content, size, at); \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (fd_is_due('w', "write", fd)) return fails();
    return syscall(SYS_writev, fd, parts, count);
}

#define SENDFILE(name) \
    ssize_t name(int to, int from, off64_t *at, size_t size) { \
        if (fd_is_due('w', "write", to)) return fails(); \
        return syscall(SYS_sendfile, to, from, at, size); \
    }
SENDFILE(sendfile)
SENDFILE(sendfile64)

ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *place, size_t size, unsigned flags) {
    if (fd_is_due('w', "write", to)) return fails();
    return syscall(SYS_copy_file_range, from, at, to, place, size, flags);
}

ssize_t read(int fd, void *content, size_t size) {
    if (fd_is_due('d', "read", fd)) return fails();
    return syscall(SYS_read, fd, content, size);
}

#define PREAD(name) \
    ssize_t name(int fd, void *content, size_t size, off64_t at) { \
        if (fd_is_due('d', "read", fd)) return fails(); \
        return syscall(SYS_pread64, fd, content, size, at); \
    }
PREAD(pread)
PREAD(pread64)

int fsync(int fd) {
    if (fd_is_due('s', "fsync", fd)) return fails();
    return syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
    if (fd_is_due('s', "fsync", fd)) return fails();
    return syscall(SYS_fdatasync, fd);
}

int rename(const char *old, const char *new) {
    if (path_is_due('r', "rename", AT_FDCWD, new)) return fails();
    return syscall(SYS_renameat, AT_FDCWD, old, AT_FDCWD, new);
}

int renameat(int a, const char *old, int b, const char *new) {
    if (path_is_due('r', "rename", b, new)) return fails();
    return syscall(SYS_renameat, a, old, b, new);
}

int renameat2(int a, const char *old, int b, const char *new, unsigned flags) {
    if (path_is_due('r', "rename", b, new)) return fails();
    return syscall(SYS_renameat2, a, old, b, new, flags);
}

int link(const char *old, const char *new) {
    if (path_is_due('r', "link", AT_FDCWD, new)) return fails();
    return syscall(SYS_linkat, AT_FDCWD, old, AT_FDCWD, new, 0);
}

int mkdir(const char *path, mode_t mode) {
    if (path_is_due('m', "mkdir", AT_FDCWD, path)) return fails();
    return syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int unlink(const char *path) {
    if (path_is_due('m', "unlink", AT_FDCWD, path)) return fails();
    return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int unlinkat(int folder, const char *path, int flags) {
    if (path_is_due('m', "unlink", folder, path)) return fails();
    return syscall(SYS_unlinkat, folder, path, flags);
}

int rmdir(const char *path) {
    if (path_is_due('m', "rmdir", AT_FDCWD, path)) return fails();
    return syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}
