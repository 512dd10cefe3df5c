/* The program is only linked: see Makefile.inc. */
int main(void)
{
	return 0;
}
