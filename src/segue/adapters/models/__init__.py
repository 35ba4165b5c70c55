"""Model files: which are pinned, where they lie, how they get there, and the threads they run on."""
