"""The branch of reports and messages to people."""
