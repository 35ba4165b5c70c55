"""Foreign things, a folder each: the port that Segue asks for, a fake, and the real ones. The first floor with I/O."""
