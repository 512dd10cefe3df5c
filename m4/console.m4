# POLYTASK_CONSOLE
# --with-console, --without-console. Sets CONSOLE, which tells data/console/files.sh where the console's files come
# from, and console_summary:
#     build     node and npm build them
#     built     they are in the source tree, as in a release, and cannot be built
#     missing   neither
#     no        --without-console
AC_DEFUN([POLYTASK_CONSOLE], [
	AC_ARG_WITH([console],
		[AS_HELP_STRING([--without-console], [leave out the web page at /console/, which npm builds])],
		[], [with_console=auto])
	AC_ARG_VAR([NODE], [Node.js, at least 18])
	AC_ARG_VAR([NPM], [npm])
	AS_IF([test "$with_console" != no], [
		AC_CHECK_PROGS([NODE], [node nodejs], [no])
		AC_CHECK_PROGS([NPM], [npm], [no])
		polytask_lacks=
		AS_IF([test "$NODE" = no], [polytask_lacks='node was not found'],
			[! "$NODE" -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' 2>/dev/null],
			[polytask_lacks='node is older than version 18'],
			[test "$NPM" = no], [polytask_lacks='npm was not found'])
	])
	AS_IF([test "$with_console" = no], [CONSOLE=no console_summary='no (--without-console)'],
		[test -z "$polytask_lacks"], [CONSOLE=build console_summary='yes, built by npm'],
		[test -f "$srcdir/data/console/dist/index.html"],
		[CONSOLE=built console_summary="yes, as it is in the source tree ($polytask_lacks)"],
		[test "$with_console" = auto],
		[CONSOLE=missing console_summary="no: $polytask_lacks (Debian: nodejs, npm)"],
		[AC_MSG_ERROR([the console cannot be built: $polytask_lacks (Debian: nodejs, npm)])])
	AC_SUBST([CONSOLE])
])
