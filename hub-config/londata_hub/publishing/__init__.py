"""Publishing insights: checks in a sandbox, labels, releases, and keeping what was published honest."""
