"""Where threads come from. Each source has a package of its own; nothing else knows its library."""
