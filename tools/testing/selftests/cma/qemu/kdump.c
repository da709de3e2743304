// SPDX-License-Identifier: GPL-2.0
/*
 * kdump KERNEL INITRD APPEND - load a kernel that is to run when this one crashes
 */

#include <fcntl.h>
#include <linux/kexec.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int kernel, initrd;

	if (argc != 4) {
		fprintf(stderr, "usage: kdump KERNEL INITRD APPEND\n");
		return 2;
	}

	kernel = open(argv[1], O_RDONLY);
	initrd = open(argv[2], O_RDONLY);
	if (kernel < 0 || initrd < 0 ||
	    syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[3]) + 1, argv[3],
		    KEXEC_FILE_ON_CRASH)) {
		perror("kdump");
		return 1;
	}
	return 0;
}
