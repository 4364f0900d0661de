package spawn

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pidOffset is where siginfo_t keeps si_pid for SIGCHLD on 64-bit Linux: after
// three ints and the padding that aligns the union.
const pidOffset = 16

// siginfoPID reads the process id that waitid filled in; 0 if there was none.
func siginfoPID(found *unix.Siginfo) int {
	bytes := siginfoBytes(found)
	return int(int32(binary.NativeEndian.Uint32(bytes[pidOffset:])))
}

func siginfoBytes(found *unix.Siginfo) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(found)), unsafe.Sizeof(*found))
}
