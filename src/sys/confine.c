#include "sys/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

/* In 1/1000 of all memory: a child is killed before a supervisor that uses up to 10 % more. */
#define CHILD_OOM_SCORE 100
#define OOM_SCORE_MAX	1000

/* Each kind of child has inherited the supervisor's filter. CLIENT: of the server of a store. */
enum level {
	SUPERVISOR = 1,
	CHILD = 2,
	NOTIFIER = 4,
	CLIENT = 8,
	WORKING = CHILD | CLIENT,
	CHILDREN = WORKING | NOTIFIER
};

/*
 * A list of forbidden calls, not of allowed ones: a new version of a library may make other calls
 * for the same work.
 */
static const struct {
	int call;
	int levels;
} forbidden[] = {
	/* execution of programs, and io_uring, which bypasses this filter */
	{ SCMP_SYS(execve), SUPERVISOR },
	{ SCMP_SYS(execveat), SUPERVISOR },
	{ SCMP_SYS(io_uring_setup), SUPERVISOR },
	/* memory and descriptors of other processes */
	{ SCMP_SYS(process_vm_readv), SUPERVISOR },
	{ SCMP_SYS(process_vm_writev), SUPERVISOR },
	{ SCMP_SYS(process_madvise), SUPERVISOR },
	{ SCMP_SYS(process_mrelease), SUPERVISOR },
	{ SCMP_SYS(migrate_pages), SUPERVISOR },
	{ SCMP_SYS(move_pages), SUPERVISOR },
	{ SCMP_SYS(pidfd_getfd), SUPERVISOR },
	{ SCMP_SYS(kcmp), SUPERVISOR },
	{ SCMP_SYS(perf_event_open), SUPERVISOR },
	/* change of user, more capabilities */
	{ SCMP_SYS(setuid), SUPERVISOR },
	{ SCMP_SYS(setgid), SUPERVISOR },
	{ SCMP_SYS(setreuid), SUPERVISOR },
	{ SCMP_SYS(setregid), SUPERVISOR },
	{ SCMP_SYS(setresuid), SUPERVISOR },
	{ SCMP_SYS(setresgid), SUPERVISOR },
	{ SCMP_SYS(setfsuid), SUPERVISOR },
	{ SCMP_SYS(setfsgid), SUPERVISOR },
	{ SCMP_SYS(setgroups), SUPERVISOR },
	{ SCMP_SYS(capset), SUPERVISOR },
	/* namespaces, mounts, files by handle */
	{ SCMP_SYS(unshare), SUPERVISOR },
	{ SCMP_SYS(setns), SUPERVISOR },
	{ SCMP_SYS(mount), SUPERVISOR },
	{ SCMP_SYS(umount2), SUPERVISOR },
	{ SCMP_SYS(move_mount), SUPERVISOR },
	{ SCMP_SYS(mount_setattr), SUPERVISOR },
	{ SCMP_SYS(open_tree), SUPERVISOR },
	{ SCMP_SYS(fsopen), SUPERVISOR },
	{ SCMP_SYS(fspick), SUPERVISOR },
	{ SCMP_SYS(fsmount), SUPERVISOR },
	{ SCMP_SYS(fsconfig), SUPERVISOR },
	{ SCMP_SYS(pivot_root), SUPERVISOR },
	{ SCMP_SYS(chroot), SUPERVISOR },
	{ SCMP_SYS(name_to_handle_at), SUPERVISOR },
	{ SCMP_SYS(open_by_handle_at), SUPERVISOR },
	{ SCMP_SYS(fanotify_init), SUPERVISOR },
	{ SCMP_SYS(quotactl), SUPERVISOR },
	{ SCMP_SYS(quotactl_fd), SUPERVISOR },
	{ SCMP_SYS(swapon), SUPERVISOR },
	{ SCMP_SYS(swapoff), SUPERVISOR },
	{ SCMP_SYS(acct), SUPERVISOR },
	/* keys of the kernel */
	{ SCMP_SYS(add_key), SUPERVISOR },
	{ SCMP_SYS(request_key), SUPERVISOR },
	{ SCMP_SYS(keyctl), SUPERVISOR },
	/* kernel code, and rarely used parts of the kernel, where most of its bugs are found */
	{ SCMP_SYS(bpf), SUPERVISOR },
	{ SCMP_SYS(userfaultfd), SUPERVISOR },
	{ SCMP_SYS(init_module), SUPERVISOR },
	{ SCMP_SYS(finit_module), SUPERVISOR },
	{ SCMP_SYS(delete_module), SUPERVISOR },
	{ SCMP_SYS(kexec_load), SUPERVISOR },
	{ SCMP_SYS(kexec_file_load), SUPERVISOR },
	{ SCMP_SYS(personality), SUPERVISOR },
	{ SCMP_SYS(modify_ldt), SUPERVISOR },
	{ SCMP_SYS(ioperm), SUPERVISOR },
	{ SCMP_SYS(iopl), SUPERVISOR },
	{ SCMP_SYS(vhangup), SUPERVISOR },
	{ SCMP_SYS(syslog), SUPERVISOR },
	/* host name, clock, reboot */
	{ SCMP_SYS(sethostname), SUPERVISOR },
	{ SCMP_SYS(setdomainname), SUPERVISOR },
	{ SCMP_SYS(settimeofday), SUPERVISOR },
	{ SCMP_SYS(clock_settime), SUPERVISOR },
	{ SCMP_SYS(clock_adjtime), SUPERVISOR },
	{ SCMP_SYS(adjtimex), SUPERVISOR },
	{ SCMP_SYS(reboot), SUPERVISOR },
	/*
	 * New sockets; accept(2) on inherited ones is allowed, but the notifier has none. It
	 * connects to receivers and name servers, and libcurl makes socketpairs to wake itself up.
	 * A client connects to the server of a store, by libpq. add_argument_rules() has what their
	 * sockets may be.
	 */
	{ SCMP_SYS(socket), CHILD },
	{ SCMP_SYS(socketpair), WORKING },
	{ SCMP_SYS(connect), CHILD },
	{ SCMP_SYS(bind), CHILDREN },
	{ SCMP_SYS(listen), CHILDREN },
	{ SCMP_SYS(accept), NOTIFIER },
	{ SCMP_SYS(accept4), NOTIFIER },
	/* signals to other processes; abort(3) uses tgkill */
	{ SCMP_SYS(kill), CHILDREN },
	{ SCMP_SYS(tkill), CHILDREN },
	{ SCMP_SYS(pidfd_open), CHILDREN },
	{ SCMP_SYS(pidfd_send_signal), CHILDREN },
	{ SCMP_SYS(rt_sigqueueinfo), CHILDREN },
	{ SCMP_SYS(rt_tgsigqueueinfo), CHILDREN },
	/* modes and owners of files */
	{ SCMP_SYS(chown), CHILDREN },
	{ SCMP_SYS(fchown), CHILDREN },
	{ SCMP_SYS(lchown), CHILDREN },
	{ SCMP_SYS(fchownat), CHILDREN },
	{ SCMP_SYS(mknod), CHILDREN },
	{ SCMP_SYS(mknodat), CHILDREN },
	/* new sessions */
	{ SCMP_SYS(setsid), CHILDREN },
	{ SCMP_SYS(setpgid), CHILDREN },
#ifndef POLYTASK_SANITIZED
	/* process creation and ptrace; LeakSanitizer needs both */
	{ SCMP_SYS(ptrace), SUPERVISOR },
	{ SCMP_SYS(fork), CHILDREN },
	{ SCMP_SYS(vfork), CHILDREN },
	{ SCMP_SYS(clone), WORKING }, /* of the notifier: see add_thread_rules() */
	{ SCMP_SYS(clone3), WORKING },
#endif
};

