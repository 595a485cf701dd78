"""The only way of untrusted text onto a page: escaping, and parsing of prose with a safe rewrite. Pure."""
