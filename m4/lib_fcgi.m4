# POLYTASK_LIB_FCGI
# Sets FCGI_CFLAGS, FCGI_LIBS and fcgi_version. src/serve/fcgi.c sets members of FCGX_Request that its header
# declares private, so only releases that the suite was run with are accepted.
AC_DEFUN([POLYTASK_LIB_FCGI], [
	PKG_CHECK_MODULES([FCGI], [fcgi >= 2.4.2 fcgi < 2.5])
	fcgi_version=$($PKG_CONFIG --modversion fcgi)
	polytask_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS $FCGI_CFLAGS"
	AC_CHECK_MEMBERS([FCGX_Request.ipcFd, FCGX_Request.keepConnection,
		FCGX_Request.isBeginProcessed, FCGX_Request.paramsPtr], [],
		[AC_MSG_ERROR([this libfcgi's FCGX_Request is not the one that was tested])],
		[[#include <fcgiapp.h>]])
	CFLAGS=$polytask_save_CFLAGS
	AC_CHECK_DECL([FCGI_FAIL_ACCEPT_ON_INTR], [], [AC_MSG_ERROR([fcgiapp.h is too old])],
		[[#include <fcgiapp.h>]])
])
