"""From the stored reports to what Jekyll builds: start page, months, trends, search, feeds."""