#define FORBIDDEN (sizeof(forbidden) / sizeof(forbidden[0]))

void confine_memory(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		log_warn("confine", "core dumps cannot be disabled");
#ifndef POLYTASK_SANITIZED
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

/* A user other than root may have capabilities, too. */
static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct had[_LINUX_CAPABILITY_U32S_3];
	struct __user_cap_data_struct kept[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (syscall(SYS_capget, &header, had) != 0) {
		log_warn("confine", "capabilities cannot be dropped: %s", strerror(errno));
		return;
	}
	if (geteuid() == 0)
		kept[0].permitted = kept[0].effective = had[0].permitted & 1U << CAP_DAC_OVERRIDE;
	/* Only if something changes: the systemd unit forbids capset(2). */
	if (memcmp(had, kept, sizeof(had)) != 0 && syscall(SYS_capset, &header, kept) != 0)
		log_warn("confine", "capabilities cannot be dropped: %s", strerror(errno));
}

static bool is_allowed(int family, unsigned sockets)
{
	if (family == AF_UNIX)
		return sockets & CONFINE_LOCAL;
	return (family == AF_INET || family == AF_INET6) && (sockets & CONFINE_HOSTS);
}

/* A socket of AF_UNIX could reach the control socket of the service, so it needs a reason. */
static int add_socket_rules(scmp_filter_ctx filter, unsigned sockets)
{
	uint32_t deny = SCMP_ACT_ERRNO(EPERM);
	int rc = 0;

	for (int family = AF_UNSPEC; family <= AF_INET6 && rc == 0; family++) {
		if (!is_allowed(family, sockets))
			rc = seccomp_rule_add(filter, deny, SCMP_SYS(socket), 1,
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family, 0));
	}
	if (rc == 0)
		rc = seccomp_rule_add(filter, deny, SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_GT, (scmp_datum_t)AF_INET6, 0));
	return rc;
}

