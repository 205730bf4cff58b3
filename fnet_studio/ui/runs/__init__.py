"""The Runs page: the list, and everything that can be seen of one run or of several."""
