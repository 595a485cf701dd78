"""Read bodies and comments: code, quotes, logs, environment dumps, excerpts. Pure."""
