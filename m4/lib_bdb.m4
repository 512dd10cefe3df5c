# POLYTASK_LIB_BDB
# Berkeley DB has no .pc file. Sets BDB_LIBS and bdb_version. Fails if it is missing, or if header and
# library are of different releases.
AC_DEFUN([POLYTASK_LIB_BDB], [
	AC_CHECK_HEADER([db.h], [], [AC_MSG_ERROR([db.h not found (Debian: libdb5.3-dev)])])
	polytask_save_LIBS=$LIBS
	LIBS=
	AC_SEARCH_LIBS([db_env_create], [db-5.3 db], [],
		[AC_MSG_ERROR([Berkeley DB not found (Debian: libdb5.3-dev)])], [-lpthread])
	BDB_LIBS=$LIBS
	AC_MSG_CHECKING([Berkeley DB's version])
	AC_RUN_IFELSE([AC_LANG_PROGRAM([[#include <db.h>
#include <stdio.h>]], [[
	int major, minor;
	FILE *out = fopen("conftest.out", "w");
	db_version(&major, &minor, NULL);
	if (!out || major != DB_VERSION_MAJOR || minor != DB_VERSION_MINOR || major < 5)
		return 1;
	fprintf(out, "%d.%d.%d\n", DB_VERSION_MAJOR, DB_VERSION_MINOR, DB_VERSION_PATCH);
	return fclose(out);]])],
		[bdb_version=$(cat conftest.out)],
		[AC_MSG_ERROR([db.h and libdb differ, or are older than 5.0])],
		[bdb_version=unchecked])
	AC_MSG_RESULT([$bdb_version])
	LIBS=$polytask_save_LIBS
	AC_SUBST([BDB_LIBS])
])
