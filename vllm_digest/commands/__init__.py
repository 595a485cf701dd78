"""What the commands do, a module each; imported when a command begins, for a quick `--help`."""
