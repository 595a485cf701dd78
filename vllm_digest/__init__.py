"""A window of a repository's issues and pull requests, as a report page whose every fact is fetched."""

__version__ = "0.1.0"
