# POLYTASK_SANITIZER
# --enable-sanitizer[=list]: address,undefined by default. Sets SANITIZER_CFLAGS and enable_sanitizer;
# POLYTASK_SANITIZED is defined for the code.
AC_DEFUN([POLYTASK_SANITIZER], [
	AC_ARG_ENABLE([sanitizer],
		[AS_HELP_STRING([--enable-sanitizer@<:@=LIST@:>@],
			[build with sanitizers @<:@address,undefined@:>@])],
		[], [enable_sanitizer=no])
	AS_IF([test "$enable_sanitizer" = yes], [enable_sanitizer=address,undefined])
	AS_IF([test "$enable_sanitizer" != no], [
		SANITIZER_CFLAGS="-fsanitize=$enable_sanitizer -fno-sanitize-recover=all -fno-omit-frame-pointer -DPOLYTASK_SANITIZED"
		AX_CHECK_LINK_FLAG([$SANITIZER_CFLAGS], [],
			[AC_MSG_ERROR([the compiler has no sanitizer $enable_sanitizer])])
	])
	AC_SUBST([SANITIZER_CFLAGS])
])
