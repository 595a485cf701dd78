"""The one door of untrusted text onto a page: escaping, and prose read by a parser and written anew; pure."""
