# POLYTASK_FUZZING
# --enable-fuzzing: builds tests/fuzz/ with clang's libFuzzer (CC=clang) and the sanitizers.
AC_DEFUN([POLYTASK_FUZZING], [
	AC_ARG_ENABLE([fuzzing],
		[AS_HELP_STRING([--enable-fuzzing], [build the fuzz targets; needs CC=clang])],
		[], [enable_fuzzing=no])
	AS_IF([test "$enable_fuzzing" = yes], [
		AX_CHECK_COMPILE_FLAG([-fsanitize=fuzzer-no-link], [],
			[AC_MSG_ERROR([the compiler has no libFuzzer: configure with CC=clang])])
		SANITIZER_CFLAGS="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"
		enable_sanitizer=address,undefined
	])
	AM_CONDITIONAL([FUZZING], [test "$enable_fuzzing" = yes])
])
