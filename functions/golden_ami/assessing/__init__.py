"""From the start of the scans to their stored findings; which scanner is asked, `scanners` knows."""
