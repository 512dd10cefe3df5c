#include "admin/exit_status.h"

static const enum exit_status statuses[ERR_CODES] = {
	[ERR_FORBIDDEN] = EXIT_REFUSED,
	[ERR_STORAGE_QUOTA] = EXIT_REFUSED,
	[ERR_NOT_FOUND] = EXIT_NOT_FOUND,
	[ERR_CONFLICT] = EXIT_REFUSED,
	[ERR_LEASE_LOST] = EXIT_REFUSED,
	[ERR_TOO_DEEP] = EXIT_REFUSED,
	[ERR_GONE] = EXIT_NOT_FOUND,
	[ERR_PRECONDITION] = EXIT_REFUSED,
	[ERR_QUOTA] = EXIT_REFUSED,
	[ERR_BUSY] = EXIT_BUSY,
	[ERR_DISK_FULL] = EXIT_REFUSED,
};

enum exit_status exit_status_of(enum err_code code)
{
	if (code == ERR_NONE)
		return EXIT_DONE;
	return statuses[code] == EXIT_DONE ? EXIT_FAILED : statuses[code];
}

enum err_code exit_status_error(int status)
{
	switch (status) {
	case EXIT_DONE:
		return ERR_NONE;
	case EXIT_NOT_FOUND:
		return ERR_NOT_FOUND;
	case EXIT_REFUSED:
		return ERR_CONFLICT;
	case EXIT_BUSY:
		return ERR_BUSY;
	default:
		return ERR_INTERNAL;
	}
}
