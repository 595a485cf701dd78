"""One reader of bodies and comments: code, quotes, logs, environment dumps, excerpts; pure."""
