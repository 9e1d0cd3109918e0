/* A library to preload: counts the calls of a process that change files below a folder, and at the n-th one kills the
 * process before or after the call, fails this call with EIO, or fails it and all later ones that need room with ENOSPC.
 *
 * fault_arm(folder, n, action) begins to count; action is 'b' (kill before), 'a' (kill after), 'e' (EIO), 'f' (full).
 * n = 0 only counts. fault_disarm() ends it and returns the count.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char folder[PATH_MAX];
static size_t length;
static long target;
static char action;
static atomic_long count;

void fault_arm(const char *path, long n, char what) {
    strncpy(folder, path, sizeof folder - 1);
    target = n, action = what, count = 0;
    length = strlen(folder);
}

long fault_disarm(void) {
    length = 0;
    return count;
}

static int below(const char *path) { return length && path && strncmp(path, folder, length) == 0; }

static int below_fd(int fd) {
    char link[64], path[PATH_MAX];
    if (!length) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t got = readlink(link, path, sizeof path - 1);
    if (got < 0) return 0;
    path[got] = 0;
    return below(path);
}

static int below_at(int fd, const char *path) {
    return length && ((path && path[0] == '/') || fd == AT_FDCWD ? below(path) : below_fd(fd));
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Before a call: 0 to make it, -1 (with errno) to fail; `*last` says whether to die after it. */
static int struck(int concerned, int needs_room, int *last) {
    *last = 0;
    if (!concerned) return 0;
    long n = atomic_fetch_add(&count, 1) + 1;
    if (target && action == 'f' && n >= target && needs_room) return errno = ENOSPC, -1;
    if (n != target) return 0;
    if (action == 'b') die();
    if (action == 'e') return errno = EIO, -1;
    *last = action == 'a';
    return 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define MAKE(type, failed, concerned, needs_room, call)              \
    int last;                                                        \
    if (struck(concerned, needs_room, &last)) return failed;         \
    type made = call;                                                \
    if (last) die();                                                 \
    return made;

#define WRITES(flags) ((flags) & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC))
#define MODE va_list more; va_start(more, flags); mode_t mode = (flags & O_CREAT) ? va_arg(more, mode_t) : 0; va_end(more);

int open(const char *path, int flags, ...) { MODE MAKE(int, -1, WRITES(flags) && below(path), flags & O_CREAT, REAL(open)(path, flags, mode)) }
int open64(const char *path, int flags, ...) { MODE MAKE(int, -1, WRITES(flags) && below(path), flags & O_CREAT, REAL(open64)(path, flags, mode)) }
int openat(int at, const char *path, int flags, ...) { MODE MAKE(int, -1, WRITES(flags) && below_at(at, path), flags & O_CREAT, REAL(openat)(at, path, flags, mode)) }
int openat64(int at, const char *path, int flags, ...) { MODE MAKE(int, -1, WRITES(flags) && below_at(at, path), flags & O_CREAT, REAL(openat64)(at, path, flags, mode)) }
FILE *fopen(const char *path, const char *how) { MAKE(FILE *, NULL, strpbrk(how, "wa+") && below(path), 1, REAL(fopen)(path, how)) }
FILE *fopen64(const char *path, const char *how) { MAKE(FILE *, NULL, strpbrk(how, "wa+") && below(path), 1, REAL(fopen64)(path, how)) }
ssize_t write(int fd, const void *from, size_t n) { MAKE(ssize_t, -1, below_fd(fd), 1, REAL(write)(fd, from, n)) }
ssize_t pwrite(int fd, const void *from, size_t n, off_t at) { MAKE(ssize_t, -1, below_fd(fd), 1, REAL(pwrite)(fd, from, n, at)) }
ssize_t pwrite64(int fd, const void *from, size_t n, off64_t at) { MAKE(ssize_t, -1, below_fd(fd), 1, REAL(pwrite64)(fd, from, n, at)) }
ssize_t writev(int fd, const struct iovec *from, int n) { MAKE(ssize_t, -1, below_fd(fd), 1, REAL(writev)(fd, from, n)) }
int ftruncate(int fd, off_t size) { MAKE(int, -1, below_fd(fd), 0, REAL(ftruncate)(fd, size)) }
int ftruncate64(int fd, off64_t size) { MAKE(int, -1, below_fd(fd), 0, REAL(ftruncate64)(fd, size)) }
int fsync(int fd) { MAKE(int, -1, below_fd(fd), 1, REAL(fsync)(fd)) }
int fdatasync(int fd) { MAKE(int, -1, below_fd(fd), 1, REAL(fdatasync)(fd)) }
int rename(const char *from, const char *to) { MAKE(int, -1, below(to), 0, REAL(rename)(from, to)) }
int renameat(int a, const char *from, int b, const char *to) { MAKE(int, -1, below_at(b, to), 0, REAL(renameat)(a, from, b, to)) }
int unlink(const char *path) { MAKE(int, -1, below(path), 0, REAL(unlink)(path)) }
int unlinkat(int at, const char *path, int flags) { MAKE(int, -1, below_at(at, path), 0, REAL(unlinkat)(at, path, flags)) }
int mkdir(const char *path, mode_t mode) { MAKE(int, -1, below(path), 1, REAL(mkdir)(path, mode)) }
int mkdirat(int at, const char *path, mode_t mode) { MAKE(int, -1, below_at(at, path), 1, REAL(mkdirat)(at, path, mode)) }
int rmdir(const char *path) { MAKE(int, -1, below(path), 0, REAL(rmdir)(path)) }
int link(const char *from, const char *to) { MAKE(int, -1, below(to), 1, REAL(link)(from, to)) }
int symlink(const char *from, const char *to) { MAKE(int, -1, below(to), 1, REAL(symlink)(from, to)) }