/*
 * libcurl looks up names in threads. The filter cannot read the flags of clone3, so that the C
 * library must use clone, as on a kernel without the former.
 */
static int add_thread_rules(scmp_filter_ctx filter)
{
#ifdef POLYTASK_SANITIZED
	(void)filter;
	return 0;
#else
	int rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	return rc;
#endif
}

/* Calls that are forbidden with certain arguments. */
static int add_argument_rules(scmp_filter_ctx filter, enum level level, unsigned sockets)
{
	uint32_t deny = SCMP_ACT_ERRNO(EPERM);
	/*
	 * TIOCSTI puts text into a terminal's input, where the shell that started us would read
	 * it. The kernel ignores the upper 32 bits of the request.
	 */
	static const scmp_datum_t tty_ioctls[] = { TIOCSTI, TIOCLINUX };
	int rc = 0;

	/* abort(3) must work. */
	if (level & CHILDREN)
		rc = seccomp_rule_add(filter, deny, SCMP_SYS(tgkill), 1,
			SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid(), 0));
	if ((level & (NOTIFIER | CLIENT)) && rc == 0)
		rc = add_socket_rules(filter, sockets);
	if (level == NOTIFIER && rc == 0)
		rc = add_thread_rules(filter);
	for (size_t i = 0;
		level == SUPERVISOR && i < sizeof(tty_ioctls) / sizeof(tty_ioctls[0]) && rc == 0;
		i++)
		rc = seccomp_rule_add(filter, deny, SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, tty_ioctls[i]));
	return rc;
}

static int add_rules(scmp_filter_ctx filter, enum level level, unsigned sockets)
{
	uint32_t deny = SCMP_ACT_ERRNO(EPERM);
	int rc = 0;

	for (size_t i = 0; i < FORBIDDEN && rc == 0; i++) {
		if (forbidden[i].levels & (int)level)
			rc = seccomp_rule_add(filter, deny, forbidden[i].call, 0);
	}
	return rc == 0 ? add_argument_rules(filter, level, sockets) : rc;
}

/* Returns 0 or an errno. */
static int load_filter(enum level level, unsigned sockets)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int rc;

	if (!filter)
		return ENOMEM;
	/*
	 * Calls by another architecture's numbers fail too: the list would not match them. The
	 * filter is a tree: a list of this length would be walked at every call.
	 */
	rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));
	if (rc == 0)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (rc == 0)
		rc = add_rules(filter, level, sockets);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return -rc;
}

void confine_supervisor(void)
{
	int error;

	confine_memory();
	drop_capabilities();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		log_warn("confine", "no_new_privs cannot be set: %s", strerror(errno));
	error = load_filter(SUPERVISOR, CONFINE_NO_SOCKETS);
	if (error != 0)
		log_warn("confine", "system calls are not filtered: %s", strerror(error));
}

/* Root owns the /proc files of a process that is not dumpable, so be dumpable while writing. */
static void raise_oom_score(void)
{
	char text[16] = "";
	int fd, score;

	prctl(PR_SET_DUMPABLE, 1);
	fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	if (read(fd, text, sizeof(text) - 1) > 0) {
		score = (int)strtol(text, NULL, 10) + CHILD_OOM_SCORE;
		snprintf(text, sizeof(text), "%d", score < OOM_SCORE_MAX ? score : OOM_SCORE_MAX);
		if (pwrite(fd, text, strlen(text), 0) < 0)
			log_debug("confine", "the kernel takes no preference when memory is short");
	}
	close(fd);
}

void confine_child(enum confine_kind kind, unsigned sockets)
{
	enum level level = sockets ? CLIENT : CHILD;

	if (kind == CONFINE_NOTIFIER) {
		level = NOTIFIER;
		sockets |= CONFINE_HOSTS;
	}
	raise_oom_score();
	confine_memory();
	/* If this fails, the supervisor has logged the reason. */
	load_filter(level, sockets);
}
