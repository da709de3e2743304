# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2100,SC2154 # shared with those who source it
# The start of each script here, after $here is set: the project's library, and what
# differs from one ARCH to the next.

if [ ! -f "$here/../../../../../scripts/lib.sh" ]; then
	echo "$0: run this from the project's repository, which has the trees to build" >&2
	exit 1
fi
# shellcheck source=../../../../../scripts/lib.sh
. "$here/../../../../../scripts/lib.sh"

ARCH=${ARCH:-x86_64}
case $ARCH in
x86_64)
	triplet=x86_64-linux-gnu
	image=vmlinux
	objects=800
	debian=amd64
	qemu=qemu-system-x86_64:qemu-system-x86
	# Without ACPI there is no clock but that of the processor, which the kernel would not
	# trust, and no power to switch off, but triple faults end in -no-reboot.
	machine=(-machine "microvm,acpi=off" -cpu max)
	boot="tsc=reliable reboot=t"
	console=ttyS0,115200
	earlycon=uart8250,io,0x3f8,115200
	;;
arm64)
	triplet=aarch64-linux-gnu
	image=arch/arm64/boot/Image
	objects=1400
	debian=arm64
	qemu=qemu-system-aarch64:qemu-system-arm
	machine=(-machine virt -cpu cortex-a57)
	boot=
	console=ttyAMA0
	earlycon=
	;;
arm)
	triplet=arm-linux-gnueabihf
	image=arch/arm/boot/zImage
	objects=1200
	debian=armhf
	qemu=qemu-system-arm:qemu-system-arm
	machine=(-machine "virt,highmem=off" -cpu cortex-a15)
	boot=
	console=ttyAMA0
	earlycon=
	;;
um)
	triplet=x86_64-linux-gnu
	image=linux
	objects=700
	debian=amd64
	qemu=
	machine=()
	boot=
	console=
	earlycon=
	;;
*)
	die "ARCH=\"$ARCH\" is not known; use one of: x86_64 arm64 arm um"
	;;
esac

case $(uname -m) in
x86_64) host=x86_64 ;;
aarch64) host=arm64 ;;
*) host=other ;;
esac
if [ "$host" = "$ARCH" ] || [ "$host-$ARCH" = x86_64-um ]; then
	cross=
	cross_gcc=gcc
	cross_libc=
else
	cross=$triplet-
	cross_gcc=gcc-${triplet/_/-}
	cross_libc=/usr/$triplet/lib/libc.a:libc6-dev-$debian-cross
fi
