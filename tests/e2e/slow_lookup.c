/*
 * Preloaded into a program: a name server that does not answer. Looking up slow.test takes 30 s;
 * other names are looked up as usual.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#define SECONDS 30

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
	struct addrinfo **result)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (name && strcmp(name, "slow.test") == 0) {
		sleep(SECONDS);
		return EAI_AGAIN;
	}
	return real(name, service, hints, result);
}
