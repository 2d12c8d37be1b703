// A memory barrier in all threads of the process at once, asked for by one of them (membarrier(2)): what it
// costs falls to who asks, and the others need none where they would have needed one each time.
#pragma once

namespace gilvm {

// Has the kernel it? Asked once; has to be asked before membarrier() is called.
bool has_membarrier();
// Every other running thread passes a full barrier before this returns, and so does the caller.
void membarrier();

}  // namespace gilvm
