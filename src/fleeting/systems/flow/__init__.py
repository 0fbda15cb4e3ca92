"""Systems that measure optical flow, one file each."""
